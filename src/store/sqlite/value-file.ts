import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Successors } from '../shown-entries.ts'
import { type Entry, UnreadableValueError } from '../store.ts'
import { checksumOf, headOf } from './checksum.ts'
import { FileEntry, SharedValues, type ValueSource } from './file-entry.ts'
import { packedValueReader } from './file-packs.ts'
import type { Head } from './heads.ts'
import { HeldPacks } from './held-packs.ts'
import { HeldValues } from './held-values.ts'
import { IDS_PER_REVISION } from './messages.ts'
import { CRC_BYTES, checkedValue } from './pack.ts'
import type { PlacedPack } from './placed-pack.ts'
import { type Content, contentReader, type Place, ROWS_PER_CHUNK } from './rows.ts'
import { numberOf } from './schema.ts'

/**
 * Values that are held in memory at once, of those that are in the file anyway: somewhat more than history has of objects of a kilobyte, which would
 * otherwise be read again right before their rows go. Forms of present objects have room of their own.
 */
const HELD_BYTES = 24 * 1024 * 1024

/**
 * The same of those that were read ahead, which whoever wanted them has used at once: two slices of a list. They die so young that no collection of all
 * garbage is needed for them, and a list of everything takes no room of others.
 */
const AHEAD_BYTES = 4 * 1024 * 1024

/**
 * The same of packs of which a list wanted little each: its next page lies in the same ones. Packs leave after so many changes of a kilobyte.
 */
const PACKS_BYTES = 16 * 1024 * 1024

/** A list that wants fewer at once is as quick without having them held. */
const FEWEST_PACKS_TO_HOLD = 32

/** A page is not to wait for all of them: so many more are held for each. */
const MOST_PACKS_AT_ONCE = 64

/** A longer file is not read whole at the start, which would take longer for it. */
const MOST_READ_WHOLE_BYTES = 16 * 1024 * 1024

/** How long somebody else may hold the file alone, which only an owner of it does, for a moment. */
const BUSY_TIMEOUT_MS = 1000

/** Fewer are as quick one by one. */
const FEWEST_TO_READ_TOGETHER = 8

/** Of one pack; fewer are quicker one by one. */
const FEWEST_TO_READ_ALL = 3

/** Somebody who has one old state for long holds those that were read with it, too, where they are no longer than this. */
const MOST_BYTES_TO_SHARE = 16 * 1024

/** An entry as the file knows it. */
type StoredEntry = Pick<Head, 'key' | 'revision' | 'createRevision' | 'size'>

interface Connection {
  readonly database: DatabaseSync
  readonly row: StatementSync
  readonly contents: ReturnType<typeof contentReader>
  readonly packed: ReturnType<typeof packedValueReader>
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
  readonly #packs: HeldPacks
  #isClosed = false

  constructor(file: string, log: Log, limitBytes = HELD_BYTES) {
    this.#file = file
    this.#log = log
    this.#limitBytes = limitBytes
    this.#held = new HeldValues(limitBytes)
    this.#heldAhead = new HeldValues(Math.min(limitBytes, AHEAD_BYTES))
    this.#packs = new HeldPacks(Math.min(limitBytes, PACKS_BYTES))
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
    this.#readTogether(small, (entry, { bytes, at }) => entry.holdIn(bytes, at))
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
    this.#holdPacks(own)
    this.#readTogether(own, (entry, { bytes, at }) => {
      if (shared?.bytes !== bytes) {
        shared = new SharedValues(bytes)
        this.#heldAhead.add(shared)
      }
      shared.add(entry, at)
    })
  }

  #holdPacks(entries: readonly FileEntry[]): void {
    const wanted = entries.filter(({ isHeld, pack }) => !isHeld && isIn(pack))
    const packs = new Set(wanted.flatMap(({ pack }) => pack ?? []))
    if (packs.size < FEWEST_PACKS_TO_HOLD || wanted.length >= packs.size * FEWEST_TO_READ_ALL)
      return
    try {
      const others = [...packs].filter(pack => !this.#packs.get(pack))
      for (const pack of others.slice(0, MOST_PACKS_AT_ONCE)) {
        const bytes = this.#open().packed.all(pack.id)
        if (bytes) this.#packs.add(pack, bytes)
      }
    } catch {
      // Reading what could not be read fails again.
    }
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
      this.#readPacked(
        wanted.filter(({ pack }) => isIn(pack)),
        take,
      )
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

  /** Brings values together that lie in packs, whose other values nobody wanted: of no more entries at once than rows. */
  #readPacked(entries: readonly FileEntry[], take: (entry: FileEntry, place: Place) => void): void {
    for (let first = 0; first < entries.length; first += ROWS_PER_CHUNK) {
      const some = entries.slice(first, first + ROWS_PER_CHUNK)
      const bytes = new Uint8Array(some.reduce((sum, { size }) => sum + size, 0))
      let at = 0
      this.#eachPacked(some, (entry, found) => {
        const value = found && checkedValue(found)
        if (value?.length !== entry.size) return
        bytes.set(value, at)
        take(entry, { bytes, at })
        at += value.length
      })
    }
  }

  /** Reads values with what stands before them, those of one pack together. */
  #eachPacked(
    entries: readonly FileEntry[],
    visit: (entry: FileEntry, found: Uint8Array<ArrayBuffer> | undefined) => void,
  ): void {
    for (let first = 0, end = 0; first < entries.length; first = end) {
      const { pack } = entries[first] as FileEntry
      while (end < entries.length && entries[end]?.pack === pack) end++
      const isWorthAll = end - first >= FEWEST_TO_READ_ALL
      const read = () => (pack && isWorthAll ? this.#open().packed.all(pack.id) : undefined)
      const all = (pack && this.#packs.get(pack)) ?? read()
      for (const entry of entries.slice(first, end)) {
        const { valueAt: at, size } = entry
        visit(entry, all ? all.subarray(at - CRC_BYTES, at + size) : this.#findPacked(entry))
      }
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
    return pack && this.#open().packed.one(pack.id, valueAt, size)
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
        packed: packedValueReader(database),
      }
    }
    return this.#connection
  }
}

function isIn(pack: PlacedPack | undefined): boolean {
  return pack !== undefined && pack.leaves !== 'gone'
}

/** Whether a row is the one of the entry, and as it was written. */
function isContentOf(entry: Entry, id: number, { timeMs, checksum, value }: Content): boolean {
  const head = headOf(id, entry.key, entry.createRevision, timeMs)
  return value !== null && checksum === checksumOf(head, value)
}
