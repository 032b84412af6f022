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

/** The same victims are weighed for every pod alike that looks for room. */
const known = new WeakMap<NodeVictims, readonly number[]>()

function costsOf(victims: NodeVictims): readonly number[] {
  const before = known.get(victims)
  if (before) return before
  const own = costs.map(cost => cost(victims))
  known.set(victims, own)
  return own
}

/** The name of the node whose freeing hurts least; the first where several are alike. */
export function leastHurt(candidates: ReadonlyMap<string, NodeVictims>): string | undefined {
  let best: { readonly name: string; readonly costs: readonly number[] } | undefined
  for (const [name, victims] of candidates) {
    const own = costsOf(victims)
    if (!best || isLess(own, best.costs)) best = { name, costs: own }
  }
  return best?.name
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (const [i, cost] of a.entries()) {
    const other = b[i] ?? 0
    if (cost !== other) return cost < other
  }
  return false
}

/** When the first of the most important victims was started: the later, the less work is lost. */
function startOfHighest({ pods }: NodeVictims): number {
  const [highest] = pods
  const starts = pods.filter(({ priority }) => priority === highest?.priority).map(startMsOf)
  return Math.min(...starts)
}
