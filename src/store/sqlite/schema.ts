import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { UserError } from '#base/errors.ts'
import { checksumOf, counterChecksum, headOf, wholeOf } from './checksum.ts'
import { Damage } from './damage.ts'
import { IDS_PER_REVISION } from './messages.ts'

/**
 * The tables of `state.db` and how a file of an older proa gets them. Changes are written to `packs`, several in a row, in the order of revisions: those
 * of history, and of what was written shortly before. Of the oldest packs those changes that are still needed become rows of `kept`, one for each
 * key. So what is written again and again, which is most, is written once and goes with its pack, and what stays lies alone. The view `log` shows all changes
 * one by one.
 */

/** 'Proa' in ASCII: `file state.db` and others tell our files from somebody else's. */
export const APPLICATION_ID = 0x50726f61

/** Of a new file; one keeps what it was made with. Most transactions change a handful of pages, of which some hold little that is new. */
export const PAGE_BYTES = 4096

/**
 * For every connection. FULL makes each commit wait for the disk. The writer decides when the log is copied into the file (before SQLite would),
 * and a log of its usual size is used again rather than cut: writing over what is there costs less than growing. On macOS an fsync by itself
 * does not reach the disk, only a full one does; elsewhere that changes nothing.
 */
export const connectionPragmas = `
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA checkpoint_fullfsync = ON;
  PRAGMA wal_autocheckpoint = 8000;
  PRAGMA journal_size_limit = 25165824;
  PRAGMA secure_delete = FAST;
`

const firstSchema = `
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
`

/** Step n brings a file from version n to n + 1. A new file takes them all, so that it has the same tables as one that grew old. */
const migrations: readonly ((database: DatabaseSync) => void)[] = [
  database => database.exec(firstSchema),
  addChecksums,
  splitChecksums,
  addPacks,
]

export const SCHEMA_VERSION = migrations.length

function addChecksums(database: DatabaseSync): void {
  database.function('row_checksum', { deterministic: true }, (id, key, created, time, value) =>
    wholeOf(checksumOfRow(id, key, created, time, value)),
  )
  database.function('counter_checksum', { deterministic: true }, (revision, compacted) =>
    counterChecksum(Number(revision), Number(compacted)),
  )
  database.exec(`
    ALTER TABLE log ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    UPDATE log SET checksum = row_checksum(id, key, create_revision, time_ms, value);
    ALTER TABLE counter ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    UPDATE counter SET checksum = counter_checksum(revision, compacted);
  `)
}

/** Since then a row's checksum says something of its head alone, too. What is damaged must not become whole by it. */
function splitChecksums(database: DatabaseSync): void {
  database.function('split_checksum', (old, id, key, created, time, value) => {
    const checksum = checksumOfRow(id, key, created, time, value)
    if (wholeOf(checksum) !== Number(old)) throw new Damage(`the checksum of ${key} is wrong`)
    return checksum
  })
  database.exec(
    'UPDATE log SET checksum = split_checksum(checksum, id, key, create_revision, time_ms, value)',
  )
}

/** Until then `log` was a table of all changes. Its rows stay what they are. */
function addPacks(database: DatabaseSync): void {
  database.exec(`
    DROP VIEW current;
    ALTER TABLE log RENAME TO kept;
    CREATE TABLE packs (
      id INTEGER PRIMARY KEY,          -- of its first change
      last INTEGER NOT NULL,           -- the id of its last change
      checksum INTEGER NOT NULL,       -- of all but the values
      heads TEXT NOT NULL,             -- of each change [id - id of the first, key, create revision, time, where the value begins, its length]
      bytes BLOB NOT NULL              -- the values one after the other, each behind its CRC-32
    ) STRICT;
    CREATE VIEW log AS
      SELECT id, key, create_revision, time_ms, value FROM kept
      UNION ALL
      SELECT packs.id + json_extract(head.value, '$[0]'), json_extract(head.value, '$[1]'),
        json_extract(head.value, '$[2]'), json_extract(head.value, '$[3]'),
        CASE WHEN json_extract(head.value, '$[5]') IS NOT NULL
          THEN substr(bytes, 1 + json_extract(head.value, '$[4]'), json_extract(head.value, '$[5]')) END
      FROM packs JOIN json_each(packs.heads) AS head;
    CREATE VIEW current AS
      SELECT key, max(id) / ${IDS_PER_REVISION} AS revision, create_revision, value
      FROM log GROUP BY key HAVING value IS NOT NULL;
  `)
}

/** As a function of SQL: of the columns of a row of `kept` before its checksum. */
export function checksumOfRow(
  ...[id, key, created, time, value]: readonly SQLOutputValue[]
): number {
  const head = headOf(Number(id), String(key), Number(created), Number(time))
  return checksumOf(head, value as Uint8Array | null)
}

/** The schema version of a file; 0 when it is still empty. Throws a UserError for a file that this proa must not touch. */
export function schemaVersionOf(database: DatabaseSync, file: string): number {
  const version = numberOf(database, 'PRAGMA user_version')
  // A start that was killed halfway may have left a file without tables.
  if (numberOf(database, 'SELECT count(*) FROM sqlite_schema') === 0) return 0
  if (numberOf(database, 'PRAGMA application_id') !== APPLICATION_ID) {
    throw new UserError(
      `${file} is not a proa database; move it away or choose another data directory`,
    )
  }
  if (version > SCHEMA_VERSION) {
    throw new UserError(
      `${file} was written by a newer proa (schema version ${version}, this one knows up to ${SCHEMA_VERSION}); install a newer proa or choose another data directory`,
    )
  }
  return version
}

/** Brings a file up to date, each step whole or not at all; an empty one becomes a new store. */
export function migrate(database: DatabaseSync, file: string): void {
  const version = schemaVersionOf(database, file)
  // Both only take effect while the file is empty.
  if (version === 0) {
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`)
  }
  database.exec(`PRAGMA journal_mode = WAL; ${connectionPragmas}`)
  if (version === SCHEMA_VERSION) return
  database.exec('BEGIN IMMEDIATE')
  for (const step of migrations.slice(version)) step(database)
  database.exec(`
    PRAGMA application_id = ${APPLICATION_ID};
    PRAGMA user_version = ${SCHEMA_VERSION};
    COMMIT
  `)
}

export function numberOf(database: DatabaseSync, query: string): number {
  return Number(Object.values(database.prepare(query).get() ?? {})[0])
}
