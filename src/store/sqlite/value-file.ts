import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Successors } from '../shown-entries.ts'
import { type Entry, UnreadableValueError } from '../store.ts'
import { checksumOf, headOf } from './checksum.ts'
import { FileEntry, type SharedBuffer, SharedValues, type ValueSource } from './file-entry.ts'
import { type PackedReader, packedReader } from './file-packs.ts'
import type { Head } from './heads.ts'
import { HeldValues } from './held-values.ts'
import { IDS_PER_REVISION } from './messages.ts'
import { checkedValue } from './pack.ts'
import { isIn, PackedValues } from './packed-values.ts'
import { type Content, contentReader, type Place } from './rows.ts'
import { numberOf } from './schema.ts'

/**
 * Values that are held in memory at once, of those that are in the file anyway: somewhat more than history has of objects of a kilobyte, which would
 * otherwise be read again right before their rows go. Forms of present objects have room of their own.
 */
const HELD_BYTES = 24 * 1024 * 1024

/**
 * The same of those that were read ahead and not used yet: two slices of a list. They die so young that no collection of all garbage is needed for them,
 * and a list of everything takes no room of others.
 */
const AHEAD_BYTES = 4 * 1024 * 1024

/** A longer file is not read whole at the start, which would take longer for it. */
const MOST_READ_WHOLE_BYTES = 16 * 1024 * 1024

/** How long somebody else may hold the file alone, which only an owner of it does, for a moment. */
const BUSY_TIMEOUT_MS = 1000

/** Fewer are as quick one by one. */
const FEWEST_TO_READ_TOGETHER = 8

/** Somebody who has one old state for long holds those that were read with it, too, where they are no longer than this. */
const MOST_BYTES_TO_SHARE = 16 * 1024

/** An entry as the file knows it. */
type StoredEntry = Pick<Head, 'key' | 'revision' | 'createRevision' | 'size'>

interface Connection {
  readonly database: DatabaseSync
  readonly row: StatementSync
  readonly contents: ReturnType<typeof contentReader>
  readonly packed: PackedReader
}

const rowQuery = `
  SELECT id, create_revision, time_ms, value, checksum FROM kept WHERE id BETWEEN ? AND ? AND key = ?`

/**
 * The values of durable entries: the newest are held, the others are read from the file when somebody asks, on the main thread, in some
 * microseconds. A row never changes, so what is read is the value of the entry's own revision, whatever was written since.
 *
 * Invariant: whoever has an entry can read its value, also after compaction took its row; so `keep` is called before the row goes.
 */
export class ValueFile implements ValueSource {
  readonly #file: string
  readonly #log: Log
  readonly #limitBytes: number
  #connection: Connection | undefined
  readonly #held: HeldValues<FileEntry>
  readonly #heldAhead: HeldValues<SharedValues>
  readonly #packs: PackedValues
  #isClosed = false

  constructor(file: string, log: Log, limitBytes = HELD_BYTES) {
    this.#file = file
    this.#log = log
    this.#limitBytes = limitBytes
    this.#held = new HeldValues(limitBytes)
    this.#heldAhead = new HeldValues(Math.min(limitBytes, AHEAD_BYTES))
    this.#packs = new PackedValues(limitBytes)
  }

  /** An entry that holds its value for as long as it lives, or until it is admitted. */
  entryOf(entry: Entry): FileEntry {
    return new FileEntry(this, entry, entry.value.byteLength, entry.value)
  }

  /** An entry whose value is in the file. */
  entryIn(
    { key, revision, createRevision, size }: StoredEntry,
    source: ValueSource = this,
  ): FileEntry {
    return new FileEntry(source, { key, createRevision, modRevision: revision }, size ?? 0)
  }

  /** For entries of a page: once the store has one of the same key and revision, that is the one which keeps the value when its row goes. */
  shownUntil(successors: Successors): ValueSource {
    return { read: entry => successors.of(entry.key)?.value ?? this.read(entry) }
  }

