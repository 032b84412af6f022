import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { migrate, PAGE_BYTES } from '#store/sqlite/schema.ts'
import { VALUE_BYTES } from './common.ts'

/** About how many changes of such values the store keeps as history. */
export const HISTORY_ROWS = 25_000

const INSERT =
  'INSERT INTO kept (id, key, create_revision, time_ms, value, checksum) VALUES (?, ?, ?, ?, ?, ?)'

/** SQLite alone: adds a row for each change, so many in a transaction, and removes one for each where it works likewise. */
export class Raw {
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
    // Who has no row to remove yet works less.
    if (isLikewise) this.#fill(HISTORY_ROWS)
  }

  #fill(rows: number): void {
    const insert = this.#database.prepare(INSERT)
    this.#database.exec('BEGIN')
    for (let i = 0; i < rows; i++) this.#insert(insert, `/registry/pods/ns-0/pod-${i % 100}`)
    this.#database.exec('COMMIT')
  }

  /** Rows a second. */
  measure(lengthMs: number): number {
    const insert = this.#database.prepare(INSERT)
    const remove = this.#database.prepare('DELETE FROM kept WHERE id = ?')
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
}
