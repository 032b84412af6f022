/** PreScore, Score and the choice of the best node. */
import type { CycleState } from '../framework/cycle-state.ts'
import { MAXIMUM_NODE_SCORE } from '../framework/plugin.ts'
import type { Profile, Taking } from '../framework/profile.ts'
import { failed, type Status } from '../framework/status.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { LikePods } from './like-pods.ts'

export interface ScoreContext {
  readonly profile: Profile
  readonly cycle: CycleState
  readonly pod: PodInfo
  /** What is known for pods like this one, and the plugins whose scores it keeps, in the order in which it keeps them. */
  readonly like?: { readonly known: LikePods; readonly scorers: readonly Taking<'score'>[] }
}

/** Weighted sums in the order of `nodes`, or why there are none. */
export function scoresOf(context: ScoreContext, nodes: readonly NodeInfo[]): Float64Array | Status {
  const { profile, cycle, pod, like } = context
  for (const plugin of profile.points.preScore) {
    const status = plugin.preScore(cycle, pod, nodes)
    if (status?.code === 'Skip') cycle.skippedScores.add(plugin.name)
    else if (status) return status
  }
  if (like) fillIn(context, like, nodes)
  const sums = new Float64Array(nodes.length)
  for (const plugin of profile.points.score) {
    if (cycle.skippedScores.has(plugin.name)) continue
    const kept = like ? like.scorers.indexOf(plugin) : -1
    const known = kept < 0 ? undefined : like?.known.scores[kept]
    const scores = new Float64Array(nodes.length)
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]
      if (node) scores[i] = known ? (known[node.position] ?? 0) : plugin.score(cycle, pod, node)
    }
    plugin.normalize?.(cycle, pod, scores, nodes)
    const weight = profile.weights.get(plugin.name) ?? 1
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i] ?? 0
      if (!(score >= 0 && score <= MAXIMUM_NODE_SCORE)) return invalidScore(plugin.name, score)
      sums[i] = (sums[i] ?? 0) + weight * score
    }
  }
  return sums
}

/** Asks for the scores of nodes that are not known yet. */
function fillIn(
  { cycle, pod }: ScoreContext,
  { known, scorers }: NonNullable<ScoreContext['like']>,
  nodes: readonly NodeInfo[],
): void {
  for (const node of nodes) {
    const { position } = node
    if (known.isScored(position)) continue
    for (const [i, plugin] of scorers.entries()) {
      const scores = known.scores[i]
      if (scores && !cycle.skippedScores.has(plugin.name))
        scores[position] = plugin.score(cycle, pod, node)
    }
    known.markScored(position)
  }
}

function invalidScore(plugin: string, score: number): Status {
  const range = `[0, ${MAXIMUM_NODE_SCORE}]`
  return failed(
    plugin,
    `plugin "${plugin}" returns an invalid score ${score}, it should in the range of ${range} after normalizing`,
  )
}

export function isStatus(value: Float64Array | Status): value is Status {
  return !(value instanceof Float64Array)
}

/** The place of the highest sum; among equals, `choose` gives a whole number below their number. */
export function bestOf(sums: Float64Array, choose: (bound: number) => number): number {
  let highest = Number.NEGATIVE_INFINITY
  let equals = 0
  for (let i = 0; i < sums.length; i++) {
    const sum = sums[i] ?? 0
    if (sum > highest) {
      highest = sum
      equals = 1
    } else if (sum === highest) equals++
  }
  let wanted = equals > 1 ? choose(equals) : 0
  for (let i = 0; i < sums.length; i++) if (sums[i] === highest && wanted-- === 0) return i
  return 0
}
