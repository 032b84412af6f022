import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { checksumOfRow } from '#store/sqlite/schema.ts'
import { fill, openAt, say, whole } from './common.ts'

const KEYS = { some: 50_000, full: 1_000_000 }

/** Then `log` was a table of all changes, and checksums had 32 bits. */
const asVersionTwo = `
  INSERT INTO kept
    SELECT id, key, create_revision, time_ms, value, row_checksum(id, key, create_revision, time_ms, value)
    FROM log WHERE id NOT IN (SELECT id FROM kept);
  DROP VIEW current;
  DROP VIEW log;
  DROP TABLE packs;
  ALTER TABLE kept RENAME TO log;
  CREATE VIEW current AS SELECT key FROM log;
  UPDATE log SET checksum = checksum & 0xffffffff;
  PRAGMA user_version = 2;
`

/** How long a start takes that brings a file of schema version 2 up to date: each row is compared with its checksum, and written again. */
export async function migration(directory: string, isFull: boolean): Promise<void> {
  const keys = isFull ? KEYS.full : KEYS.some
  const store = await openAt(directory)
  await fill(store, keys)
  await store.close()
  const database = new DatabaseSync(join(directory, 'state.db'))
  database.function('row_checksum', { varargs: true }, checksumOfRow)
  database.exec(asVersionTwo)
  database.close()
  const before = process.threadCpuUsage()
  const start = performance.now()
  const again = await openAt(directory)
  const { user, system } = process.threadCpuUsage(before)
  const [ms, cpuMs] = [performance.now() - start, (user + system) / 1000]
  say(
    `open ${whole(keys)} keys of schema version 2`,
    `${ms.toFixed(0)} ms (${cpuMs.toFixed(0)} ms of the processor), ${((1000 * ms) / keys).toFixed(0)} µs a row`,
  )
  await again.close()
}
