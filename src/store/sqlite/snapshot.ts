import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { messageOf, UserError } from '#base/errors.ts'
import { claimDirectory, directoryError } from '#host/data-directory.ts'
import { syncDirectory } from '#host/sync-directory.ts'
import type { Revision } from '../store.ts'
import { counterChecksum } from './checksum.ts'
import { certainOfDamage } from './damage.ts'
import { stateFile } from './database.ts'
import { type FileReport, inspectFile, readFile } from './inspect.ts'
import { IDS_PER_REVISION, MAX_REVISION } from './messages.ts'
import { NotedRevision } from './noted-revision.ts'
import { checksumOfRow, connectionPragmas, migrate, numberOf, schemaVersionOf } from './schema.ts'

/**
 * Backups of the store: one file, which `sqlite3` opens like the store's own. Saving reads beside whoever writes, and a write-ahead log
 * lets neither wait for the other. Restoring replaces the file in one step and moves the revision on, so that no revision ever means two
 * things: whoever still knows one of the time in between is told that it is gone, and lists anew.
 */

/**
 * How far a restore moves the revision on, etcd's advice for the same: more than any cluster writes between a backup and its use
 * (at 1,000 writes a second, 11 days).
 */
export const REVISION_BUMP = 1_000_000_000

/** Saves what the store in `directory` holds now to `target`, which must not exist, and checks it. The store may be in use. */
export function saveSnapshot(directory: string, target: string): FileReport {
  return certainOfDamage(stateFile(directory), () => saveOnce(directory, target))
}

function saveOnce(directory: string, target: string): FileReport {
  if (existsSync(target)) throw new UserError(`${target} exists already; choose another name`)
  const unfinished = `${target}.part`
  try {
    readFile(stateFile(directory), database => {
      if (schemaVersionOf(database, stateFile(directory)) === 0) {
        throw new UserError(`the store in ${directory} is empty`)
      }
      copyInto(database, unfinished)
    })
    const report = inspectFile(unfinished)
    renameSync(unfinished, target)
    syncDirectory(dirname(target))
    return report
  } finally {
    rmSync(unfinished, { force: true })
  }
}

export interface RestoreReport {
  /** The revision that the snapshot was taken at. */
  readonly snapshotRevision: Revision
  /** The revision of the restored store; everything before it is compacted. */
  readonly revision: Revision
  readonly keys: number
  /** Where the store that was there before is kept. */
  readonly replaced: string | undefined
}

/**
 * Puts a snapshot in the place of the store in `directory`, which no process may have open. A crash at any moment leaves either the store
 * as it was or the restored one.
 */
export function restoreSnapshot(
  directory: string,
  source: string,
  bump = REVISION_BUMP,
): RestoreReport {
  const file = stateFile(directory)
  const unfinished = `${file}.restoring`
  const claim = claimDirectory(directory)
  try {
    removeDatabase(unfinished)
    readFile(source, database => {
      if (schemaVersionOf(database, source) === 0) throw new UserError(`${source} is empty`)
      copyInto(database, unfinished)
    })
    upgrade(unfinished)
    const { revision: snapshotRevision, keys } = inspectFile(unfinished)
    const noted = new NotedRevision(directory)
    const replacedRevision = Math.max(noted.read(), existsSync(file) ? settle(file) : 0)
    const revision = Math.max(snapshotRevision, replacedRevision) + bump
    if (revision > MAX_REVISION) throw new UserError(`there is no revision above ${MAX_REVISION}`)
    beginAnew(unfinished, revision)
    const replaced = replace(file, unfinished)
    syncDirectory(directory)
    noted.note(revision)
    return { snapshotRevision, revision, keys, replaced }
  } catch (error) {
    throw directoryError(directory, error)
  } finally {
    removeDatabase(unfinished)
    claim.release()
  }
}

/** A whole copy in one read transaction, durable, and readable by its owner alone. */
function copyInto(database: DatabaseSync, target: string): void {
  try {
    closeSync(openSync(target, 'wx', 0o600))
    database.prepare('VACUUM INTO ?').run(target)
    syncFile(target)
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'EEXIST') throw new UserError(`${target} is in the way; remove it`)
    if (code?.startsWith('E') && code !== 'ERR_SQLITE_ERROR') {
      throw new UserError(`${target} cannot be written: ${messageOf(error)}`)
    }
    throw error
  }
}

function upgrade(file: string): void {
  const database = new DatabaseSync(file)
  try {
    migrate(database, file)
  } finally {
    database.close()
  }
}

/** Keeps what is live and says that everything before `revision` is gone. The file must not be open anywhere else. */
export function beginAnew(file: string, revision: Revision): void {
  const database = new DatabaseSync(file)
  try {
    database.exec(connectionPragmas)
    database.exec('BEGIN IMMEDIATE')
    database.function('row_checksum', { deterministic: true, varargs: true }, checksumOfRow)
    database.exec(`
      CREATE TEMP TABLE newest (id INTEGER PRIMARY KEY);
      INSERT INTO newest SELECT max(id) FROM log GROUP BY key;
      DELETE FROM kept WHERE value IS NULL OR id NOT IN (SELECT id FROM newest);
      INSERT INTO kept
        SELECT id, key, create_revision, time_ms, value, row_checksum(id, key, create_revision, time_ms, value) FROM log
        WHERE value IS NOT NULL AND id IN (SELECT id FROM newest) AND id NOT IN (SELECT id FROM kept);
      DELETE FROM packs;`)
    database
      .prepare('UPDATE counter SET revision = ?, compacted = ?, checksum = ?')
      .run(revision, revision, counterChecksum(revision, revision))
    database.exec('COMMIT')
  } finally {
    // Takes the write-ahead log into the file and removes it.
    database.close()
  }
  syncFile(file)
}

/** Takes the log of an old store into its file and answers with its newest revision; 0 where it can't be read any more. */
function settle(file: string): Revision {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file)
    return Math.max(
      numberOf(database, 'SELECT revision FROM counter'),
      Math.floor(numberOf(database, 'SELECT max(id) FROM log') / IDS_PER_REVISION),
    )
  } catch {
    return 0
  } finally {
    database?.close()
  }
}

/** The old file keeps a name; the new one takes its place in one step. */
function replace(file: string, successor: string): string | undefined {
  // A log that could not be taken into the old file must not be taken for the new one's.
  const hasLog = existsSync(`${file}-wal`)
  const replaced = `${file}.replaced`
  const existed = existsSync(file)
  removeDatabase(replaced)
  if (existed) linkSync(file, replaced)
  if (hasLog) renameSync(`${file}-wal`, `${replaced}-wal`)
  for (const suffix of ['-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
  syncDirectory(dirname(file))
  renameSync(successor, file)
  return existed ? replaced : undefined
}

function removeDatabase(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
}

function syncFile(file: string): void {
  const handle = openSync(file, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
