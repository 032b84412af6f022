import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { silentLog } from '#base/log.ts'
import { directoryError } from '#host/data-directory.ts'
import { syncDirectory } from '#host/sync-directory.ts'
import type { EntryAt } from '../cold-entries.ts'
import { Mvcc } from '../mvcc.ts'
import type { Successors } from '../shown-entries.ts'
import type { Entry, Revision, StoreEvent } from '../store.ts'
import { Damage, damagedFile, isDamage } from './damage.ts'
import { FileEntry, type ValueSource } from './file-entry.ts'
import { HeadColumns } from './head-columns.ts'
import { eachKeptHead, eachPackedHead, type Head } from './heads.ts'
import { MAX_REVISION } from './messages.ts'
import { PlacedPack } from './placed-pack.ts'
import { eachRow, type PackPlace, type Row, readCounter } from './rows.ts'
import { migrate } from './schema.ts'
import { ValueFile } from './value-file.ts'

/** `state.db` at start: made or brought up to date, checked, and read into memory. */

/**
 * Up to this size the pages of the file are checked at each start (some 8 ms); a larger file is checked on demand. Rows are compared with
 * their checksums always, those of files that are larger than what is held of values without these.
 */
const QUICK_CHECK_BYTES = 8 * 1024 * 1024

export function stateFile(directory: string): string {
  return join(directory, 'state.db')
}

/** What is in a file. */
export interface Loaded {
  readonly state: Mvcc
  /** The oldest first. */
  readonly packs: readonly PlacedPack[]
}

/**
 * Opens, makes or refuses `state.db` and reads it. The directory must have been claimed. Commits of later than `nowMs` count as of now,
 * since the clock was wrong then. Values that do not fit into `values` stay in the
 * file; without it, all of them are read.
 */
export function loadDatabase(directory: string, nowMs: number, values?: ValueFile): Loaded {
  const file = stateFile(directory)
  let database: DatabaseSync | undefined
  try {
    if (!existsSync(file)) {
      // Made here only for its mode: secrets are in it.
      closeSync(openSync(file, 'a', 0o600))
      syncDirectory(directory)
    }
    database = new DatabaseSync(file)
    migrate(database, file)
    if (statSync(file).size <= QUICK_CHECK_BYTES) checkPages(database, 'quick_check')
    return readState(database, nowMs, values ?? new ValueFile(file, silentLog, Infinity))
  } catch (error) {
    throw isDamage(error) ? damagedFile(file, error) : directoryError(directory, error)
  } finally {
    database?.close()
  }
}

/** SQLite's own look at its pages. Throws Damage with the first thing that it finds. */
export function checkPages(
  database: DatabaseSync,
  pragma: 'quick_check' | 'integrity_check',
): void {
  const found = String(Object.values(database.prepare(`PRAGMA ${pragma}(1)`).get() ?? {})[0])
  if (found === 'ok') return
  const errcode = Number(/unable to get the page\. error code=(\d+)/.exec(found)?.[1] ?? 0)
  // A page that the disk would not give says nothing about what is in it.
  if ((errcode & 0xff) === SQLITE_IOERR)
    throw Object.assign(new Error('disk I/O error'), { errcode })
  throw new Damage(found.replace(/\s+/g, ' '))
}

const SQLITE_IOERR = 10

function readState(database: DatabaseSync, nowMs: number, values: ValueFile): Loaded {
  const counter = readCounter(database)
  const loading = new Loading(counter.compacted, nowMs)
  if (values.hasRoomFor(database)) {
    eachRow(database, row => loading.add(row, entryOf(row, values)))
  } else {
    loadHeads(database, counter.compacted, { loading, values })
  }
  return loading.finish(counter.revision)
}

/** What is known of a change beside its value. */
type Change = Pick<Head, 'id' | 'key' | 'revision' | 'timeMs' | 'packed'>

