/**
 * Versioned keys: the one interface behind which `memory`, `sqlite` and `etcd` stand, and the promises
 * that every engine keeps (`store.suite.ts` tests them):
 *
 *  1. A revision is a whole number that grows by each commit and is never reused, also after a crash.
 *  2. Durable before visible: whatever `get`, `list` or a watch shows would survive a power cut.
 *  3. Commits are atomic and linearizable; `get` and `list` without a revision see every commit
 *     that was acknowledged before they were called.
 *  4. A watch is ordered, unique, reliable, atomic and resumable from any revision in the history window.
 *  5. A failed commit changes nothing, fails every commit that was evaluated on top of it, and was never visible.
 */

/** A position in the store's history. Revision 0 is before the first commit. */
export type Revision = number

/** One live key. Frozen; `value` must not be changed by whoever receives it. */
export interface Entry {
  readonly key: string
  /** May have to be read from a file first: then it can throw an UnreadableValueError. */
  readonly value: Uint8Array
  /** The value's length in bytes, where asking the value itself may be dear. */
  readonly size?: number
  /** The commit that created the key (again, after a delete). */
  readonly createRevision: Revision
  /** The commit that wrote this value. */
  readonly modRevision: Revision
}

/** One wanted change. All changes of a commit happen at one revision, or none does. */
export interface Change {
  readonly key: string
  /** The modRevision that the key must have, 0 for "must not exist", undefined for "whatever it is". */
  readonly expected?: Revision
  /** The new value, which belongs to the store from now on: do not change it. Null deletes the key. */
  readonly value: Uint8Array | null
  /**
   * The key may go by itself so long after this change, or some minutes later. Engines that cannot do that leave it to
   * whoever wrote the key to remove it.
   */
  readonly ttlMs?: number
}

/** What became of a commit. On a conflict nothing was changed. */
export type CommitResult =
  | { readonly ok: true; readonly revision: Revision; readonly entries: readonly (Entry | null)[] }
  | { readonly ok: false; readonly key: string; readonly current: Entry | undefined }

export interface ListOptions {
  /** Read as of this revision instead of now. Too old: CompactedError; not reached yet: FutureRevisionError. */
  readonly revision?: Revision
  /** At most so many entries; 0 or absent means all. */
  readonly limit?: number
  /** Begin at this key (inclusive) instead of at the prefix. */
  readonly start?: string
}

export interface ListResult {
  /** The revision that the list shows. */
  readonly revision: Revision
  /** In the order of their keys (by UTF-16 code unit; keys are ASCII in practice). */
  readonly entries: readonly Entry[]
  /** How many further entries the limit cut off. */
  readonly remaining: number
}

/** A change as a watch tells it. `previous` is what the key held before, if it existed. */
export type StoreEvent =
  | {
      readonly type: 'put'
      readonly revision: Revision
      readonly entry: Entry
      readonly previous: Entry | undefined
    }
  | {
      readonly type: 'delete'
      readonly revision: Revision
      readonly key: string
      readonly previous: Entry
    }

export interface WatchSink {
  /** All events of one revision that match the prefix, together; `progress` follows in the same turn. Must not throw. */
  events(events: readonly StoreEvent[]): void
  /** Everything up to this revision has been delivered. Engines call it at least after a batch of foreign commits. */
  progress?(revision: Revision): void
  /** The watch is over and will call nothing more; `error` says why unless the store was closed. */
  end(error?: Error): void
}

/** What a store that other servers write to, too, can be asked besides. */
export interface SharedStore {
  /**
   * A revision that holds every commit which any server acknowledged before this call; it is visible here once this
   * resolves. Rejects with a StoreUnavailableError.
   */
  readIndex(): Promise<Revision>
  /** Resolves where the store can be used now; rejects, with the reason for the log, where not. Asking often is cheap. */
  check(): Promise<void>
  /** Calls the listener each time that all keys here were compared with those of the store, every few minutes. */
  onCompared(listener: (comparison: Comparison) => void): void
}

