import type { Revision } from '../store.ts'

/**
 * What the main thread and the writer say to each other. Requests are answered in order.
 * Columns instead of objects, because cloning many small objects between threads is slow.
 */
export interface WriteBatch {
  readonly type: 'write'
  /**
   * Grows with each failure that the main thread has heard of. Whatever the writer gets of an epoch in which something failed was judged on
   * top of that, and fails with it.
   */
  readonly epoch: number
  /** The newest revision that there is, this batch's included. */
  readonly revision: Revision
  /** Set when history up to here is gone with this batch. */
  readonly compacted: Revision | undefined
  /** Rows to add. */
  readonly ids: readonly number[]
  readonly keys: readonly string[]
  readonly createRevisions: readonly Revision[]
  readonly timesMs: readonly number[]
  /**
   * All values one after the other, and the length of each, -1 for a key that was deleted. One buffer, which is handed over and not
   * copied again: many small ones would each be cloned, and stay with the thread until it collects its garbage.
   */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly lengths: readonly number[]
  /** Rows to forget: the revision and key of each. */
  readonly forgottenRevisions: readonly Revision[]
  readonly forgottenKeys: readonly string[]
}

export type WriterRequest = WriteBatch | { readonly type: 'tidy' } | { readonly type: 'close' }

/** `message` is set when the requests failed and left nothing behind. */
export interface WriterReply {
  /** So many requests are done, the oldest first; those of one reply shared a transaction. */
  readonly count: number
  readonly message?: string
}

/** A row's id is its revision times this, plus its place in the commit: ids grow in the order of history. */
export const IDS_PER_REVISION = 1024
