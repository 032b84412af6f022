import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { messageOf, UserError } from '#base/errors.ts'
import type { Revision } from '../store.ts'
import { checksumOf, headOf } from './checksum.ts'
import { certainOfDamage, damagedFile, isDamage } from './damage.ts'
import { checkPages } from './database.ts'
import { eachRow, readCounter } from './rows.ts'
import { numberOf, SCHEMA_VERSION, schemaVersionOf } from './schema.ts'

/** What is in a store's file, after every page and every row of it was looked at. */
export interface FileReport {
  readonly schemaVersion: number
  /** Of all rows with their revisions: two files with the same hash hold the same. Eight hexadecimal digits. */
  readonly hash: string
  readonly revision: Revision
  readonly compactedRevision: Revision
  /** Live keys. */
  readonly keys: number
  /** Without the file's write-ahead log. */
  readonly bytes: number
}

/**
 * Checks a store's file whole; a process may be writing to it meanwhile. Throws a UserError for a file that is damaged, of an older or
 * newer proa, or none of proa's.
 */
export function inspectFile(file: string): FileReport {
  return certainOfDamage(file, () => inspectOnce(file))
}

function inspectOnce(file: string): FileReport {
  return readFile(file, database => {
    const version = schemaVersionOf(database, file)
    if (version < SCHEMA_VERSION) {
      throw new UserError(
        version === 0
          ? `${file} is empty`
          : `${file} was written by an older proa (schema version ${version}); proa brings it up to date when it is restored or started`,
      )
    }
    // One look for all that follows, however much is written meanwhile.
    database.exec('BEGIN')
    checkPages(database, 'integrity_check')
    return reportOf(database, file)
  })
}

function reportOf(database: DatabaseSync, file: string): FileReport {
  const counter = readCounter(database)
  let hash = crc32(`${counter.compacted}`)
  let revision = counter.revision
  const live = new Set<string>()
  eachRow(database, row => {
    const head = headOf(row.id, row.key, row.createRevision, row.timeMs)
    hash = crc32(`${checksumOf(head, row.value)}`, hash)
    revision = Math.max(revision, row.revision)
    if (row.value === null) live.delete(row.key)
    else live.add(row.key)
  })
  return {
    schemaVersion: numberOf(database, 'PRAGMA user_version'),
    hash: hash.toString(16).padStart(8, '0'),
    revision,
    compactedRevision: counter.compacted,
    keys: live.size,
    bytes: statSync(file).size,
  }
}

/** Opens a file only to read it, and explains what goes wrong. */
export function readFile<T>(file: string, read: (database: DatabaseSync) => T): T {
  if (!existsSync(file)) throw new UserError(`there is no file ${file}`)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
    return read(database)
  } catch (error) {
    if (error instanceof UserError) throw error
    if (isDamage(error)) throw damagedFile(file, error)
    throw new UserError(`${file} cannot be read: ${messageOf(error)}`)
  } finally {
    database?.close()
  }
}

/** A start of the store's owner holds the file for a moment. */
const BUSY_TIMEOUT_MS = 5000
