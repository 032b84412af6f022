import { keyOf } from '../mvcc.ts'
import type { Entry, Revision, StoreEvent } from '../store.ts'

/** A state to which a store can be brought back. Kept alive by whoever holds it, and by nothing else. */
export interface StoreSnapshot {
  /** The newest revision that it shows. */
  readonly revision: Revision
}

/** A key that differs between now and a snapshot. */
export interface Difference {
  readonly key: string
  readonly now: Entry | undefined
  readonly then: Entry | undefined
}

/** What each key held at the beginning of a stretch of time, of the keys that changed within. */
interface Stretch {
  readonly before: Map<string, Entry | undefined>
  next: Stretch | undefined
}

class Snapshot implements StoreSnapshot {
  readonly revision: Revision
  readonly owner: Snapshots
  /** What changed since, in this stretch and those that follow it. */
  stretch: Stretch

  constructor(revision: Revision, owner: Snapshots, stretch: Stretch) {
    this.revision = revision
    this.owner = owner
    this.stretch = stretch
  }
}

/**
 * Snapshots of a state as the way back to them: taking one costs nothing, and each keeps the entries that changed since,
 * once. Everything else is shared with the present, which knows nothing of them. Time is cut into stretches at
 * the snapshots; a snapshot is undone by its own stretch and those after it. Only snapshots hold stretches, so that
 * what nobody can go back to is garbage, and noted no longer.
 */
export class Snapshots {
  #newest: WeakRef<Stretch> | undefined

  take(revision: Revision): StoreSnapshot {
    const newest = this.#newest?.deref()
    const stretch = newest?.before.size === 0 ? newest : this.#begin(newest)
    return new Snapshot(revision, this, stretch)
  }

  /** Notes what a commit changed; to be called for every commit. */
  note(events: readonly StoreEvent[]): void {
    const before = this.#newest?.deref()?.before
    if (!before) return
    for (const event of events) {
      const key = keyOf(event)
      if (!before.has(key)) before.set(key, event.previous)
    }
  }

  /** In the order in which the keys first changed. */
  differences(
    snapshot: StoreSnapshot,
    read: (key: string) => Entry | undefined,
  ): readonly Difference[] {
    const found = new Map<string, Difference>()
    let stretch: Stretch | undefined = this.#own(snapshot).stretch
    for (; stretch; stretch = stretch.next)
      for (const [key, then] of stretch.before)
        if (!found.has(key)) found.set(key, { key, then, now: read(key) })
    return [...found.values()].filter(({ now, then }) => !isSameValue(now, then))
  }

  /** Every entry as it was, of `present`, those of now. */
  *entries(snapshot: StoreSnapshot, present: Iterable<Entry>): Generator<Entry> {
    const then = new Map<string, Entry | undefined>()
    let stretch: Stretch | undefined = this.#own(snapshot).stretch
    for (; stretch; stretch = stretch.next)
      for (const [key, entry] of stretch.before) if (!then.has(key)) then.set(key, entry)
    for (const entry of present) if (!then.has(entry.key)) yield entry
    for (const entry of then.values()) if (entry) yield entry
  }

  /** To be called when the present equals the snapshot, which from then on is as cheap as a new one. */
  rebase(snapshot: StoreSnapshot): void {
    this.#own(snapshot).stretch = this.#begin(this.#newest?.deref())
  }

  #begin(newest: Stretch | undefined): Stretch {
    const stretch: Stretch = { before: new Map(), next: undefined }
    if (newest) newest.next = stretch
    this.#newest = new WeakRef(stretch)
    return stretch
  }

  #own(snapshot: StoreSnapshot): Snapshot {
    if (snapshot instanceof Snapshot && snapshot.owner === this) return snapshot
    throw new TypeError('this snapshot was not taken of this store')
  }
}

/** Values that came back from a snapshot are the very same buffers, so looking at their bytes is rare. */
function isSameValue(one: Entry | undefined, other: Entry | undefined): boolean {
  if (one?.value === other?.value) return true
  if (!one || !other || one.value.length !== other.value.length) return false
  return one.value.every((byte, at) => byte === other.value[at])
}
