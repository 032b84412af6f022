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

/**
 * The newest commits, oldest first. Dropping from the front is cheap: a head index moves, and the array
 * is cut only when half of it is dead.
 */
export class History {
  #commits: Commit[] = []
  #head = 0
  #events = 0
  #bytes = 0

  push(commit: Commit): void {
    this.#commits.push(commit)
    this.#events += commit.events.length
    this.#bytes += bytesOf(commit)
  }

  /** The commits above `revision`, oldest first. */
  after(revision: Revision): readonly Commit[] {
    let low = this.#head
    let high = this.#commits.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#commits[middle] as Commit).revision <= revision) low = middle + 1
      else high = middle
    }
    return this.#commits.slice(low)
  }

  /** Drops the commits up to `revision` and hands them back, oldest first. */
  drop(revision: Revision): readonly Commit[] {
    const dropped: Commit[] = []
    for (;;) {
      const commit = this.#commits[this.#head]
      if (commit === undefined || commit.revision > revision) break
      dropped.push(commit)
      this.#head++
      this.#events -= commit.events.length
      this.#bytes -= bytesOf(commit)
    }
    if (this.#head > this.#commits.length / 2) {
      this.#commits = this.#commits.slice(this.#head)
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
    for (let i = this.#head; i < this.#commits.length; i++) {
      const commit = this.#commits[i] as Commit
      const isKept = commit.timeMs >= oldestMs && events <= limits.events && bytes <= limits.bytes
      if (isKept || this.#events - events >= maxEvents) break
      last = commit.revision
      events -= commit.events.length
      bytes -= bytesOf(commit)
    }
    return last
  }
}

/** The newest value of a key is live anyway, so what a change adds to memory is the value before it. */
function bytesOf({ events }: Commit): number {
  let bytes = 0
  for (let i = 0; i < events.length; i++) {
    bytes += EVENT_OVERHEAD_BYTES + sizeOf(events[i]?.previous)
  }
  return bytes
}

function sizeOf(entry: Entry | undefined): number {
  return entry ? (entry.size ?? entry.value.byteLength) : 0
}

/** The commit, its event, entry, key and buffer, about, as heap snapshots show them. */
const EVENT_OVERHEAD_BYTES = 600
