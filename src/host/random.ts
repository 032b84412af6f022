import { randomFillSync, randomInt, randomUUID } from 'node:crypto'
import type { Random } from '#base/random.ts'

/** Drawn beforehand, as a call costs more than the bytes of a hundred. */
const pool = new Uint8Array(4096)
let used = pool.length

/** The machine's cryptographic randomness. */
export const systemRandom: Random = {
  uuid: () => randomUUID(),
  bytes(length) {
    if (length > pool.length) return randomFillSync(new Uint8Array(length))
    if (used + length > pool.length) {
      randomFillSync(pool)
      used = 0
    }
    const drawn = pool.slice(used, used + length)
    // Nobody who sees this memory later learns what was drawn.
    pool.fill(0, used, used + length)
    used += length
    return drawn
  },
  integer: bound => randomInt(bound),
}
