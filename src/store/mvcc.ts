import type { ColdEntries } from './cold-entries.ts'
import { type Commit, History, type HistoryLimits } from './history.ts'
import { endOfPrefix, SortedEntries } from './sorted-entries.ts'
import {
  type Change,
  CompactedError,
  type Entry,
  FutureRevisionError,
  type ListOptions,
  type ListResult,
  type Revision,
  type StoreEvent,
} from './store.ts'

/** What a commit would do: events at its revision, or the first conflict. Nothing has changed yet. */
export type Evaluation =
  | {
      readonly ok: true
      readonly entries: readonly (Entry | null)[]
      readonly events: readonly StoreEvent[]
    }
  | { readonly ok: false; readonly key: string; readonly current: Entry | undefined }

/** More belongs in several commits: one commit is one message, one row id range and one watch batch. */
export const MAX_CHANGES_PER_COMMIT = 1000

/** Well above the API's 3 MiB body limit; a value beyond it is a bug of the caller. */
export const MAX_VALUE_BYTES = 8 * 1024 * 1024

/** Keys are registry paths of a few hundred characters at most. */
export const MAX_KEY_LENGTH = 4096

/**
 * The state of a store at its newest revision and the way back from it. Pure: no time, no I/O. Past
 * revisions are read by undoing the events above them, so the present costs nothing extra.
 */
export class Mvcc {
  /** All entries, or only those that changed since a large file was loaded. */
  readonly #byKey = new Map<string, Entry>()
  /** Whether only `#sorted` knows all entries. */
  #isPartial = false
  /** Made by the first list: while a store is being loaded, sorting once is faster than placing each key. */
  #sorted: SortedEntries | undefined
  readonly #history = new History()
  #revision: Revision
  #compactedRevision: Revision

  /** Begins empty at `revision`; what came before it is unknown, as after a compaction. */
  constructor(revision: Revision = 0) {
    this.#revision = revision
    this.#compactedRevision = revision
  }

  get revision(): Revision {
    return this.#revision
  }

  get compactedRevision(): Revision {
    return this.#compactedRevision
  }

  get(key: string): Entry | undefined {
    return this.#byKey.get(key) ?? (this.#isPartial ? this.#sorted?.get(key) : undefined)
  }

  /** Entries under a prefix, now or as of an older revision. */
  list(prefix: string, options: ListOptions = {}): ListResult {
    const { limit = 0, revision = this.#revision } = options
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision)
    if (revision < this.#compactedRevision) throw new CompactedError(this.#compactedRevision)
    // A start below the prefix must not widen what is read: it may come from a client's continue token.
    const start = options.start !== undefined && options.start > prefix ? options.start : prefix
    const end = endOfPrefix(prefix)
    this.#sorted ??= SortedEntries.of(this.#byKey)
    const total = this.#sorted.count(start, end)
    if (revision === this.#revision) {
      const entries = this.#sorted.slice(start, end, limit)
      return { revision, entries, remaining: total - entries.length }
    }
    return this.#listPast(this.#sorted, total, { start, end, limit, revision })
  }

  #listPast(
    sorted: SortedEntries,
    presentTotal: number,
    range: { start: string; end: string | undefined; limit: number; revision: Revision },
  ): ListResult {
    const { start, end, limit, revision } = range
    const then = new Map<string, Entry | undefined>()
    for (const { events } of this.#history.after(revision)) {
      for (const event of events) {
        const key = keyOf(event)
        // The first change above the revision knows what the key held at it.
        if (key < start || (end !== undefined && key >= end) || then.has(key)) continue
        then.set(key, event.previous)
      }
    }
    let total = presentTotal
    for (const [key, entry] of then) {
      total += (entry === undefined ? 0 : 1) - (this.get(key) ? 1 : 0)
    }
    const revived = [...then.values()].filter(entry => entry !== undefined).sort(byKey)
    // Of the first limit + changed present entries, at least `limit` did not change since.
    const present = sorted.slice(start, end, limit === 0 ? 0 : limit + then.size)
    const unchanged = present.filter(entry => !then.has(entry.key))
    const entries = mergeByKey(unchanged, revived)
    if (limit > 0 && entries.length > limit) entries.length = limit
    return { revision, entries, remaining: total - entries.length }
  }

