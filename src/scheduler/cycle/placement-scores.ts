/** Which of the sets of nodes that take enough of a group is the best for it. */
import type { GroupPlacement } from '../framework/plugin.ts'
import type { Profile } from '../framework/profile.ts'
import type { Status } from '../framework/status.ts'
import { invalidScore, isValid } from './scores.ts'

/** Weighted sums in the order of `placements`, or why there are none. */
export function placementScores(
  { points, placementWeights }: Profile,
  placements: readonly GroupPlacement[],
): Float64Array | Status {
  const sums = new Float64Array(placements.length)
  for (const plugin of points.placementScore) {
    const scores = Float64Array.from(placements, each => plugin.scorePlacement(each))
    plugin.normalizePlacements?.(scores)
    const weight = placementWeights.get(plugin.name) ?? 1
    for (const [i, score] of scores.entries()) {
      if (!isValid(score)) return invalidScore(plugin.name, score)
      sums[i] = (sums[i] ?? 0) + weight * score
    }
  }
  return sums
}
