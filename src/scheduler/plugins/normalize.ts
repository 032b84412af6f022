/** Ways to bring raw scores into 0 to 100, in upstream's whole numbers. */
import { MAXIMUM_NODE_SCORE } from '../framework/plugin.ts'

/** The highest gets 100 and the others their share; `reversed` where less is better. */
export function normalizeToHighest(scores: Float64Array, reversed = false): void {
  let highest = 0
  for (const score of scores) if (score > highest) highest = score
  if (highest === 0) {
    scores.fill(reversed ? MAXIMUM_NODE_SCORE : 0)
    return
  }
  for (let i = 0; i < scores.length; i++) {
    const share = Math.trunc((MAXIMUM_NODE_SCORE * (scores[i] ?? 0)) / highest)
    scores[i] = reversed ? MAXIMUM_NODE_SCORE - share : share
  }
}