  /** Takes a commit in; its revision must be above all before it. */
  apply(commit: Commit): void {
    this.advance(commit.revision)
    const { events } = commit
    for (let i = 0; i < events.length; i++) this.#applyEvent(events[i] as StoreEvent)
    this.#history.push(commit)
  }

  /** Puts an entry that is older than the history window, while a store is being loaded. */
  restore(entry: Entry): void {
    this.#byKey.set(entry.key, entry)
    this.#sorted?.put(entry)
  }

  /** The same for a key that was deleted before history begins. */
  restoreDelete(key: string): void {
    this.#byKey.delete(key)
    this.#sorted?.delete(key)
  }

  /** Takes in, while a store is being loaded, what is neither in the history window nor restored by itself. */
  restoreCold(cold: ColdEntries): void {
    this.#isPartial = true
    this.#sorted = SortedEntries.ofCold({
      ...cold,
      keys: [...cold.keys, ...this.#byKey.keys()],
      rows: [...cold.rows, ...this.#byKey.values()],
    })
  }

  /** Moves the revision on without a change. */
  advance(revision: Revision): void {
    if (revision <= this.#revision) {
      throw new Error(`revision ${revision} does not follow ${this.#revision}`)
    }
    this.#revision = revision
  }

  #applyEvent(event: StoreEvent): void {
    if (event.type === 'put') this.restore(event.entry)
    else this.restoreDelete(event.key)
  }

  /** The commits above `after` that touch the prefix, each cut down to it. Throws CompactedError. */
  eventsAfter(prefix: string, after: Revision): (readonly StoreEvent[])[] {
    if (after < this.#compactedRevision) throw new CompactedError(this.#compactedRevision)
    const found: (readonly StoreEvent[])[] = []
    for (const { events } of this.#history.after(after)) {
      const matching = matchingEvents(events, prefix)
      if (matching.length > 0) found.push(matching)
    }
    return found
  }

  /** Forgets history up to `revision` and hands back what was dropped, oldest first. */
  compact(revision: Revision): readonly Commit[] {
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision)
    if (revision <= this.#compactedRevision) return []
    this.#compactedRevision = revision
    return this.#history.drop(revision)
  }

  /** Forgets what the limits no longer allow, one short step of it; see `History.excess`. */
  compactExcess(
    limits: HistoryLimits,
    nowMs: number | undefined,
    maxEvents: number,
  ): readonly Commit[] {
    const revision = this.#history.excess(limits, nowMs, maxEvents)
    return revision === undefined ? [] : this.compact(revision)
  }
}

/**
 * Judges a commit against `read`, the newest state that there is. Throws a RangeError for changes that no
 * state could take (too many, too large, one key twice). `made` may turn an entry into the engine's own kind of them.
 */
export function evaluate(
  changes: readonly Change[],
  revision: Revision,
  read: (key: string) => Entry | undefined,
  made: (entry: Entry) => Entry = Object.freeze,
): Evaluation {
  checkChanges(changes)
  const [only] = changes
  if (only && changes.length === 1) return evaluateOne(only, revision, read, made)
  const before: (Entry | undefined)[] = []
  for (const { key, expected } of changes) {
    const current = read(key)
    if (expected !== undefined && expected !== (current?.modRevision ?? 0)) {
      return { ok: false, key, current }
    }
    before.push(current)
  }
  const entries: (Entry | null)[] = []
  const events: StoreEvent[] = []
  for (let i = 0; i < changes.length; i++) {
    const event = eventOf(changes[i] as Change, revision, before[i], made)
    entries.push(event?.type === 'put' ? event.entry : null)
    if (event) events.push(event)
  }
  // History keeps them for long: the copy has room for no more than there is, where one that was pushed to has room for seventeen.
  return { ok: true, entries, events: Object.freeze(events.slice()) }
}

