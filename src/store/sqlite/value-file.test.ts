import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Log } from '#base/log.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { type Entry, type Store, UnreadableValueError } from '../store.ts'
import { decode, put, recorder, remove, settled, show } from '../testing/recorder.ts'
import { loadDatabase } from './database.ts'
import { FileEntry } from './file-entry.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { execute, numberIn } from './testing.ts'
import { ValueFile } from './value-file.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Stores whose values stay in the file, as those of a million objects do. */
const root = mkdtempSync(join(tmpdir(), 'proa-values-'))
after(() => rmSync(root, { recursive: true, force: true }))
let directories = 0
const fresh = () => join(root, `${++directories}`)
const open = (directory: string, log: Log = silentLog, heldBytes = 100) =>
  openSqliteStore({ directory, clock: systemClock, log, heldBytes })
const text = (i: number) => `${i} `.repeat(20)
const isHeld = (entry: Entry | undefined) => entry instanceof FileEntry && entry.isHeld

type Form = 'in packs' | 'in rows'

/** Values may lie in packs, where they were written, or alone, where packs have left. */
function inBothForms(name: string, body: (form: Form) => Promise<void>): void {
  for (const form of ['in packs', 'in rows'] as const) test(`${name} (${form})`, () => body(form))
}

/** Reopened, so that nothing of it is in memory yet. */
async function filled(keys: number, form: Form): Promise<{ directory: string; store: Store }> {
  const directory = fresh()
  const store = await open(directory)
  await Promise.all(Array.from({ length: keys }, (_, i) => put(store, `/k/${i}`, text(i))))
  // Packs leave when they were old for some time.
  for (let i = 0; i < (form === 'in rows' ? 8 : 1); i++) await store.compact(store.revision)
  await store.close()
  assert.equal(count(directory, 'packs') === 0, form === 'in rows')
  return { directory, store: await open(directory) }
}

const count = (directory: string, table: string) =>
  numberIn(join(directory, 'state.db'), `SELECT count(*) FROM ${table}`)

inBothForms(
  'values are read when somebody asks, and let go when others take their room',
  async form => {
    const { store } = await filled(300, form)
    const entries = (await store.list('/k/')).entries
    assert.equal(entries.filter(isHeld).length, 0)
    assert.equal(decode(entries[7]?.value), text(104))
    assert.ok(isHeld(entries[7]))
    for (const { key, value, size } of entries) {
      assert.equal(decode(value), text(Number(key.slice(3))))
      assert.equal(size, value.length)
    }
    assert.ok(entries.filter(isHeld).length < 3)
    const page = await store.list('/k/', { limit: 50 })
    assert.deepEqual(
      show(page),
      page.entries.map(({ key }) => `${key}=${text(Number(key.slice(3)))}`),
    )
    await store.close()
  },
)

inBothForms(
  'whoever has an entry can read its value, whatever was written and forgotten since',
  async form => {
    const { store } = await filled(20, form)
    const sink = recorder()
    store.watch('/k/', store.revision, sink)
    const before = (await store.list('/k/')).entries
    for (let i = 0; i < 20; i += 2) await put(store, `/k/${i}`, 'new')
    for (let i = 1; i < 20; i += 2) await remove(store, `/k/${i}`)
    await store.compact(store.revision)
    // The rows leave the file beside a commit.
    await put(store, '/other', 'x')
    await put(store, '/other', 'y')
    const told = sink.groups.flat()
    assert.equal(told.length, 20)
    for (const { previous } of told) {
      const number = Number(previous?.key.slice(3))
      assert.equal(decode(previous?.value), text(number))
    }
    for (const { key, value } of before) assert.equal(decode(value), text(Number(key.slice(3))))
    await store.close()
  },
)

test('values whose rows go together are read together, but large ones one by one', async t => {
  const directory = fresh()
  const store = await open(directory)
  const large = 'large '.repeat(5000)
  const wanted = Array.from({ length: 30 }, (_, i) => (i % 10 === 3 ? `${i} ${large}` : text(i)))
  await Promise.all(wanted.map((value, i) => put(store, `/k/${i}`, value)))
  await store.close()

  const file = new ValueFile(join(directory, 'state.db'), silentLog, 0)
  t.after(() => file.close())
  const { entries: going } = loadDatabase(directory, 1e15, file).state.list('/k/')
  const reads = t.mock.method(StatementSync.prototype, 'get')
  file.keep(going)
  const packs = new Set(going.map(entry => entry instanceof FileEntry && entry.pack))
  assert.equal(reads.mock.callCount(), packs.size)
  assert.ok(going.every(isHeld))
  for (const { key, value } of going) assert.equal(decode(value), wanted[Number(key.slice(3))])
  assert.equal(reads.mock.callCount(), packs.size)
})

