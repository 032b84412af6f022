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
/** How many numbers say what the freeing of one node costs. */
export const COSTS: number = costs.length

export function costsOf(victims: NodeVictims): number[] {
  return costs.map(cost => cost(victims))
}

/** The name of the node whose freeing hurts least; the first where several are alike. */
export function leastHurt(candidates: ReadonlyMap<string, NodeVictims>): string | undefined {
  const names = [...candidates.keys()]
  const table = [...candidates.values()].flatMap(costsOf)
  return names[leastRow(table, [...names.keys()]) ?? -1]
}

/** Of the named rows of a table of costs, the first of the least. */
export function leastRow(table: ArrayLike<number>, rows: readonly number[]): number | undefined {
  let [best] = rows
  for (const row of rows) if (best !== undefined && isLess(table, row, best)) best = row
  return best
}

function isLess(table: ArrayLike<number>, row: number, other: number): boolean {
  for (let i = 0; i < COSTS; i++) {
    const a = table[row * COSTS + i] ?? 0
    const b = table[other * COSTS + i] ?? 0
    if (a !== b) return a < b
  }
  return false
}

/** When the first of the most important victims was started: the later, the less work is lost. */
function startOfHighest({ pods }: NodeVictims): number {
  const [highest] = pods
  const starts = pods.filter(({ priority }) => priority === highest?.priority).map(startMsOf)
  return Math.min(...starts)
}