/** As nearly all commits are: the lists and loops for many cost as much as the judgement itself. */
function evaluateOne(
  change: Change,
  revision: Revision,
  read: (key: string) => Entry | undefined,
  made: (entry: Entry) => Entry,
): Evaluation {
  const { key, expected } = change
  const current = read(key)
  if (expected !== undefined && expected !== (current?.modRevision ?? 0)) {
    return { ok: false, key, current }
  }
  const event = eventOf(change, revision, current, made)
  if (!event) return { ok: true, entries: [null], events: NO_EVENTS }
  return {
    ok: true,
    entries: [event.type === 'put' ? event.entry : null],
    events: Object.freeze([event]),
  }
}

const NO_EVENTS: readonly StoreEvent[] = Object.freeze([])

/** Undefined where a key is to go that is not there. */
function eventOf(
  { key, value }: Change,
  revision: Revision,
  previous: Entry | undefined,
  made: (entry: Entry) => Entry,
): StoreEvent | undefined {
  if (value === null) {
    return previous && Object.freeze({ type: 'delete', revision, key, previous })
  }
  const createRevision = previous?.createRevision ?? revision
  const entry = made({ key, value: owned(value), createRevision, modRevision: revision })
  return Object.freeze({ type: 'put', revision, entry, previous })
}

export function keyOf(event: StoreEvent): string {
  return event.type === 'put' ? event.entry.key : event.key
}

export function matchingEvents(
  events: readonly StoreEvent[],
  prefix: string,
): readonly StoreEvent[] {
  if (events.length === 1) return keyOf(events[0] as StoreEvent).startsWith(prefix) ? events : []
  return events.filter(event => keyOf(event).startsWith(prefix))
}

/** Throws a RangeError for changes that no state could take (too many, too large, one key twice). */
export function checkChanges(changes: readonly Change[]): void {
  if (changes.length > MAX_CHANGES_PER_COMMIT) {
    throw new RangeError(
      `a commit may hold ${MAX_CHANGES_PER_COMMIT} changes, not ${changes.length}`,
    )
  }
  for (let i = 0; i < changes.length; i++) {
    const { key, value } = changes[i] as Change
    if (key.length === 0 || key.length > MAX_KEY_LENGTH) {
      throw new RangeError(`a key must have 1 to ${MAX_KEY_LENGTH} characters, not ${key.length}`)
    }
    if (value !== null && value.byteLength > MAX_VALUE_BYTES) {
      throw new RangeError(`the value of ${key} is larger than ${MAX_VALUE_BYTES} bytes`)
    }
  }
  if (changes.length > 1 && new Set(changes.map(({ key }) => key)).size < changes.length) {
    throw new RangeError('a commit may change each key only once')
  }
}

/**
 * A value that pins no larger buffer (Node's small Buffers share one). One that fills its buffer is kept as it is, so
 * that its writer knows it again by identity and need not decode it.
 */
export function owned(value: Uint8Array): Uint8Array {
  return value.byteLength === value.buffer.byteLength ? value : new Uint8Array(value)
}

function byKey(a: Entry, b: Entry): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}

/** Two lists that are sorted by key, and share none, as one. */
function mergeByKey(a: readonly Entry[], b: readonly Entry[]): Entry[] {
  if (b.length === 0) return [...a]
  const merged: Entry[] = []
  let next = 0
  for (const entry of a) {
    for (let other = b[next]; other && other.key < entry.key; other = b[++next]) merged.push(other)
    merged.push(entry)
  }
  for (; next < b.length; next++) merged.push(b[next] as Entry)
  return merged
}
