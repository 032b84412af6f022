import type { Commit } from '../history.ts'
import type { Entry, Revision } from '../store.ts'
import { FileEntry } from './file-entry.ts'
import { IDS_PER_REVISION } from './messages.ts'
import { OldPacks } from './old-packs.ts'
import type { PlacedPack } from './placed-pack.ts'

/**
 * What leaves the file of compacted history beside the rows of a batch: little, since writers wait for it, but more than comes, so that
 * no load outruns it. A change makes at most two things to do: the row of `kept` that it replaces, and later its own way there.
 */
const MIN_BATCH_WORK = 64
const WORK_PER_ROW = 2.5
/** Where nobody waits. */
const IDLE_BATCH_WORK = 512

/** A row of `kept`. */
export type ForgottenRow = Pick<Entry, 'modRevision' | 'key'>

interface WaitingRow extends ForgottenRow {
  /** The commit whose own compaction made it superfluous. */
  readonly by: Revision
}

/** What one batch removes. */
export interface Removal {
  /** The oldest revision that can be read from the file afterwards. */
  readonly compacted: Revision
  readonly rows: readonly ForgottenRow[]
  readonly packs: readonly PlacedPack[]
}

/**
 * History that was dropped, and has to leave the file yet, the oldest first.
 *
 * Invariants: the file tells at each moment all of what its `compacted` says. A pack leaves after all that are older, and after the rows of `kept` that
 * its changes replaced; so what was replaced never outlives what replaced it, which a start would take for the newest then.
 */
export class ForgottenHistory {
  #packs: OldPacks
  #rows: WaitingRow[] = []
  #compacted: Revision
  /** As the file has it. */
  #written: Revision
  /** Before it deletes are rows of `kept`, as they were in files of older proas. */
  readonly #packedFrom: Revision
  #addedSince = 0
  /** Whether what waits does not wait for more. */
  #isUrgent = false

  /** A store begins with so much: its packs, the oldest first, and the revisions at which history begins and ends. */
  constructor(packs: readonly PlacedPack[], compacted: Revision, newest: Revision) {
    this.#packs = new OldPacks(packs, compacted)
    this.#compacted = compacted
    this.#written = compacted
    this.#packedFrom = packs[0] ? Math.floor(packs[0].id / IDS_PER_REVISION) : newest + 1
  }

  /** Whether what waits is worth a batch: each removal changes some pages more than those of what goes. */
  get isDue(): boolean {
    if (this.#rows.length + this.#packs.work >= MIN_BATCH_WORK) return true
    return this.#isUrgent && this.#hasSome
  }

  get #hasSome(): boolean {
    return this.#rows.length > 0 || this.#packs.work > 0 || this.#compacted > this.#written
  }

  /** All of what waits is due, and what is old for some time. */
  hurry(): void {
    this.#packs.tick()
    this.#isUrgent = this.#hasSome
  }

  add(dropped: readonly Commit[], compacted: Revision): void {
    for (const commit of dropped) this.#addCommit(commit)
    this.#compacted = compacted
    this.#packs.compact(compacted)
  }

  /** What nobody needs once a commit is no longer told. */
  #addCommit({ revision, events }: Commit): void {
    for (let i = 0; i < events.length; i++) {
      const event = events[i] as Commit['events'][number]
      if (event.previous) this.#forget(event.previous, revision)
      if (event.type === 'delete' && revision < this.#packedFrom) {
        this.#rows.push({ modRevision: revision, key: event.key, by: revision })
      }
    }
  }

  #forget(entry: Entry, by: Revision): void {
    const packed = entry instanceof FileEntry && entry.pack ? entry : undefined
    packed?.pack?.forget(packed.place)
    // Of one that is leaving it becomes a row just now, unless that fails.
    if (packed?.pack?.leaves === 'not') return
    // Not the entry itself, which holds its value by then: its row may wait for long.
    this.#rows.push({ modRevision: entry.modRevision, key: entry.key, by })
  }

  /** Packs became durable. */
  placed(packs: readonly PlacedPack[]): void {
    this.#packs.add(packs)
  }

  /** What a batch that adds so many rows is to remove. One at a time: until then it is `removed` or `stays`. */
  take(added: number): Removal {
    const since = this.#addedSince + added
    const most = since === 0 ? IDLE_BATCH_WORK : Math.max(MIN_BATCH_WORK, WORK_PER_ROW * since)
    const rows = this.#rowsOfWholeCommits(most)
    const next = this.#rows[rows.length]
    // What rows that wait on were replaced by is told yet, and what a pack holds for it is needed.
    if (next) return { compacted: next.by - 1, rows, packs: [] }
    const packs = this.#packs.take(most - rows.length)
    for (const pack of packs) pack.leaves = 'soon'
    return { compacted: this.#compacted, rows, packs }
  }

  #rowsOfWholeCommits(most: number): readonly WaitingRow[] {
    let count = Math.min(Math.floor(most), this.#rows.length)
    while (count > 0 && this.#rows[count]?.by === this.#rows[count - 1]?.by) count++
    return this.#rows.slice(0, count)
  }

  /** A batch goes to the writer with so many rows to add, and with a removal or without. */
  noteSent(added: number, isRemoving: boolean): void {
    this.#addedSince = isRemoving ? 0 : this.#addedSince + added
  }

  /** It has left the file. */
  removed({ compacted, rows, packs }: Removal): void {
    this.#written = compacted
    this.#rows.splice(0, rows.length)
    this.#packs.left(packs.length)
    if (this.#isUrgent) this.#isUrgent = this.#hasSome
  }

  /** It could not be removed. */
  stays({ packs }: Removal): void {
    for (const pack of packs) pack.leaves = 'not'
  }

  clear(): void {
    this.#rows = []
    this.#packs = new OldPacks([], this.#compacted)
    this.#written = this.#compacted
  }
}
