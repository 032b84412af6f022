import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import type { Random } from '#base/random.ts'

/** The machine's cryptographic randomness. */
export const systemRandom: Random = {
  uuid: () => randomUUID(),
  bytes: length => randomBytes(length),
  integer: bound => randomInt(bound),
}
