import { DatabaseSync } from 'node:sqlite'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { migrate } from '#store/sqlite/schema.ts'
import { commits, compare, openAt, SLICE_MS, say, VALUE_BYTES, whole } from './common.ts'

/**
 * Durable commits a second by 1, 16 and 128 writers, beside node:sqlite with the same table, rows and settings and as many rows a
 * transaction as there are writers: it computes nothing, forgets nothing and waits for nobody.
 */
export async function writes(directory: string): Promise<void> {
  for (const writers of [1, 16, 128]) {
    const store = await openAt(`${directory}-${writers}`)
    const limit = new RawLimit(`${directory}-${writers}/raw.db`, writers)
    // The first commit waits for the writer thread to start, which is not what is measured here.
    await commits(store, writers)
    limit.measure()
    const what = `sqlite store, ${writers} ${writers === 1 ? 'writer' : 'writers'}`
    const asked = `80 %${writers === 128 ? ', and 10,000 commits/s where SQLite alone has 22,000' : ''}`
    await compare(
      { what, asked },
      { limit: () => limit.measure(), ours: () => commits(store, writers) },
    )
    await store.close()
    limit.close()
  }
  say('memory store, 1 writer', `${whole(await commits(createMemoryStore(), 1))} commits/s`)
}

class RawLimit {
  readonly #database: DatabaseSync
  readonly #rows: number
  #revision = 0

  constructor(file: string, rows: number) {
    this.#database = new DatabaseSync(file)
    migrate(this.#database, file)
    // What SQLite does by itself; the store copies its log more seldom.
    this.#database.exec('PRAGMA wal_autocheckpoint = 1000')
    this.#rows = rows
  }

  /** Rows a second. */
  measure(): number {
    const insert = this.#database.prepare(
      'INSERT INTO log (id, key, create_revision, time_ms, value, checksum) VALUES (?, ?, ?, ?, ?, ?)',
    )
    const begin = this.#database.prepare('BEGIN IMMEDIATE')
    const commit = this.#database.prepare('COMMIT')
    const start = performance.now()
    let count = 0
    while (performance.now() - start < SLICE_MS) {
      begin.run()
      for (let i = 0; i < this.#rows; i++) {
        const revision = ++this.#revision
        const value = new Uint8Array(VALUE_BYTES)
        const key = `/registry/pods/ns-${i}/pod-${count++ % 100}`
        insert.run(revision * 1024, key, revision, 1_700_000_000_000, value, 4_000_000_000)
      }
      commit.run()
    }
    return (count / (performance.now() - start)) * 1000
  }

  close(): void {
    this.#database.close()
  }
}
