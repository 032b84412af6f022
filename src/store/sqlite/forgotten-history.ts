import type { Commit } from '../history.ts'
import type { Revision } from '../store.ts'
import { type ForgottenRow, rowOf } from './packed-rows.ts'

/**
 * Rows of compacted history that one batch removes beside its commits: few, since writers wait for them, but twice as many as come, so that
 * no load outruns it.
 */
const MIN_BATCH_FORGOTTEN = 64
const FORGOTTEN_PER_COMMIT = 2
/** Where nobody waits. */
const IDLE_BATCH_FORGOTTEN = 512

/** What the compaction of one commit removes from the disk. */
export interface Forgotten {
  readonly compacted: Revision
  readonly rows: readonly ForgottenRow[]
}

/** History that was dropped, and whose rows have to leave the disk yet, the oldest first. */
export class ForgottenHistory {
  #waiting: Forgotten[] = []
  #commitsSince = 0

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  add(dropped: readonly Commit[], compacted: Revision): void {
    for (const commit of dropped) {
      this.#waiting.push({ compacted: commit.revision, rows: rowsBehind(commit) })
    }
    this.#waiting.push({ compacted, rows: NO_ROWS })
  }

  /** What a batch of so many commits is to remove; it waits here until `removed`. */
  oldestFor(commits: number): readonly Forgotten[] {
    const since = this.#commitsSince + commits
    const most =
      since === 0
        ? IDLE_BATCH_FORGOTTEN
        : Math.max(MIN_BATCH_FORGOTTEN, FORGOTTEN_PER_COMMIT * since)
    let count = 0
    let rows = 0
    while (count < this.#waiting.length && rows < most) {
      rows += this.#waiting[count++]?.rows.length ?? 0
    }
    return this.#waiting.slice(0, count)
  }

  /** A batch goes to the writer with so many commits, and with something to remove or without. */
  noteSent(commits: number, isRemoving: boolean): void {
    this.#commitsSince = isRemoving ? 0 : this.#commitsSince + commits
  }

  /** So many of the oldest have left the disk. */
  removed(count: number): void {
    this.#waiting.splice(0, count)
  }

  clear(): void {
    this.#waiting = []
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
