import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { directoryError, syncDirectory } from '#host/data-directory.ts'
import { Mvcc } from '../mvcc.ts'
import type { Entry, Revision, StoreEvent } from '../store.ts'
import { Damage, damagedFile, isDamage } from './damage.ts'
import { eachRow, type Row, readCounter } from './rows.ts'
import { migrate } from './schema.ts'

/** `state.db` at start: made or brought up to date, checked, and read into memory. */

/**
 * Up to this size the pages of the file are checked at each start (some 8 ms); a larger file is checked on demand. Rows are compared with
 * their checksums always.
 */
const QUICK_CHECK_BYTES = 8 * 1024 * 1024

export function stateFile(directory: string): string {
  return join(directory, 'state.db')
}

/**
 * Opens, makes or refuses `state.db` and reads it. The directory must have been claimed. Commits of later than `nowMs` count as of now,
 * since the clock was wrong then.
 */
export function loadDatabase(directory: string, nowMs: number): Mvcc {
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
    return readState(database, nowMs)
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
  const found = Object.values(database.prepare(`PRAGMA ${pragma}(1)`).get() ?? {})[0]
  if (found !== 'ok') throw new Damage(String(found).replace(/\s+/g, ' '))
}

function readState(database: DatabaseSync, nowMs: number): Mvcc {
  const { revision: newest, compacted } = readCounter(database)
  const state = new Mvcc(compacted)
  let events: StoreEvent[] = []
  let revision: Revision = 0
  let timeMs = 0
  const finish = () => {
    if (events.length > 0) state.apply({ revision, timeMs, events })
    events = []
  }
  eachRow(database, row => {
    if (row.revision !== revision) finish()
    revision = row.revision
    timeMs = Math.min(row.timeMs, nowMs)
    const entry = entryOf(row)
    if (revision > compacted) events.push(eventOf(row, entry, state))
    else if (entry) state.restore(entry)
  })
  finish()
  // The newest rows may have been removed: the delete of a key, once it is old enough.
  if (newest > state.revision) state.advance(newest)
  return state
}

function entryOf({ key, value, createRevision, revision }: Row): Entry | undefined {
  return value === null
    ? undefined
    : Object.freeze({ key, value, createRevision, modRevision: revision })
}

function eventOf({ key, revision }: Row, entry: Entry | undefined, state: Mvcc): StoreEvent {
  const previous = state.get(key)
  if (entry) return Object.freeze({ type: 'put', revision, entry, previous })
  if (!previous) throw new Damage(`${key} was deleted at ${revision} without having existed`)
  return Object.freeze({ type: 'delete', revision, key, previous })
}
