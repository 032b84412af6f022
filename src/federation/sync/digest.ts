/** A short digest of what is applied, by which a change of the wish is told from a change in the cluster. */
import { createHash } from 'node:crypto'

export const digestOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