inBothForms(
  'whoever reads all pages takes no room of values that were written or asked for',
  async form => {
    const { store } = await filled(300, form)
    const key = '/k/7'
    const asked = await store.get(key)
    assert.equal(decode(asked?.value), text(7))
    for (let page = await store.list('/k/', { limit: 50 }); page.entries.length > 0; ) {
      const start = `${page.entries.at(-1)?.key}\0`
      assert.ok(isHeld(asked), `before ${start}`)
      page = await store.list('/k/', { start, limit: 50 })
    }
    assert.ok(isHeld(asked))
    await store.close()
  },
)

inBothForms('values of a page that were all asked for make room for the next page', async form => {
  const { directory, store: small } = await filled(60, form)
  await small.close()
  const store = await open(directory, silentLog, 5000)
  const read = async (start: string) => (await store.list('/k/', { start, limit: 10 })).entries
  const [used, other] = [await read('/k/1'), await read('/k/3')]
  assert.ok([...used, ...other].every(isHeld))
  for (const { key, value } of [...used, ...other.slice(1)])
    assert.equal(decode(value), text(Number(key.slice(3))))
  await read('/k/5')
  assert.deepEqual([...used, ...other].filter(isHeld), other, 'nobody asked for one of them yet')
  await store.close()
})

inBothForms('values of a page are let go together, but not one whose row is gone', async form => {
  const { store } = await filled(300, form)
  const read = async (start: string) => (await store.list('/k/', { start, limit: 50 })).entries
  const page = await read('/k/1')
  assert.ok(page.every(isHeld))
  const [first, second] = page
  assert.notEqual(first?.value, second?.value)
  assert.equal(decode(second?.value), text(Number(second?.key.slice(3))))
  await put(store, first?.key ?? '', 'new')
  await store.compact(store.revision)
  await put(store, '/other', 'x')
  await read('/k/2')
  // Of rows the page has entries of its own, and the store the one that keeps the value.
  const kept = form === 'in packs' ? [first] : []
  assert.deepEqual(page.filter(isHeld), kept, 'the file has the others')
  for (const { key, value } of page) assert.equal(decode(value), text(Number(key.slice(3))))
  await store.close()
})

test('pages whose values lie in the same many packs read each pack once', async t => {
  const directory = fresh()
  const store = await open(directory)
  const [pages, size] = [32, 40]
  const long = (i: number) => text(i).repeat(6)
  for (let i = 0; i < size; i++)
    await Promise.all(
      Array.from({ length: pages }, (_, page) => put(store, `/${page}/${i}`, long(i))),
    )
  await store.close()
  // Room for the packs, but not for the whole file.
  const file = new ValueFile(join(directory, 'state.db'), silentLog, 450_000)
  t.after(() => file.close())
  const { state } = loadDatabase(directory, 1e15, file)
  const reads = t.mock.method(StatementSync.prototype, 'get')
  for (let page = 0; page < pages; page++) {
    const { entries } = state.list(`/${page}/`)
    file.readAhead(entries)
    assert.ok(entries.length === size && entries.every(isHeld))
    for (const { key, value } of entries)
      assert.equal(decode(value), long(Number(key.split('/')[2])))
  }
  const took = reads.mock.callCount()
  // The first page takes what is not held yet by one more statement.
  assert.ok(took >= size && took <= count(directory, 'packs') + 1, `${took} reads`)
})

test('history of keys that nobody looked at yet is whole', async () => {
  const directory = fresh()
  const first = await open(directory)
  for (let i = 0; i < 30; i++) await put(first, `/k/${i}`, text(i))
  await first.compact(first.revision)
  await put(first, '/k/3', 'changed')
  await remove(first, '/k/4')
  await put(first, '/k/4', 'again')
  await put(first, '/k/31', 'new')
  await remove(first, '/k/31')
  await remove(first, '/k/5')
  await first.close()
  const store = await open(directory)
  const sink = recorder()
  store.watch('/k/', 30, sink)
  await settled()
  assert.deepEqual(
    sink.groups.flat().map(event => [event.type, event.revision, decode(event.previous?.value)]),
    [
      ['put', 31, text(3)],
      ['delete', 32, text(4)],
      ['put', 33, undefined],
      ['put', 34, undefined],
      ['delete', 35, 'new'],
      ['delete', 36, text(5)],
    ],
  )
  assert.equal((await store.list('/k/')).entries.length, 29)
  const then = await store.list('/k/', { revision: 30 })
  assert.deepEqual(
    show(then).sort(),
    Array.from({ length: 30 }, (_, i) => `/k/${i}=${text(i)}`).sort(),
  )
  assert.equal((await store.commit([{ key: '/k/5', value: null, expected: 0 }])).ok, true)
  assert.equal((await store.commit([{ key: '/k/6', value: null, expected: 0 }])).ok, false)
  await store.close()
})

