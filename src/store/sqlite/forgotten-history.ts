import type { Commit } from '../history.ts'
import type { Revision } from '../store.ts'
import { type ForgottenRow, rowOf } from './packed-rows.ts'

/**
 * Rows of compacted history that one batch removes beside those that are added: few, since writers wait for them, but more than come, so that
 * no load outruns it: whatever goes came once.
 */
const MIN_BATCH_FORGOTTEN = 64
const FORGOTTEN_PER_ROW = 1.25
/** What a row weighs that lies behind the one before, mostly in the same page. */
const NEIGHBOUR = 1 / 4
/** So many commits do not wait for more, even those that leave no rows behind. */
const MOST_WAITING = 4096
/** Where nobody waits. */
const IDLE_BATCH_FORGOTTEN = 512

/** What the compaction of one commit removes from the disk. */
export interface Forgotten {
  readonly compacted: Revision
  readonly rows: readonly ForgottenRow[]
  /** About how many rows that lie alone are as much work. */
  readonly work: number
}

/** History that was dropped, and whose rows have to leave the disk yet, the oldest first. */
export class ForgottenHistory {
  #waiting: Forgotten[] = []
  #work = 0
  #lastRevision: Revision = -1
  #addedSince = 0
  /** So many of the oldest do not wait for more. */
  #urgent = 0

  /** Whether what waits is worth a batch, or has waited for long: each removal changes some pages more than those of its rows. */
  get isDue(): boolean {
    if (this.#urgent > 0 || this.#waiting.length >= MOST_WAITING) return true
    return this.#work >= MIN_BATCH_FORGOTTEN
  }

  /** All of what waits is due. */
  hurry(): void {
    this.#urgent = this.#waiting.length
  }

  add(dropped: readonly Commit[], compacted: Revision): void {
    for (const commit of dropped) this.#add(commit.revision, rowsBehind(commit))
    this.#add(compacted, NO_ROWS)
  }

  #add(compacted: Revision, rows: readonly ForgottenRow[]): void {
    let work = 0
    for (let i = 0; i < rows.length; i++) {
      const { modRevision } = rows[i] as ForgottenRow
      work += modRevision === this.#lastRevision + 1 ? NEIGHBOUR : 1
      this.#lastRevision = modRevision
    }
    this.#work += work
    this.#waiting.push({ compacted, rows, work })
  }

  /** What a batch that adds so many rows is to remove; it waits here until `removed`. */
  oldestFor(added: number): readonly Forgotten[] {
    const since = this.#addedSince + added
    const most =
      since === 0 ? IDLE_BATCH_FORGOTTEN : Math.max(MIN_BATCH_FORGOTTEN, FORGOTTEN_PER_ROW * since)
    let count = 0
    let rows = 0
    while (count < this.#waiting.length && rows < most) {
      rows += this.#waiting[count++]?.rows.length ?? 0
    }
    return this.#waiting.slice(0, count)
  }

  /** A batch goes to the writer with so many rows to add, and with some to remove or without. */
  noteSent(added: number, isRemoving: boolean): void {
    this.#addedSince = isRemoving ? 0 : this.#addedSince + added
  }

  /** So many of the oldest have left the disk. */
  removed(count: number): void {
    for (const { work } of this.#waiting.splice(0, count)) this.#work -= work
    this.#urgent = Math.max(0, this.#urgent - count)
  }

  clear(): void {
    this.#waiting = []
    this.#work = 0
    this.#urgent = 0
  }
}

/** The rows that nobody needs once a commit is no longer told. */
function rowsBehind({ revision, events }: Commit): readonly ForgottenRow[] {
  const [only] = events
  // Nearly all are so, and an array that is pushed to has room for seventeen.
  if (events.length === 1 && only?.type === 'put') {
    return only.previous ? [rowOf(only.previous)] : NO_ROWS
  }
  return events.flatMap(event => {
    const before = event.previous ? [rowOf(event.previous)] : []
    return event.type === 'delete' ? [...before, { modRevision: revision, key: event.key }] : before
  })
}

const NO_ROWS: readonly ForgottenRow[] = []
