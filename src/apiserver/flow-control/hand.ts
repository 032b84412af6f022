/**
 * Shuffle sharding: the few queues in which the requests of a flow may wait. Two flows seldom have the same ones, so that a flow that
 * fills its own leaves most others a queue to wait in.
 */
import { createHash } from 'node:crypto'

/** As many different queues of `queues` as the hand holds; always the same for a flow. */
export function handOf(flow: string, queues: number, handSize: number): number[] {
  // Six cards of 128 queues, the most that is usual, take 42 bits.
  let entropy = createHash('sha256').update(flow).digest().readUIntBE(0, 6)
  const hand: number[] = []
  for (let dealt = 0; dealt < Math.min(handSize, queues); dealt++) {
    const left = queues - dealt
    let card = entropy % left
    entropy = Math.floor(entropy / left)
    // The card counts those that are left: each that was dealt before it moves it on.
    for (const taken of [...hand].sort((a, b) => a - b)) if (taken <= card) card++
    hand.push(card)
  }
  return hand
}
