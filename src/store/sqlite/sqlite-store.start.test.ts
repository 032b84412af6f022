import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import type { Entry, Store, StoreEvent } from '../store.ts'
import { decode, encode, put, recorder, remove, settled } from '../testing/recorder.ts'
import { IDS_PER_REVISION } from './messages.ts'
import { packChecksum, packedHead } from './pack.ts'
import { migrate, PAGE_BYTES, SCHEMA_VERSION } from './schema.ts'
import { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts'
import { execute, numberIn } from './testing.ts'

const root = mkdtempSync(join(tmpdir(), 'proa-start-'))
after(() => rmSync(root, { recursive: true, force: true }))
let count = 0
const fresh = () => join(root, `${++count}`)
const open = (directory: string, more: Partial<SqliteStoreOptions> = {}) =>
  openSqliteStore({ directory, clock: systemClock, log: silentLog, ...more })
const stateOf = (directory: string) => join(directory, 'state.db')

/** A closed store of some size to do harm to. */
async function filled(): Promise<string> {
  const directory = fresh()
  const store = await open(directory)
  const value = encode('v'.repeat(1000))
  await Promise.all(Array.from({ length: 100 }, (_, i) => store.commit([{ key: `/${i}`, value }])))
  await store.close()
  return directory
}

async function refused(directory: string, sentence: RegExp): Promise<void> {
  await assert.rejects(open(directory), (error: unknown) => {
    assert.ok(error instanceof UserError, String(error))
    assert.match(error.message, sentence)
    assert.doesNotMatch(error.message, /\n/)
    return true
  })
}

/** Everything that can be asked of a store. */
async function portrait(store: Store) {
  const lists = []
  for (let revision = store.compactedRevision; revision <= store.revision; revision++) {
    const list = await store.list('', { revision })
    lists.push({ ...list, entries: list.entries.map(plain) })
  }
  const sink = recorder()
  const cancel = store.watch('', store.compactedRevision, sink)
  await settled()
  cancel()
  return {
    revision: store.revision,
    compacted: store.compactedRevision,
    lists,
    told: sink.groups.flat().map(told),
  }
}

const plain = (entry: Entry) => ({ ...entry, value: decode(entry.value) })
const told = (event: StoreEvent) => ({
  ...event,
  previous: event.previous && plain(event.previous),
  ...(event.type === 'put' && { entry: plain(event.entry) }),
})

test('a store comes back with its history and its revision', async () => {
  const directory = fresh()
  const store = await open(directory)
  for (let i = 0; i < 40; i++) {
    if (i % 4 === 3) await remove(store, `/${(i - 1) % 5}`)
    else await put(store, `/${i % 5}`, `${i}`)
  }
  const [one, two] = ['/multi/1', '/multi/2'].map(key => ({ key, value: encode('m') }))
  if (one && two) await store.commit([one, two])
  await store.compact(11)
  await put(store, '/last', 'x')
  await remove(store, '/last')
  const before = await portrait(store)
  await store.close()
  const again = await open(directory)
  assert.deepEqual(await portrait(again), before)
  // Nothing of the last commits is live, and still their revisions are not given out again.
  await again.compact(again.revision)
  await again.close()
  const third = await open(directory)
  assert.deepEqual([third.revision, third.compactedRevision], [before.revision, before.revision])
  assert.equal(await put(third, '/next', 'x'), before.revision + 1)
  await third.close()
})

test('only its owner can read the files, and sqlite opens them', async () => {
  const directory = await filled()
  assert.equal(statSync(directory).mode & 0o777, 0o700)
  assert.equal(statSync(stateOf(directory)).mode & 0o777, 0o600)
  const database = new DatabaseSync(stateOf(directory), { readOnly: true })
  const row = database.prepare('SELECT count(*) AS live, max(revision) AS top FROM current').get()
  database.close()
  assert.deepEqual({ ...row }, { live: 100, top: 100 })
})

test('a directory serves one process at a time, and a killed one frees it at once', async t => {
  const directory = fresh()
  const script = fileURLToPath(new URL('../testing/crash-writer.ts', import.meta.url))
  const child = spawn(process.execPath, [script, directory, '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  child.stdout.resume()
  await refused(directory, new RegExp(`in use by another proa \\(pid ${child.pid}\\)`))
  child.kill('SIGKILL')
  await once(child, 'close')
  const store = await open(directory)
  await refused(directory, new RegExp(`in use by another proa \\(pid ${process.pid}\\)`))
  await store.close()
  writeFileSync(join(directory, 'pid'), '1\n')
  const withStalePid = await open(directory)
  await withStalePid.close()
})

test('a file of a newer proa is refused and left as it is', async () => {
  const directory = await filled()
  const database = new DatabaseSync(stateOf(directory))
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`)
  database.close()
  const before = readFileSync(stateOf(directory))
  await refused(
    directory,
    new RegExp(
      `newer proa \\(schema version ${SCHEMA_VERSION + 1}, this one knows up to ${SCHEMA_VERSION}\\); install`,
    ),
  )
  assert.deepEqual(readFileSync(stateOf(directory)), before)
})

const harms: Record<string, { harm(file: string): void; says: RegExp }> = {
  'a truncated file': {
    harm: file => truncateSync(file, Math.floor(statSync(file).size / PAGE_BYTES / 2) * PAGE_BYTES),
    says: /state\.db is damaged .*restore it from a backup, or move it away/,
  },
  'a file of noise': {
    harm: file => writeFileSync(file, Buffer.alloc(50_000, 'noise')),
    says: /is damaged \(file is not a database\)/,
  },
  "somebody else's database": {
    harm(file) {
      rmSync(file)
      const database = new DatabaseSync(file)
      database.exec('CREATE TABLE other (x)')
      database.close()
    },
    says: /is not a proa database; move it away/,
  },
  'a missing table': {
    harm: file => execute(file, 'DROP TABLE packs'),
    says: /is damaged \(no such table: packs\)/,
  },
  'a missing counter': {
    harm: file => execute(file, 'DELETE FROM counter'),
    says: /is damaged \(the revision counter is missing\)/,
  },
  'a changed value': {
    harm: file => execute(file, 'UPDATE packs SET bytes = zeroblob(length(bytes)) WHERE id = 1024'),
    says: /is damaged \(the checksum of \/0 at revision 1 is wrong\)/,
  },
  'a changed key': {
    harm: file => execute(file, "UPDATE packs SET heads = replace(heads, '/7\"', '/8\"')"),
    says: /is damaged \(the checksum of the changes from 1024 to \d+ is wrong\)/,
  },
  'changes at other revisions': {
    harm: file => execute(file, 'UPDATE packs SET id = id - 1 WHERE id = 1024'),
    says: /is damaged \(the checksum of the changes from 1023 to \d+ is wrong\)/,
  },
  'a changed counter': {
    harm: file => execute(file, 'UPDATE counter SET compacted = 5'),
    says: /is damaged \(the checksum of the revision counter is wrong\)/,
  },
  'a delete of what never was': {
    harm(file) {
      const database = new DatabaseSync(file)
      const id = 101 * IDS_PER_REVISION
      const heads = `[${packedHead([0, '/100', 0, 5, 4, null])}]`
      database
        .prepare('INSERT INTO packs VALUES (?, ?, ?, ?, zeroblob(0))')
        .run(id, id, packChecksum(id, id, heads), heads)
      database.close()
    },
    says: /is damaged \(\/100 was deleted at 101 without having existed\)/,
  },
}

for (const [name, { harm, says }] of Object.entries(harms)) {
  test(`${name} is refused in one sentence`, async () => {
    const directory = await filled()
    harm(stateOf(directory))
    await refused(directory, says)
  })
}

test('a page of noise anywhere is refused, or was not in use', async () => {
  const original = await filled()
  const pages = statSync(stateOf(original)).size / PAGE_BYTES
  let refusals = 0
  for (let page = 0; page < pages; page++) {
    const directory = fresh()
    mkdirSync(directory)
    const bytes = readFileSync(stateOf(original))
    bytes.fill(0xa5, page * PAGE_BYTES, (page + 1) * PAGE_BYTES)
    writeFileSync(stateOf(directory), bytes)
    const store = await open(directory).catch(error => {
      assert.ok(error instanceof UserError, error.stack)
      refusals++
    })
    if (!store) continue
    assert.equal((await store.list('')).entries.length, 100)
    await store.close()
  }
  assert.ok(refusals >= pages - 3, `${refusals} of ${pages} pages`)
})

test('a file with pages of another size is written and tidied like any other', async () => {
  const directory = fresh()
  mkdirSync(directory)
  migrated(stateOf(directory))
  for (let start = 0; start < 3; start++) {
    const store = await open(directory, { history: { events: 10 } })
    for (let i = 0; i < 20; i++) await store.commit([{ key: '/a', value: encode(`${start} ${i}`) }])
    await store.close()
  }
  const store = await open(directory)
  assert.equal(store.revision, 60)
  assert.equal(Buffer.from((await store.get('/a'))?.value ?? []).toString(), '2 19')
  await store.close()
  assert.equal(pageBytesOf(stateOf(directory)), 4096)
  assert.equal(pageBytesOf(stateOf(await filled())), PAGE_BYTES)
})

test('a start that was killed halfway is finished by the next', async () => {
  const directory = fresh()
  mkdirSync(directory)
  writeFileSync(stateOf(directory), '')
  await (await open(directory)).close()
  const halfway = fresh()
  mkdirSync(halfway)
  execute(stateOf(halfway), 'PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL')
  const store = await open(halfway)
  assert.equal(await put(store, '/a', '1'), 1)
  await store.close()
})

test('a copy of the file is a backup', async () => {
  const directory = await filled()
  const copy = fresh()
  mkdirSync(copy)
  copyFileSync(stateOf(directory), stateOf(copy))
  const store = await open(copy)
  assert.equal((await store.list('')).entries.length, 100)
  await store.close()
})

test('a directory that cannot be is refused in one sentence', async () => {
  const file = join(root, 'a-file')
  writeFileSync(file, '')
  await refused(join(file, 'data'), /cannot be made: a file is in its way/)
  await refused(file, /cannot be made: a file is in its way/)
})

test('history that is too old goes away, from the disk as well', async () => {
  const directory = fresh()
  let nowMs = 1_000_000
  const timers: (() => void)[] = []
  const clock: Clock = {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    after: (_delayMs, callback) => {
      timers.push(callback)
      return () => {}
    },
  }
  const store = await open(directory, { clock, history: { ageMs: 60_000 } })
  for (let i = 0; i < 20; i++) await put(store, '/a', `${i}`)
  await remove(store, '/a')
  nowMs += 59_000
  await put(store, '/b', 'young')
  assert.equal(store.compactedRevision, 0)
  nowMs += 2_000
  timers.shift()?.()
  assert.equal(store.compactedRevision, 21)
  await store.close()
  const database = new DatabaseSync(stateOf(directory))
  const rows = database.prepare('SELECT key FROM log').all()
  database.close()
  assert.deepEqual(
    rows.map(row => row.key),
    ['/b'],
  )
})

test('renewing leases for ever does not make the file grow', async t => {
  const directory = fresh()
  const store = await open(directory, { history: { events: 500 } })
  t.after(() => store.close())
  const sizes: number[] = []
  const value = encode('l'.repeat(700))
  // 40 MB of log, more than it may have before it is copied into the file and begun anew.
  for (let round = 0; round < 8; round++) {
    for (let i = 0; i < 40; i++) {
      const renewals = Array.from({ length: 100 }, (_, n) =>
        store.commit([{ key: `/leases/${n % 50}`, value }]),
      )
      await Promise.all(renewals)
    }
    sizes.push(statSync(stateOf(directory)).size)
  }
  assert.equal(store.revision, 32_000)
  assert.ok(Math.max(...sizes) < 4e6, `after each 4,000 renewals: ${sizes} bytes`)
  assert.ok(Math.max(...sizes) > 0.4e6, 'the log was copied into the file')
  assert.ok(statSync(`${stateOf(directory)}-wal`).size < 26e6)
})

/** With the tables as a proa made them whose files had such pages. */
function migrated(file: string): void {
  const database = new DatabaseSync(file)
  database.exec(
    'PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; CREATE TABLE early (one INTEGER)',
  )
  database.exec('DROP TABLE early')
  migrate(database, file)
  database.close()
}

const pageBytesOf = (file: string) => numberIn(file, 'PRAGMA page_size')
