import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import type { Clock } from '#base/clock.ts'
import { UserError } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { UnreadableValueError } from '../store.ts'
import { decode, encode, put, remove } from '../testing/recorder.ts'
import { loadDatabase } from './database.ts'
import { inspectFile } from './inspect.ts'
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.ts'
import { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts'
import { execute } from './testing.ts'
import { ValueFile } from './value-file.ts'

const root = mkdtempSync(join(tmpdir(), 'proa-integrity-'))
after(() => rmSync(root, { recursive: true, force: true }))
let count = 0
const fresh = () => join(root, `${++count}`)
const stateOf = (directory: string) => join(directory, 'state.db')
const open = (directory: string, more: Partial<SqliteStoreOptions> = {}) =>
  openSqliteStore({ directory, clock: systemClock, log: silentLog, ...more })

/** More with PROA_FLIPS, for a long run. */
const FLIPS = Number(process.env.PROA_FLIPS ?? 300)

/** The tables as the first version had them, with a key that changed, one that went, and one that is old. */
const versionOne = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  CREATE TABLE log (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, create_revision INTEGER NOT NULL, time_ms INTEGER NOT NULL, value BLOB
  ) STRICT;
  CREATE TABLE counter (
    one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL, compacted INTEGER NOT NULL
  ) STRICT;
  INSERT INTO counter VALUES (1, 3, 2);
  INSERT INTO log VALUES
    (1024, '/old', 1, 1000, 'x'), (2048, '/a', 2, 1000, 'one'), (3072, '/b', 3, 2000, ''),
    (4096, '/a', 2, 3000, 'two'), (5120, '/b', 0, 4000, NULL);
  CREATE VIEW current AS
    SELECT key, max(id) / 1024 AS revision, create_revision, value FROM log GROUP BY key HAVING value IS NOT NULL;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = 1;
`.replaceAll(/'(x|one|two|)'/g, "CAST('$1' AS BLOB)")

test('a file of the first version is brought up to date with all it holds', async () => {
  const directory = fresh()
  mkdirSync(directory)
  execute(stateOf(directory), versionOne)
  assert.throws(() => inspectFile(stateOf(directory)), /older proa \(schema version 1\)/)
  const store = await open(directory)
  assert.deepEqual([store.revision, store.compactedRevision], [5, 2])
  assert.equal(decode((await store.get('/a'))?.value), 'two')
  const { entries } = await store.list('', { revision: 3 })
  assert.deepEqual(
    entries.map(({ key, value, modRevision }) => [key, decode(value), modRevision]),
    [
      ['/a', 'one', 2],
      ['/b', '', 3],
      ['/old', 'x', 1],
    ],
  )
  await put(store, '/new', 'y')
  await store.close()
  assert.deepEqual([inspectFile(stateOf(directory)).schemaVersion], [SCHEMA_VERSION])
  assert.deepEqual(columnsOf(stateOf(directory)), columnsOf(stateOf(await filled(1))))
})

test('history of a file of the first version is forgotten like any other', async () => {
  const directory = fresh()
  mkdirSync(directory)
  execute(stateOf(directory), versionOne)
  const rows = () => {
    const database = new DatabaseSync(stateOf(directory), { readOnly: true })
    const found = database.prepare('SELECT id / 1024 AS revision, key FROM kept ORDER BY id').all()
    database.close()
    return found.map(({ revision, key }) => `${revision}${key}`)
  }
  for (const [revision, left] of [
    [3, ['1/old', '2/a', '3/b', '4/a', '5/b']],
    [4, ['1/old', '3/b', '4/a', '5/b']],
    [5, ['1/old', '4/a']],
  ] as const) {
    const store = await open(directory)
    await store.compact(revision)
    await store.close()
    assert.deepEqual(rows(), left)
  }
  const store = await open(directory)
  assert.deepEqual(
    (await store.list('')).entries.map(({ key }) => key),
    ['/a', '/old'],
  )
  await store.close()
})

for (const [when, heldBytes] of [
  ['at the start', 1e9],
  ['at the start or when its value is read', 0],
] as const) {
  test(`a flipped bit is found ${when}, or hit nothing that was in use (${FLIPS} flips)`, async t => {
    const found = await flip(heldBytes)
    t.diagnostic(`${found} of ${FLIPS} flips were found, the others hit what was not in use`)
    assert.ok(found > FLIPS / 2)
  })
}

/** How many flips were found. Throws where what is read afterwards is not what was written. */
async function flip(heldBytes: number): Promise<number> {
  const original = readFileSync(stateOf(await filled(60)))
  const directory = fresh()
  mkdirSync(directory)
  const whole = portrait(original, directory, heldBytes)
  let seed = 7
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  let found = 0
  for (let i = 0; i < FLIPS; i++) {
    const bytes = Buffer.from(original)
    const at = random(bytes.length)
    bytes[at] = (bytes[at] as number) ^ (1 << random(8))
    try {
      assert.deepEqual(portrait(bytes, directory, heldBytes), whole, `flip at ${at}`)
    } catch (error) {
      found++
      if (error instanceof UnreadableValueError) continue
      if (!(error instanceof UserError)) throw error
      assert.match(error.message, /is damaged|is not a proa database|newer proa/)
    }
  }
  return found
}

/** What is read from such a file; a UserError or an UnreadableValueError where it is refused. */
function portrait(bytes: Uint8Array, directory: string, heldBytes: number) {
  for (const suffix of ['-wal', '-shm']) rmSync(stateOf(directory) + suffix, { force: true })
  writeFileSync(stateOf(directory), bytes)
  const values = new ValueFile(stateOf(directory), silentLog, heldBytes)
  try {
    const { state } = loadDatabase(directory, 1e15, values)
    const lists = []
    for (let revision = state.compactedRevision; revision <= state.revision; revision++) {
      const { entries } = state.list('', { revision })
      lists.push(entries.map(entry => ({ ...entry, value: decode(entry.value) })))
    }
    return { revision: state.revision, lists }
  } finally {
    values.close()
  }
}

test('a clock that jumps moves no history away, and keeps none for ever', async () => {
  const clock = clockInHand()
  const directory = fresh()
  const store = await open(directory, { clock, history: { ageMs: 60_000 } })
  await put(store, '/a', '1')
  clock.jump(365 * 86_400_000)
  clock.pass(5000)
  assert.equal(store.compactedRevision, 0, 'a jump forward is no age')
  await put(store, '/a', '2')
  clock.jump(-2 * 365 * 86_400_000)
  await put(store, '/a', '3')
  clock.pass(30_000)
  assert.equal(store.compactedRevision, 0)
  clock.pass(31_000)
  assert.equal(store.compactedRevision, 3, 'a jump back keeps nothing longer')
  await put(store, '/a', '4')
  await store.close()
  // The next start is years before what the file says of its commits.
  clock.jump(-365 * 86_400_000)
  const again = await open(directory, { clock, history: { ageMs: 60_000 } })
  clock.pass(30_000)
  assert.equal(again.compactedRevision, 3)
  clock.pass(31_000)
  assert.equal(again.compactedRevision, 4)
  await again.close()
})

/** Time that passes when told to, with a wall clock that jumps. */
function clockInHand() {
  let wall = 1_700_000_000_000
  let monotonic = 0
  const timers = new Set<{ at: number; callback: () => void }>()
  return {
    now: () => wall,
    monotonicMs: () => monotonic,
    after(delayMs: number, callback: () => void) {
      const timer = { at: monotonic + delayMs, callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    jump(byMs: number) {
      wall += byMs
    },
    pass(ms: number) {
      wall += ms
      monotonic += ms
      for (const timer of [...timers]) {
        if (timer.at > monotonic) continue
        timers.delete(timer)
        timer.callback()
      }
    },
  } satisfies Clock & Record<string, unknown>
}

async function filled(commits: number): Promise<string> {
  const directory = fresh()
  const store = await open(directory)
  for (let i = 0; i < commits; i++) {
    if (i % 7 === 6) await remove(store, `/key/${(i - 1) % 20}`)
    else await put(store, `/key/${i % 20}`, `${i}`.repeat((i * 37) % 900))
  }
  await store.commit([{ key: '/large', value: encode('L'.repeat(9000)) }])
  await store.close()
  return directory
}

function columnsOf(file: string) {
  const database = new DatabaseSync(file, { readOnly: true })
  const found = ['log', 'counter', 'current'].map(table =>
    database
      .prepare('SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)')
      .all(table)
      .map(row => ({ ...row })),
  )
  database.close()
  return found
}
