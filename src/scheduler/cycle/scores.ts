/** PreScore, Score and the choice of the best node. */
import type { CycleState } from '../framework/cycle-state.ts'
import { timedPoint } from '../framework/durations.ts'
import { MAXIMUM_NODE_SCORE, type Verdict } from '../framework/plugin.ts'
import type { Profile } from '../framework/profile.ts'
import { failed, type Status } from '../framework/status.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { Like } from './feasible.ts'

export interface ScoreContext {
  readonly profile: Profile
  readonly cycle: CycleState
  readonly pod: PodInfo
  /** What is known for pods like this one. */
  readonly like?: Like
}

/** Weighted sums in the order of `nodes`, good until the next call; or why there are none. */
export function scoresOf(context: ScoreContext, nodes: readonly NodeInfo[]): Float64Array | Status {
  const { cycle } = context
  const status = timedPoint(cycle, 'PreScore', () => runPreScore(context, nodes))
  return status ?? timedPoint(cycle, 'Score', () => runScore(context, nodes))
}

function runPreScore({ profile, cycle, pod }: ScoreContext, nodes: readonly NodeInfo[]): Verdict {
  for (const plugin of profile.points.preScore) {
    const status = plugin.preScore(cycle, pod, nodes)
    if (status?.code === 'Skip') cycle.skippedScores.add(plugin.name)
    else if (status) return status
  }
  return undefined
}

function runScore(context: ScoreContext, nodes: readonly NodeInfo[]): Float64Array | Status {
  const { profile, cycle, pod, like } = context
  const count = nodes.length
  const sums = scratch(0, count)
  if (like) {
    const invalid = fillIn(context, like, nodes)
    if (invalid) return invalid
    const known = like.known.sums
    for (let i = 0; i < count; i++) sums[i] = known[(nodes[i] as NodeInfo).position] as number
  } else sums.fill(0)
  const scores = scratch(1, count)
  for (const plugin of profile.points.score) {
    if (cycle.skippedScores.has(plugin.name) || like?.summed.includes(plugin)) continue
    const kept = like ? like.scorers.indexOf(plugin) : -1
    const known = kept < 0 ? undefined : like?.known.scores[kept]
    for (let i = 0; i < count; i++) {
      const node = nodes[i] as NodeInfo
      scores[i] = known ? (known[node.position] as number) : plugin.score(cycle, pod, node)
    }
    plugin.normalize?.(cycle, pod, scores, nodes)
    const weight = profile.weights.get(plugin.name) ?? 1
    for (let i = 0; i < count; i++) {
      const score = scores[i] as number
      if (!isValid(score)) return invalidScore(plugin.name, score)
      sums[i] = (sums[i] as number) + weight * score
    }
  }
  return sums
}

/** Space for scores that is used again for every pod: nothing of it outlives the choice of a node. */
const buffers: Float64Array[] = [new Float64Array(512), new Float64Array(512)]

function scratch(index: 0 | 1, length: number): Float64Array {
  let buffer = buffers[index] as Float64Array
  if (buffer.length < length) {
    buffer = new Float64Array(2 * length)
    buffers[index] = buffer
  }
  return buffer.subarray(0, length)
}

/** Asks for the scores of nodes that are not known yet. */
function fillIn(
  { profile, cycle, pod }: ScoreContext,
  { known, scorers, summed }: Like,
  nodes: readonly NodeInfo[],
): Verdict {
  const { skippedScores } = cycle
  const asked = [...scorers, ...summed].filter(({ name }) => !skippedScores.has(name))
  known.scoredBy(asked.map(({ name }) => name).join())
  for (const node of nodes) {
    const { position } = node
    if (known.isScored(position)) continue
    for (const [i, plugin] of scorers.entries()) {
      const scores = known.scores[i]
      if (scores && !skippedScores.has(plugin.name))
        scores[position] = plugin.score(cycle, pod, node)
    }
    let sum = 0
    for (const plugin of summed) {
      if (skippedScores.has(plugin.name)) continue
      const score = plugin.score(cycle, pod, node)
      if (!isValid(score)) return invalidScore(plugin.name, score)
      sum += (profile.weights.get(plugin.name) ?? 1) * score
    }
    known.sums[position] = sum
    known.markScored(position)
  }
  return undefined
}

export const isValid = (score: number): boolean => score >= 0 && score <= MAXIMUM_NODE_SCORE

export function invalidScore(plugin: string, score: number): Status {
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
