import type { Entry, Revision, StoreEvent } from './store.ts'

/** One commit as history keeps it. */
export interface Commit {
  readonly revision: Revision
  /** When it happened, by a clock that never jumps, for compaction by age. */
  readonly timeMs: number
  /**
   * What changed, in the order of the changes; never empty. Frozen, for which V8 makes objects at each step of a `for…of`: who looks at each
   * commit that there is counts instead.
   */
  readonly events: readonly StoreEvent[]
}

/** Of the values that the commit writes. */
export function bytesWritten({ events }: Commit): number {
  let bytes = 0
  for (let i = 0; i < events.length; i++) {
    const event = events[i] as StoreEvent
    if (event.type === 'put') bytes += event.entry.value.byteLength
  }
  return bytes
}

/** How much history is kept. Whatever is beyond any of the limits is forgotten. */
export interface HistoryLimits {
  readonly ageMs: number
  /** Changes, counted over all commits. */
  readonly events: number
  /** Bytes of values that only history still holds. */
  readonly bytes: number
}

export const defaultHistoryLimits: HistoryLimits = {
  /** Upstream's etcd compaction interval: clients may rely on resuming after five minutes. */
  ageMs: 5 * 60_000,
  /** 5 minutes at 150 changes a second; a busier cluster keeps a shorter window rather than more memory. */
  events: 50_000,
  /** Keeps a burst of large objects from outweighing the live ones. */
  bytes: 32 * 1024 * 1024,
}

/** The only change of a commit, as nearly all have one, or all of them. */
type Changes = StoreEvent | readonly StoreEvent[]

/**
 * The newest commits, oldest first. Dropping from the front is cheap: a head index moves, and the arrays
 * are cut only when half of them is dead. Commits themselves are made again for whoever asks: an object, an array and a number for each took 121 bytes
 * beside the event itself, instead of 10, which collections of garbage carry around until they are old.
 */
export class History {
  #changes: Changes[] = []
  /** Beside each. */
  #timesMs: number[] = []
  #head = 0
  #events = 0
  #bytes = 0

  push({ events, timeMs }: Commit): void {
    const [only] = events
    this.#changes.push(only && events.length === 1 ? only : events)
    this.#timesMs.push(timeMs)
    this.#events += events.length
    this.#bytes += bytesOf(events)
  }

  /** The commits above `revision`, oldest first. */
  after(revision: Revision): readonly Commit[] {
    let low = this.#head
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (revisionOf(this.#changes[middle] as Changes) <= revision) low = middle + 1
      else high = middle
    }
    const found: Commit[] = []
    for (let i = low; i < this.#changes.length; i++) found.push(this.#at(i))
    return found
  }

  #at(i: number): Commit {
    const changes = this.#changes[i] as Changes
    return {
      revision: revisionOf(changes),
      timeMs: this.#timesMs[i] as number,
      events: isMany(changes) ? changes : [changes],
    }
  }

  /** Drops the commits up to `revision` and hands them back, oldest first. */
  drop(revision: Revision): readonly Commit[] {
    const dropped: Commit[] = []
    while (this.#head < this.#changes.length) {
      const commit = this.#at(this.#head)
      if (commit.revision > revision) break
      dropped.push(commit)
      this.#head++
      this.#events -= commit.events.length
      this.#bytes -= bytesOf(commit.events)
    }
    if (this.#head > this.#changes.length / 2) {
      this.#changes = this.#changes.slice(this.#head)
      this.#timesMs = this.#timesMs.slice(this.#head)
      this.#head = 0
    }
    return dropped
  }

  /**
   * The revision up to which the limits ask to forget, looking at no more than about `maxEvents` changes so
   * that one step stays short; undefined when all is within the limits.
   */
  excess(
    limits: HistoryLimits,
    nowMs: number | undefined,
    maxEvents: number,
  ): Revision | undefined {
    let events = this.#events
    let bytes = this.#bytes
    let last: Revision | undefined
    const oldestMs = nowMs === undefined ? Number.NEGATIVE_INFINITY : nowMs - limits.ageMs
    for (let i = this.#head; i < this.#changes.length; i++) {
      const timeMs = this.#timesMs[i] as number
      const isKept = timeMs >= oldestMs && events <= limits.events && bytes <= limits.bytes
      if (isKept || this.#events - events >= maxEvents) break
      const commit = this.#at(i)
      last = commit.revision
      events -= commit.events.length
      bytes -= bytesOf(commit.events)
    }
    return last
  }
}

function isMany(changes: Changes): changes is readonly StoreEvent[] {
  return Array.isArray(changes)
}

function revisionOf(changes: Changes): Revision {
  return isMany(changes) ? (changes[0] as StoreEvent).revision : changes.revision
}

/** The newest value of a key is live anyway, so what a change adds to memory is the value before it. */
function bytesOf(events: readonly StoreEvent[]): number {
  let bytes = 0
  for (let i = 0; i < events.length; i++) {
    bytes += EVENT_OVERHEAD_BYTES + sizeOf(events[i]?.previous)
  }
  return bytes
}

function sizeOf(entry: Entry | undefined): number {
  return entry ? (entry.size ?? entry.value.byteLength) : 0
}

/** The event, entry, key and buffer, about, as heap snapshots show them. */
const EVENT_OVERHEAD_BYTES = 600
