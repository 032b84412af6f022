import type { Revision } from '../store.ts'

/**
 * What the main thread and the writer say to each other. Requests are answered in order.
 * Few large things instead of many small ones, because cloning each of those between threads is slow.
 */
export interface WriteBatch {
  readonly type: 'write'
  /**
   * Grows with each failure that the main thread has heard of. Whatever the writer gets of an epoch in which something failed was judged on
   * top of that, and fails with it.
   */
  readonly epoch: number
  /** Another batch of the same turn follows, and belongs into the same transaction; it may be empty. */
  readonly isFollowed: boolean
  /** Its transaction ends with it, whatever else is there: the main thread makes the next while this one is written. */
  readonly isLast: boolean
  /** The newest revision that there is, this batch's included. */
  readonly revision: Revision
  /** Set when something of history leaves the file with this batch: the oldest revision that can be read of it from then on. */
  readonly compacted: Revision | undefined
  /**
   * Changes to add, `ROW_NUMBERS` for each: id, negative where it begins a pack, create revision, time in ms, length of the key in UTF-16
   * units, and of the value in bytes, -1 for a key that was deleted. A pack ends where the next begins, or with a batch that is not followed. Then rows of
   * `kept` to remove, `FORGOTTEN_NUMBERS` for each: revision and length of the key; then packs to remove, `LEAVING_NUMBERS` for each: id, and a bit for each
   * of its changes that has to be kept.
   */
  readonly numbers: Float64Array
  readonly rows: number
  readonly forgotten: number
  readonly leaving: number
  /** All keys one after the other, those of rows to remove last. */
  readonly keys: string
  /** All values one after the other. */
  readonly bytes: Uint8Array
}

/** A batch whose values have not been brought together yet. */
export interface LooseBatch extends Omit<WriteBatch, 'numbers' | 'bytes'> {
  readonly numbers: readonly number[]
  readonly values: readonly Uint8Array[]
  /** Of all values, in bytes. */
  readonly size: number
}

export const ROW_NUMBERS = 5
/** Among them. */
export const KEY_LENGTH = 3
export const FORGOTTEN_NUMBERS = 2
export const LEAVING_NUMBERS = 2

export type WriterRequest = WriteBatch | { readonly type: 'tidy' } | { readonly type: 'close' }

/** How many batches were written before it, modulo 2^32, goes with an answer that comes as a message. */
export type WriterMessage = WriterReply & { readonly written: number }

/** `message` is set when the requests failed and left nothing behind. */
export interface WriterReply {
  /** So many requests are done, the oldest first; those of one reply shared a transaction. */
  readonly count: number
  readonly message?: string
}

/** A change's id is its revision times this, plus its place in the commit: ids grow in the order of history. */
export const IDS_PER_REVISION = 1024

/** Beyond it, ids would no longer be exact numbers in JavaScript. */
export const MAX_REVISION = Math.floor(Number.MAX_SAFE_INTEGER / IDS_PER_REVISION)
