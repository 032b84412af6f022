import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { messageOf, UserError } from '#base/errors.ts'
import { directoryError, syncDirectory } from '#host/data-directory.ts'
import { Mvcc } from '../mvcc.ts'
import type { Entry, Revision, StoreEvent } from '../store.ts'
import { IDS_PER_REVISION } from './messages.ts'

/**
 * `state.db` at start: made or brought up to date, checked, and read into memory. One table is the log of
 * all changes that are still needed, in revision order: the newest row of a key is its current value, the
 * older ones are the history window. So each value is written once, at the end of the table.
 */

/** 'Proa' in ASCII: `file state.db` and others tell our files from somebody else's. */
const APPLICATION_ID = 0x50726f61

/** Raise it with every change of the schema, and say in `migrate` how to get there. */
export const SCHEMA_VERSION = 1

/** For every connection. FULL makes each commit wait for the disk; the WAL is cut back after a burst. */
export const connectionPragmas = `
  PRAGMA synchronous = FULL;
  PRAGMA journal_size_limit = 8388608;
  PRAGMA secure_delete = FAST;
`

const schema = `
  CREATE TABLE log (
    id INTEGER PRIMARY KEY,            -- revision * ${IDS_PER_REVISION} + place in the commit
    key TEXT NOT NULL,
    create_revision INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,          -- wall time of the commit
    value BLOB                         -- null: the key was deleted
  ) STRICT;
  CREATE TABLE counter (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    revision INTEGER NOT NULL,         -- the newest revision when rows were last removed
    compacted INTEGER NOT NULL         -- the oldest revision that can be read
  ) STRICT;
  INSERT INTO counter VALUES (1, 0, 0);
  CREATE VIEW current AS
    SELECT key, max(id) / ${IDS_PER_REVISION} AS revision, create_revision, value
    FROM log GROUP BY key HAVING value IS NOT NULL;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`

export function stateFile(directory: string): string {
  return join(directory, 'state.db')
}

/** Opens, makes or refuses `state.db` and reads it. The directory must have been claimed. */
export function loadDatabase(directory: string): Mvcc {
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
    return readState(database)
  } catch (error) {
    throw isDamage(error) ? damagedFile(file, error) : directoryError(directory, error)
  } finally {
    database?.close()
  }
}

function migrate(database: DatabaseSync, file: string): void {
  const version = numberOf(database, 'PRAGMA user_version')
  const applicationId = numberOf(database, 'PRAGMA application_id')
  // A start that was killed halfway may have left a file without tables.
  const isEmpty = numberOf(database, 'SELECT count(*) FROM sqlite_schema') === 0
  if (!isEmpty && applicationId !== APPLICATION_ID) {
    throw new UserError(
      `${file} is not a proa database; move it away or choose another data directory`,
    )
  }
  if (version > SCHEMA_VERSION) {
    throw new UserError(
      `${file} was written by a newer proa (schema version ${version}, this one knows up to ${SCHEMA_VERSION}); install a newer proa or choose another data directory`,
    )
  }
  // Only takes effect while the file is empty.
  if (isEmpty) database.exec('PRAGMA auto_vacuum = INCREMENTAL')
  database.exec(`PRAGMA journal_mode = WAL; ${connectionPragmas}`)
  if (isEmpty) database.exec(`BEGIN; ${schema} COMMIT`)
}

/** Reads every page that holds data, which is the check for a damaged file as well. */
function readState(database: DatabaseSync): Mvcc {
  const counter = database.prepare('SELECT revision, compacted FROM counter').get()
  if (!counter) throw new Damage('the revision counter is missing')
  const newest = counter.revision as Revision
  const state = new Mvcc(counter.compacted as Revision)
  const rows = database.prepare(
    'SELECT id, key, create_revision, time_ms, value FROM log ORDER BY id',
  )
  rows.setReturnArrays(true)
  let events: StoreEvent[] = []
  let revision: Revision = 0
  let timeMs = 0
  const finish = () => {
    if (events.length > 0) state.apply({ revision, timeMs, events })
    events = []
  }
  for (const row of rows.iterate() as Iterable<unknown>) {
    const [id, key, createRevision, time, value] = row as Row
    const rowRevision = Math.floor(id / IDS_PER_REVISION)
    if (rowRevision !== revision) finish()
    revision = rowRevision
    timeMs = time
    const entry = value && Object.freeze({ key, value, createRevision, modRevision: rowRevision })
    if (rowRevision > state.compactedRevision) events.push(eventOf(key, entry, rowRevision, state))
    else if (entry) state.restore(entry)
  }
  finish()
  // The newest rows may have been removed: the delete of a key, once it is old enough.
  if (newest > state.revision) state.advance(newest)
  return state
}

type Row = [id: number, key: string, created: Revision, timeMs: number, value: Uint8Array | null]

function eventOf(key: string, entry: Entry | null, revision: Revision, state: Mvcc): StoreEvent {
  const previous = state.get(key)
  if (entry) return Object.freeze({ type: 'put', revision, entry, previous })
  if (!previous) throw new Damage(`${key} was deleted at ${revision} without having existed`)
  return Object.freeze({ type: 'delete', revision, key, previous })
}

function numberOf(database: DatabaseSync, query: string): number {
  return Number(Object.values(database.prepare(query).get() ?? {})[0])
}

/** Something that no proa writes. */
class Damage extends Error {}

function isDamage(error: unknown): boolean {
  if (error instanceof Damage) return true
  const { errcode } = error as { errcode?: number }
  // SQLITE_ERROR: our own statements are right, so a table or column must be missing.
  const damages: unknown[] = [SQLITE_ERROR, SQLITE_CORRUPT, SQLITE_NOTADB]
  return errcode !== undefined && damages.includes(errcode & 0xff)
}

function damagedFile(file: string, error: unknown): UserError {
  return new UserError(
    `${file} is damaged (${messageOf(error)}); restore it from a backup, or move it away to start empty`,
  )
}

const SQLITE_ERROR = 1
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26