  /** Whether all values of a file can be held, and are so few that it is best read whole. */
  hasRoomFor(database: DatabaseSync): boolean {
    const pages = numberOf(database, 'PRAGMA page_count')
    const bytes = pages * numberOf(database, 'PRAGMA page_size')
    return bytes <= Math.min(this.#limitBytes, MOST_READ_WHOLE_BYTES)
  }

  /** The entry's value is in the file from now on, so that it may be let go when there is no room. */
  admit(entry: Entry): void {
    if (entry instanceof FileEntry) this.#held.add(entry)
  }

  /** The rows of these entries are about to be removed: whoever still has one of them has its value. */
  keep(entries: readonly Entry[]): void {
    const own = entries.filter(entry => entry instanceof FileEntry)
    for (const entry of own) {
      if (!entry.isHeld) continue
      entry.hold(entry.value)
      this.#held.delete(entry)
    }
    const small = own.filter(({ size }) => size <= MOST_BYTES_TO_SHARE)
    let shared: SharedBuffer | undefined
    this.#readTogether(small, (entry, { bytes, at }) => {
      if (shared?.bytes !== bytes) shared = { bytes, asked: 0 }
      entry.holdIn(shared, at)
    })
    for (const entry of own) if (!entry.isHeld) this.#keepAlone(entry)
  }

  #keepAlone(entry: FileEntry): void {
    try {
      entry.hold(this.#read(entry))
    } catch (error) {
      this.#log.error('a value could not be read before it was removed', {
        key: entry.key,
        revision: entry.modRevision,
        error,
      })
    }
  }

  read(entry: FileEntry): Uint8Array {
    try {
      const value = this.#read(entry)
      entry.hold(value)
      this.#held.add(entry)
      return value
    } catch (error) {
      const { key, modRevision: revision } = entry
      if (!this.#isClosed) {
        this.#log.error('a stored value cannot be read; run proa check', { key, revision, error })
      }
      throw new UnreadableValueError(
        `the value of ${key} at revision ${revision} cannot be read: ${messageOf(error)}`,
      )
    }
  }

  /** Reads the values of many entries at once, which is quicker than one after the other. What cannot be read says so when it is asked. */
  readAhead(entries: readonly Entry[]): void {
    let shared: SharedValues | undefined
    const own = entries.filter(entry => entry instanceof FileEntry)
    // Held on, some megabytes would always be carried by the next collection of the young generation, with the entries of pages that are long gone.
    this.#heldAhead.letGoIf(values => values.isUsed)
    try {
      this.#packs.hold(own, () => this.#open().packed)
    } catch {
      // Reading what could not be read fails again.
    }
    this.#readTogether(own, (entry, { bytes, at }) => {
      if (shared?.bytes !== bytes) {
        shared = new SharedValues(bytes)
        this.#heldAhead.add(shared)
      }
      shared.add(entry, at)
    })
  }

  /** Hands over the values of those that do not hold theirs, as far as they can be read, and where they are enough to be read together. */
  #readTogether(
    entries: readonly FileEntry[],
    take: (entry: FileEntry, place: Place) => void,
  ): void {
    const wanted = entries
      .filter(entry => !entry.isHeld)
      .sort((a, b) => a.modRevision - b.modRevision)
    if (wanted.length < FEWEST_TO_READ_TOGETHER) return
    try {
      const alone = wanted.filter(({ pack }) => !isIn(pack))
      const packed = wanted.filter(({ pack }) => isIn(pack))
      this.#packs.read(packed, this.#open().packed, take)
      const ids = alone.map(({ modRevision }) => modRevision * IDS_PER_REVISION)
      this.#open().contents(ids, (index, content, place) => {
        const entry = alone[index] as FileEntry
        // Another key of the same commit has a row of its own.
        if (isContentOf(entry, ids[index] as number, content)) take(entry, place)
      })
    } catch {
      // Reading what could not be read fails again.
    }
  }

  close(): void {
    this.#isClosed = true
    this.#connection?.database.close()
    this.#connection = undefined
  }

  #read(entry: FileEntry): Uint8Array {
    const row = () => this.#findRow(entry)
    const packed = () => {
      const found = this.#findPacked(entry)
      const value = found && checkedValue(found)
      if (found && value?.length !== entry.size) throw new Error('its checksum is wrong')
      return value?.slice()
    }
    // A pack that should have left may be there yet, and one that should be there may just have left.
    const value = isIn(entry.pack) ? (packed() ?? row()) : (row() ?? packed())
    if (!value) throw new Error('its row is not in the file')
    return value
  }

  /**
   * The entry's value in its pack, with what stands before it; undefined where it is, or meanwhile became, a row of its own. A pack never changes, and
   * where an entry lies in it was written there with it, or read from heads that were whole.
   */
  #findPacked({ pack, valueAt, size }: FileEntry): Uint8Array<ArrayBuffer> | undefined {
    return pack && this.#open().packed.one([pack.id, valueAt, size])
  }

  #findRow(entry: FileEntry): Uint8Array | undefined {
    const { key, modRevision, createRevision } = entry
    const first = modRevision * IDS_PER_REVISION
    const row = this.#open().row.get(first, first + IDS_PER_REVISION - 1, key)
    if (!row) return undefined
    const { id, create_revision, time_ms, checksum } = row as Record<string, number>
    const value = row.value as Uint8Array | null
    const content = { timeMs: time_ms as number, checksum: checksum as number, value }
    if (
      value === null ||
      create_revision !== createRevision ||
      !isContentOf(entry, id as number, content)
    ) {
      throw new Error('its checksum is wrong')
    }
    return value
  }

  #open(): Connection {
    if (this.#isClosed) throw new Error('the store is closed')
    if (!this.#connection) {
      const database = new DatabaseSync(this.#file, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
      this.#connection = {
        database,
        row: database.prepare(rowQuery),
        contents: contentReader(database),
        packed: packedReader(database),
      }
    }
    return this.#connection
  }
}

/** Whether a row is the one of the entry, and as it was written. */
function isContentOf(entry: Entry, id: number, { timeMs, checksum, value }: Content): boolean {
  const head = headOf(id, entry.key, entry.createRevision, timeMs)
  return value !== null && checksum === checksumOf(head, value)
}
