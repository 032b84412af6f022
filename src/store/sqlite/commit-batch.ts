import type { Commit } from '../history.ts'
import type { CommitResult } from '../store.ts'
import type { Removal } from './forgotten-history.ts'
import type { PlacedPack } from './placed-pack.ts'

/** A commit (or an answer that depends on one) that is not durable yet. */
export interface Ticket {
  readonly result: CommitResult
  readonly commit: Commit | undefined
  readonly bytes: number
  resolve(result: CommitResult): void
  reject(error: Error): void
}

export interface Batch {
  readonly tickets: readonly Ticket[]
  readonly removal: Removal | undefined
  readonly bytes: number
  /** The writer is told that more follows, and may wait for it. */
  readonly isFollowed: boolean
  /** Those that begin with it, once it is on its way. */
  packs: readonly PlacedPack[]
  /** Its tickets were refused already, because of a batch before it. */
  isFailed: boolean
}

/** Nothing of it has to go to the disk: it only waited for what was before it. */
export function isAnswered({ tickets, removal }: Batch): boolean {
  return !removal && tickets.every(({ commit }) => commit === undefined)
}
