/** Judges a recorded history of the API: one sentence for each broken promise. `checkers.test.ts` proves that each can be found. */
import type { History } from './history.ts'
import { modelViolations } from './model.ts'
import { orderViolations } from './order.ts'
import { truthOf } from './truth.ts'
import { WatchJudge } from './watches.ts'

export type {
  Answer,
  Asked,
  Delivery,
  Held,
  History,
  Operation,
  Watch,
  WatchPart,
} from './history.ts'

export function violationsOf(history: History): string[] {
  const { truth, violations } = truthOf(history)
  const judge = new WatchJudge(truth)
  return [
    ...violations,
    ...modelViolations(history, truth),
    ...orderViolations(history, truth),
    ...history.watches.flatMap(watch => judge.violations(watch)),
  ]
}