/** Whether what is shown here is what the store holds. */
export interface Comparison {
  /** An `error` says nothing: the store could not be asked. */
  readonly status: 'success' | 'failure' | 'error'
  readonly revision?: Revision
  /** Keys that are there or here alone, or were written at other revisions; some of them, where they are many. */
  readonly differing: readonly string[]
}

export interface Store {
  /** Absent where this process alone writes to the store: then `revision` is the newest there is. */
  readonly shared?: SharedStore
  /** The newest revision that is visible. */
  readonly revision: Revision
  /** The oldest revision that can still be read or watched from. */
  readonly compactedRevision: Revision
  /** The newest visible entry of a key. */
  get(key: string): Promise<Entry | undefined>
  /**
   * The newest entry that a commit would be evaluated against, which may not be durable yet. For writers that
   * compute the next value; never to be shown to a client.
   */
  latest(key: string): Promise<Entry | undefined>
  list(prefix: string, options?: ListOptions): Promise<ListResult>
  /** Makes the values of entries ready that somebody is about to read, where one after the other would be slow. */
  readAhead?(entries: readonly Entry[]): void
  /** Resolves once the changes are durable and visible, or with the conflict that kept them out. */
  commit(changes: readonly Change[]): Promise<CommitResult>
  /**
   * Tells every change of keys under `prefix` with a revision above `after`. Throws CompactedError when the history
   * no longer reaches back so far. The returned function cancels; afterwards the sink is not called again.
   */
  watch(prefix: string, after: Revision, sink: WatchSink): () => void
  /** Whether writing the same value again would store it in another form than it has now; absent where there is one form. */
  isStale?(key: string, value: Uint8Array): boolean
  /** Forgets history up to `revision`; live entries stay. */
  compact(revision: Revision): Promise<void>
  /** Waits for what is in flight, ends all watches and releases files and threads. */
  close(): Promise<void>
}

/** The revision asked for is no longer in the history window (HTTP 410). */
export class CompactedError extends Error {
  override readonly name = 'CompactedError'
  readonly compactedRevision: Revision
  constructor(compactedRevision: Revision) {
    super(`required revision has been compacted; the oldest available is ${compactedRevision}`)
    this.compactedRevision = compactedRevision
  }
}

/** The revision asked for does not exist yet (HTTP 504). */
export class FutureRevisionError extends Error {
  override readonly name = 'FutureRevisionError'
  readonly currentRevision: Revision
  constructor(asked: Revision, currentRevision: Revision) {
    super(`revision ${asked} is in the future; the newest is ${currentRevision}`)
    this.currentRevision = currentRevision
  }
}

/** What a failed commit ran into, where whoever asked for it may want to know; `Unsealed` where a value could not be encrypted. */
export type CommitFailure = 'TooLarge' | 'NoSpace' | 'Unavailable' | 'Unsealed' | 'Unknown'

/**
 * The commit could not be made durable (disk full, I/O error, store closed). Nothing of it was visible; that of a store which
 * did not answer may become so later.
 */
export class CommitFailedError extends Error {
  override readonly name = 'CommitFailedError'
  readonly failure: CommitFailure
  constructor(message: string, failure: CommitFailure = 'Unknown') {
    super(message)
    this.failure = failure
  }
}

/** The store cannot be reached now, so nobody knows what is the newest (HTTP 503). Asking later may help. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'
}

/** A value that the store holds cannot be read back: the disk fails or is damaged, or a key is not here (HTTP 500). */
export class UnreadableValueError extends Error {
  override readonly name = 'UnreadableValueError'
  /** Resolves when it is worth to try once more; undefined where that would change nothing. */
  readonly retry: Promise<void> | undefined
  constructor(message: string, retry?: Promise<void>) {
    super(message)
    this.retry = retry
  }
}

/** The store was closed; nothing can be read or watched any more. */
export class StoreClosedError extends Error {
  override readonly name = 'StoreClosedError'
  constructor() {
    super('the store is closed')
  }
}
