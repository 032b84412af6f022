import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Clock } from '#base/clock.ts'
import { type Log, silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { CompactedError } from '../store.ts'
import { decode, put, recorder } from '../testing/recorder.ts'
import { REVISION_BUMP, restoreSnapshot, saveSnapshot } from './snapshot.ts'
import { openSqliteStore } from './sqlite-store.ts'

const root = mkdtempSync(join(tmpdir(), 'proa-noted-'))
after(() => rmSync(root, { recursive: true, force: true }))
let count = 0
const fresh = () => join(root, `${++count}`)

/** A clock whose waits the test ends itself. */
function clockInHand() {
  const waiting: (() => void)[] = []
  const clock: Clock = {
    ...systemClock,
    after(_ms, callback) {
      waiting.push(callback)
      return () => waiting.splice(waiting.indexOf(callback), 1)
    },
  }
  const tick = () => {
    for (const callback of waiting.splice(0)) callback()
  }
  return { clock, tick }
}

/** What a log was told as an error. */
function errorsOf() {
  const errors: Record<string, unknown>[] = []
  const log: Log = {
    ...silentLog,
    error: (message, fields) => void errors.push({ message, ...fields }),
  }
  return { errors, log }
}

const open = (directory: string, { clock = systemClock, log = silentLog } = {}) =>
  openSqliteStore({ directory, clock, log })

/** The files of a store that is in use, as somebody copies them. */
function copied(from: string, names: readonly string[]): string {
  const directory = fresh()
  mkdirSync(directory)
  for (const name of names) copyFileSync(join(from, name), join(directory, name))
  return directory
}

/** A store with 20 keys in its file and 30 more in its log, which were noted; still open. */
async function busy() {
  const directory = fresh()
  const first = await open(directory)
  for (let i = 0; i < 20; i++) await put(first, `/${i}`, 'in the file')
  await first.close()
  const { clock, tick } = clockInHand()
  const store = await open(directory, { clock })
  for (let i = 20; i < 50; i++) await put(store, `/${i}`, 'in the log')
  tick()
  return { directory, store }
}

test('a log that is gone is told of, and no revision is given out twice', async () => {
  const { directory, store } = await busy()
  const without = copied(directory, ['state.db', 'revision'])
  await store.close()

  const { errors, log } = errorsOf()
  const left = await open(without, { log })
  assert.deepEqual(
    errors.map(({ revision, reached, goesOnAt }) => [revision, reached, goesOnAt]),
    [[20, 50, 50 + REVISION_BUMP]],
  )
  assert.match(String(errors[0]?.message), /was state\.db-wal removed/)
  const { entries } = await left.list('')
  assert.deepEqual(
    entries.map(({ value }) => decode(value)),
    Array(20).fill('in the file'),
  )
  assert.equal(await put(left, '/next', 'x'), 50 + REVISION_BUMP + 1)
  await assert.rejects(left.list('', { revision: 30 }), CompactedError)
  const sink = recorder()
  assert.throws(() => left.watch('', 40, sink), CompactedError)
  await left.close()

  // It is told once.
  const again = errorsOf()
  const calm = await open(without, again)
  assert.deepEqual(again.errors, [])
  assert.equal(calm.revision, 50 + REVISION_BUMP + 1)
  await calm.close()
})

test('an older file in its place is told of', async () => {
  const directory = fresh()
  const store = await open(directory)
  await put(store, '/old', 'x')
  await store.close()
  const old = readFileSync(join(directory, 'state.db'))
  const next = await open(directory)
  await put(next, '/new', 'x')
  await next.close()
  writeFileSync(join(directory, 'state.db'), old)
  const { errors, log } = errorsOf()
  const left = await open(directory, { log })
  assert.equal(errors.length, 1)
  assert.equal(left.revision, 2 + REVISION_BUMP)
  await left.close()
})

test('a log in its place, no note and a note of nothing say nothing', async () => {
  const { directory, store } = await busy()
  const whole = copied(directory, ['state.db', 'state.db-wal', 'revision'])
  const unnoted = copied(directory, ['state.db'])
  const torn = copied(directory, ['state.db'])
  writeFileSync(join(torn, 'revision'), '\0'.repeat(17))
  await store.close()
  for (const [files, revision] of [
    [whole, 50],
    [unnoted, 20],
    [torn, 20],
  ] as const) {
    const { errors, log } = errorsOf()
    const left = await open(files, { log })
    assert.deepEqual([left.revision, errors], [revision, []])
    await left.close()
  }
})

test('a restore goes beyond what was noted, too', async () => {
  const { directory, store } = await busy()
  await store.close()
  const saved = join(root, 'saved.db')
  saveSnapshot(copied(directory, ['state.db']), saved)
  const lost = copied(directory, ['revision'])
  writeFileSync(join(lost, 'revision'), '0000000000000900\n')
  assert.equal(restoreSnapshot(lost, saved).revision, 900 + REVISION_BUMP)
})