inBothForms(
  'a value that the disk changed is refused, told to the log, and nothing else is',
  async form => {
    const { directory, store } = await filled(20, form)
    await store.close()
    execute(
      join(directory, 'state.db'),
      form === 'in packs'
        ? `UPDATE packs SET bytes = CAST(replace(CAST(bytes AS TEXT), '7 7', '7 8') AS BLOB)`
        : "UPDATE kept SET value = CAST('bad' AS BLOB) WHERE key = '/k/7'",
    )
    const errors: unknown[] = []
    const log = { ...silentLog, error: (message: string) => void errors.push(message) }
    const again = await open(directory, log)
    const entry = await again.get('/k/7')
    assert.throws(
      () => entry?.value,
      (error: unknown) =>
        error instanceof UnreadableValueError &&
        /^the value of \/k\/7 at revision 8 cannot be read: its checksum is wrong$/.test(
          error.message,
        ),
    )
    assert.match(String(errors), /cannot be read; run proa check/)
    assert.equal(decode((await again.get('/k/6'))?.value), text(6))
    const { entries } = await again.list('/k/', { limit: 20 })
    const others = entries.filter(({ key }) => key !== '/k/7')
    assert.deepEqual(
      entries.filter(isHeld),
      others,
      'it keeps nobody else from being read together',
    )
    assert.throws(() => entries.map(({ value }) => value), UnreadableValueError)
    await again.close()
  },
)

inBothForms(
  'a key that the disk changed is found at the start, without reading values',
  async form => {
    const { directory, store } = await filled(20, form)
    await store.close()
    execute(
      join(directory, 'state.db'),
      form === 'in packs'
        ? `UPDATE packs SET heads = replace(heads, '/k/7"', '/k/700"')`
        : "UPDATE kept SET key = '/k/700' WHERE key = '/k/7'",
    )
    const what = form === 'in packs' ? 'the changes from 1024 to' : '\\/k\\/700 in row'
    await assert.rejects(open(directory), new RegExp(`is damaged \\(the checksum of ${what}`))
  },
)

test('a value is found wherever its pack is, whatever is known of that', async () => {
  const { directory, store } = await filled(20, 'in packs')
  const entry = (await store.list('/k/7')).entries[0]
  assert.ok(entry instanceof FileEntry && entry.pack)
  // As where a damaged pack before it keeps it in the file.
  entry.pack.leaves = 'gone'
  assert.equal(decode(entry.value), text(7))
  entry.letGo()
  entry.pack.leaves = 'soon'
  // The main thread hears later that a pack has left than the file shows it.
  for (let i = 0; i < 8; i++) await store.compact(store.revision)
  await store.close()
  const again = await open(directory)
  const file = new ValueFile(join(directory, 'state.db'), silentLog, 0)
  assert.equal(count(directory, 'packs'), 0)
  assert.equal(decode(file.read(entry)), text(7))
  file.close()
  await again.close()
})

inBothForms('after close a value that is not held is refused in one sentence', async form => {
  const { store } = await filled(20, form)
  const entry = await store.get('/k/1')
  await store.close()
  assert.throws(() => entry?.value, /cannot be read: the store is closed/)
})

test('values that history forgets leave the memory, however long the disk takes to remove them', async () => {
  const directory = fresh()
  const store = await open(directory)
  await put(store, '/k/1', 'x')
  const megabytes = async () => {
    for (let i = 0; i < 3; i++) {
      collect()
      await pause(50)
    }
    return process.memoryUsage().arrayBuffers / 1024 / 1024
  }
  const before = await megabytes()
  for (let i = 0; i < 200; i++) await put(store, '/k/1', String(i % 10).repeat(100_000))
  const other = new DatabaseSync(join(directory, 'state.db'))
  other.exec('BEGIN IMMEDIATE')
  await store.compact(store.revision)
  await pause(50)
  const held = (await megabytes()) - before
  other.exec('ROLLBACK')
  other.close()
  await store.close()
  assert.ok(held < 10, `${held} MB`)
})
