/** Which node to free, of all that could be freed. */
import type { NodeVictims } from '../framework/extender.ts'
import { startMsOf } from './default-preemption-victims.ts'

/** Above any priority, so that more victims of negative priority never count as less. */
const PRIORITY_OFFSET = 2 ** 31

/** Upstream's order of what counts: of each, the smallest wins, and only ties come to the next. */
const costs: readonly ((victims: NodeVictims) => number)[] = [
  ({ budgetViolations }) => budgetViolations,
  ({ pods }) => pods[0]?.priority ?? 0,
  ({ pods }) => pods.reduce((sum, { priority }) => sum + priority + PRIORITY_OFFSET, 0),
  ({ pods }) => pods.length,
  victims => -startOfHighest(victims),
]

/** The name of the node whose freeing hurts least; the first where several are alike. */
export function leastHurt(candidates: ReadonlyMap<string, NodeVictims>): string | undefined {
  let names = [...candidates.keys()]
  for (const cost of costs) {
    if (names.length <= 1) break
    const priced = names.map(name => [name, cost(candidates.get(name) as NodeVictims)] as const)
    const lowest = Math.min(...priced.map(([, price]) => price))
    names = priced.flatMap(([name, price]) => (price === lowest ? [name] : []))
  }
  return names[0]
}

/** When the first of the most important victims was started: the later, the less work is lost. */
function startOfHighest({ pods }: NodeVictims): number {
  const [highest] = pods
  const starts = pods.filter(({ priority }) => priority === highest?.priority).map(startMsOf)
  return Math.min(...starts)
}
