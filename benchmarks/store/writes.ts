import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { migrate, PAGE_BYTES } from '#store/sqlite/schema.ts'
import { commits, compare, openAt, SLICE_MS, say, VALUE_BYTES, whole } from './common.ts'

/** About how many changes of such values the store keeps as history. */
const HISTORY_ROWS = 25_000

/** What the store is compared with: node:sqlite, called from one thread, which computes nothing and waits for nobody. */
const RAW = {
  raw: 'adds the same rows to the same table, as many in a transaction as there are writers, synchronous=FULL, all else as SQLite comes (pages of 4 KB, the log copied each 1,000); it judges, checks and removes nothing',
  likewise: `the same with the store's pages of ${PAGE_BYTES / 1024} KB and copying of the log, and removes a row of history for each that it adds, as the store has to`,
}

/** Durable commits a second by 1, 16 and 128 writers, beside node:sqlite. */
export async function writes(directory: string): Promise<void> {
  for (const [name, does] of Object.entries(RAW)) say(`node:sqlite, ${name}`, does)
  for (const writers of [1, 16, 128]) {
    const store = await openAt(`${directory}-${writers}`)
    const raw = new Raw(`${directory}-${writers}/raw.db`, writers, false)
    const likewise = new Raw(`${directory}-${writers}/likewise.db`, writers, true)
    // Before that, nobody has a row to remove, and one writer would not come so far.
    while (store.revision < HISTORY_ROWS) await commits(store, 128)
    likewise.fill(HISTORY_ROWS)
    raw.measure(SLICE_MS)
    const what = `sqlite store, ${writers} ${writers === 1 ? 'writer' : 'writers'}`
    const asked = `80 % of raw${writers === 128 ? ', and 10,000 commits/s where SQLite alone has 22,000' : ''}`
    await compare(
      { what, asked },
      {
        raw: ms => raw.measure(ms),
        likewise: ms => likewise.measure(ms),
        ours: ms => commits(store, writers, ms),
      },
    )
    await store.close()
    raw.close()
    likewise.close()
  }
  say('memory store, 1 writer', `${whole(await commits(createMemoryStore(), 1))} commits/s`)
}

const INSERT =
  'INSERT INTO log (id, key, create_revision, time_ms, value, checksum) VALUES (?, ?, ?, ?, ?, ?)'

class Raw {
  readonly #database: DatabaseSync
  readonly #rows: number
  readonly #isLikewise: boolean
  #revision = 0

  constructor(file: string, rows: number, isLikewise: boolean) {
    this.#database = new DatabaseSync(file)
    this.#rows = rows
    this.#isLikewise = isLikewise
    // A file that has pages keeps their size.
    if (!isLikewise) {
      this.#database.exec('PRAGMA auto_vacuum = INCREMENTAL; CREATE TABLE early (one INTEGER)')
      this.#database.exec('DROP TABLE early')
    }
    migrate(this.#database, file)
    const logPages = isLikewise ? (16 * 1024 * 1024) / PAGE_BYTES : 1000
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${logPages}`)
  }

  fill(rows: number): void {
    const insert = this.#database.prepare(INSERT)
    this.#database.exec('BEGIN')
    for (let i = 0; i < rows; i++) this.#insert(insert, `/registry/pods/ns-0/pod-${i % 100}`)
    this.#database.exec('COMMIT')
  }

  /** Rows a second. */
  measure(lengthMs: number): number {
    const insert = this.#database.prepare(INSERT)
    const remove = this.#database.prepare('DELETE FROM log WHERE id = ?')
    const begin = this.#database.prepare('BEGIN IMMEDIATE')
    const commit = this.#database.prepare('COMMIT')
    const start = performance.now()
    let count = 0
    while (performance.now() - start < lengthMs) {
      begin.run()
      for (let i = 0; i < this.#rows; i++) {
        this.#insert(insert, `/registry/pods/ns-${i}/pod-${count++ % 100}`)
        const oldest = this.#revision - HISTORY_ROWS
        if (this.#isLikewise && oldest > 0) remove.run(oldest * 1024)
      }
      commit.run()
    }
    return (count / (performance.now() - start)) * 1000
  }

  #insert(insert: StatementSync, key: string): void {
    const revision = ++this.#revision
    const value = new Uint8Array(VALUE_BYTES)
    insert.run(revision * 1024, key, revision, 1_700_000_000_000, value, 4_000_000_000)
  }

  close(): void {
    this.#database.close()
  }
}
