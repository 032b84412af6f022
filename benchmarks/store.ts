import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import type { Store } from '#store'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { openSqliteStore } from '#store/sqlite/sqlite-store.ts'

/**
 * Commits a second of the store, beside what node:sqlite itself can do on the same disk in the same run:
 * one row a transaction with a full sync (the limit for a lone writer) and many rows a transaction
 * (the limit for many writers). Then how long a start takes. Values are of the size of a small pod.
 */
const VALUE_BYTES = 1000
const SPAN_MS = 2000

export async function run(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'proa-bench-'))
  try {
    // The raw limit before and after, since a shared disk drifts.
    report('node:sqlite, full sync, 1 row a transaction', rawLimit(join(root, 'raw1.db'), 1))
    report('the same, 128 commits in each transaction', rawLimit(join(root, 'raw128.db'), 128))
    for (const writers of [1, 16, 128]) {
      const directory = join(root, `sqlite-${writers}`)
      const store = await openSqliteStore({ directory, clock: systemClock, log: silentLog })
      report(`sqlite store, ${plural(writers, 'writer')}`, await commitsASecond(store, writers))
      await store.close()
    }
    report('node:sqlite again, 1 row a transaction', rawLimit(join(root, 'raw2.db'), 1))
    report('memory store, 1 writer', await commitsASecond(createMemoryStore(), 1))
    await reads()
    await starts(root)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function rawLimit(file: string, rows: number): number {
  const database = new DatabaseSync(file)
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE log (id INTEGER PRIMARY KEY, key TEXT, value BLOB)',
  )
  const insert = database.prepare('INSERT INTO log (key, value) VALUES (?, ?)')
  const value = new Uint8Array(VALUE_BYTES)
  const start = performance.now()
  let count = 0
  while (performance.now() - start < SPAN_MS) {
    database.exec('BEGIN')
    for (let i = 0; i < rows; i++) insert.run(`/registry/pods/default/pod-${count++}`, value)
    database.exec('COMMIT')
  }
  const perSecond = (count / (performance.now() - start)) * 1000
  database.close()
  return perSecond
}

async function commitsASecond(store: Store, writers: number): Promise<number> {
  // The first commit waits for the writer thread to start, which is not what is measured here.
  await store.commit([{ key: '/first', value: new Uint8Array(1) }])
  const start = performance.now()
  let count = 0
  const write = async (writer: number) => {
    while (performance.now() - start < SPAN_MS) {
      const key = `/registry/pods/ns-${writer}/pod-${count++ % 100}`
      const result = await store.commit([{ key, value: new Uint8Array(VALUE_BYTES) }])
      if (!result.ok) throw new Error('an unconditional write conflicted')
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  return (count / (performance.now() - start)) * 1000
}

async function reads(): Promise<void> {
  const store = createMemoryStore()
  const value = new Uint8Array(VALUE_BYTES)
  for (let i = 0; i < 100_000; i++) {
    await store.commit([{ key: `/registry/pods/ns-${i % 100}/pod-${i}`, value }])
  }
  for (let i = 0; i < 10; i++) await store.commit([{ key: `/registry/nodes/${i}`, value }])
  const each = async (times: number, prefix: string, limit: number) => {
    const start = performance.now()
    for (let i = 0; i < times; i++) await store.list(prefix, { limit })
    return ((performance.now() - start) / times) * 1000
  }
  say('list 10 of 100,000 keys', `${(await each(10_000, '/registry/nodes/', 0)).toFixed(1)} µs`)
  say('list a page of 500 of them', `${(await each(1000, '/registry/pods/', 500)).toFixed(1)} µs`)
  say('list all of them', `${((await each(10, '/registry/', 0)) / 1000).toFixed(1)} ms`)
}

async function starts(root: string): Promise<void> {
  for (const keys of [0, 10_000, 100_000]) {
    const options = { directory: join(root, `start-${keys}`), clock: systemClock, log: silentLog }
    if (keys > 0) {
      const store = await openSqliteStore(options)
      for (let i = 0; i < keys; i += 1000) {
        const commits = Array.from({ length: 1000 }, (_, n) =>
          store.commit([
            {
              key: `/registry/pods/ns-${n % 100}/pod-${i + n}`,
              value: new Uint8Array(VALUE_BYTES),
            },
          ]),
        )
        await Promise.all(commits)
      }
      await store.close()
    }
    const start = performance.now()
    const store = await openSqliteStore(options)
    const openMs = performance.now() - start
    await store.commit([{ key: '/first', value: new Uint8Array(1) }])
    const committedMs = performance.now() - start
    const megabytes = statSync(join(options.directory, 'state.db')).size / 1e6
    say(
      `open with ${keys.toLocaleString('en')} keys (${megabytes.toFixed(1)} MB)`,
      `${openMs.toFixed(0)} ms, first commit durable after ${committedMs.toFixed(0)} ms`,
    )
    await store.close()
  }
}

function report(what: string, perSecond: number): void {
  say(what, `${Math.round(perSecond).toLocaleString('en')} commits/s`)
}

function say(what: string, figure: string): void {
  console.log(`${what.padEnd(50)} ${figure}`)
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