/** Takes changes in by the order of history: those of the window as events, those before it as what was there. */
class Loading {
  readonly state: Mvcc
  readonly #packs: PlacedPack[] = []
  readonly #nowMs: number
  #events: StoreEvent[] = []
  #revision: Revision = 0
  #timeMs = 0

  constructor(compacted: Revision, nowMs: number) {
    this.state = new Mvcc(compacted)
    this.#nowMs = nowMs
  }

  /** Without an entry for a delete. */
  add(change: Change, entry: FileEntry | undefined): void {
    const { key, revision, timeMs, packed } = change
    if (revision !== this.#revision) this.#apply()
    this.#revision = revision
    this.#timeMs = Math.min(timeMs, this.#nowMs)
    if (packed) this.#place(change, packed, entry)
    if (revision > this.state.compactedRevision) {
      this.#events.push(eventOf(change, entry, this.state))
      return
    }
    const previous = this.state.get(key)
    if (previous instanceof FileEntry) previous.pack?.forget(previous.place)
    if (entry) this.state.restore(entry)
    else this.state.restoreDelete(key)
  }

  #place({ id, key }: Change, packed: PackPlace, entry: FileEntry | undefined): void {
    let pack = this.#packs.at(-1)
    if (pack?.id !== packed.id) {
      pack = new PlacedPack(packed.id)
      this.#packs.push(pack)
    }
    const place = pack.add(id, key.length, entry?.size)
    entry?.putInto(pack, place)
  }

  finish(newest: Revision): Loaded {
    this.#apply()
    // The newest changes may have been removed: the delete of a key, once it is old enough.
    if (newest > this.state.revision) this.state.advance(newest)
    return { state: this.state, packs: this.#packs }
  }

  #apply(): void {
    const events = this.#events
    if (events.length === 0) return
    this.state.apply({ revision: this.#revision, timeMs: this.#timeMs, events })
    this.#events = []
  }
}

/** A million keys, of which few changed lately: entries are made only of those, of the others when somebody asks for them. */
function loadHeads(
  database: DatabaseSync,
  compacted: Revision,
  { loading, values }: { loading: Loading; values: ValueFile },
): void {
  const recent: Head[] = []
  eachPackedHead(database, head => recent.push(head))
  // Of an older proa's file.
  eachKeptHead(database, { after: compacted, through: MAX_REVISION }, head => recent.push(head))
  const touched = new Set(recent.filter(hasPrevious).map(({ key }) => key))
  const keys: string[] = []
  const rows: number[] = []
  const columns = new HeadColumns()
  eachKeptHead(database, { after: 0, through: compacted }, head => {
    if (head.size === null) return
    if (touched.size > 0 && touched.has(head.key)) recent.push(head)
    else {
      rows.push(columns.push(head))
      keys.push(head.key)
    }
  })
  recent.sort((a, b) => a.id - b.id)
  for (const head of recent) {
    loading.add(head, head.size === null ? undefined : values.entryIn(head))
  }
  const made =
    (source?: ValueSource): EntryAt =>
    (row, key) =>
      values.entryIn(columns.at(row, key), source)
  const shownAt = (successors: Successors) => made(values.shownUntil(successors))
  loading.state.restoreCold({ keys, rows, entryAt: made(), shownAt })
}

/** A delete does not say when its key was created, but there was one. */
function hasPrevious({ revision, createRevision, size }: Head): boolean {
  return size === null || createRevision !== revision
}

function entryOf(row: Row, values: ValueFile): FileEntry | undefined {
  const { key, value, createRevision, revision } = row
  if (value === null) return undefined
  const entry = values.entryOf({ key, value, createRevision, modRevision: revision })
  values.admit(entry)
  return entry
}

function eventOf({ key, revision }: Change, entry: Entry | undefined, state: Mvcc): StoreEvent {
  const previous = state.get(key)
  if (entry) return Object.freeze({ type: 'put', revision, entry, previous })
  if (!previous) throw new Damage(`${key} was deleted at ${revision} without having existed`)
  return Object.freeze({ type: 'delete', revision, key, previous })
}
