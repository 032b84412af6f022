import assert from 'node:assert/strict'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { openSqliteStore } from '../../sqlite/sqlite-store.ts'
import { encode } from '../recorder.ts'
import { DiskControl } from './control.ts'

/**
 * Writers on a disk whose fsync ends when we say so, run by sqlite-store.fault.test.ts with `disk.c` before it. What is written while
 * one fsync runs waits for that and for the next one, which all of it shares; nobody sees it before. No clock judges, so that a busy
 * machine does not matter. Prints, as JSON, how many writes there were and how many fsyncs. Arguments: data directory, control file,
 * writers, rounds.
 */
const [directory = '', controlFile = '', ...numbers] = process.argv.slice(2)
const [writers = 0, rounds = 0] = numbers.map(Number)
const PATIENCE_MS = 60_000
const control = DiskControl.open(controlFile)
const store = await openSqliteStore({ directory, clock: systemClock, log: silentLog })
// The first commit begins the log, which is a sync of its own.
await store.commit([{ key: '/first', value: encode('x') }])
const shown = new Set<string>()
const answered = new Set<string>()
store.watch('/w', store.revision, {
  events(events) {
    for (const event of events) {
      assert.ok(event.type === 'put')
      shown.add(event.entry.key)
    }
  },
  end: () => {},
})

async function commit(key: string): Promise<void> {
  const result = await store.commit([{ key, value: encode(key) }])
  assert.ok(result.ok)
  answered.add(key)
}

async function until(what: string, look: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!look()) {
    assert.ok(performance.now() < deadline, what)
    await sleep(1)
  }
}

/** In many turns of the event loop. */
async function write(round: number, count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, writer) => `/w/${round}/${writer}`)
  for (const key of keys) {
    void commit(key)
    if (key.endsWith('7')) await turn()
  }
  await turn()
  return keys
}

const { syncs } = control
let before: string[] = []
try {
  control.hold()
  before = await write(0, 1)
  for (let round = 1; round <= rounds; round++) {
    await until('an fsync begins', () => control.syncs === syncs + round)
    const during = await write(round, writers)
    const early = [...before, ...during].filter(key => shown.has(key) || answered.has(key))
    assert.deepEqual(early, [], 'nothing is shown before it is durable')
    control.release()
    await until('the second fsync answers', () => before.every(key => answered.has(key)))
    assert.ok(before.every(key => shown.has(key)))
    assert.ok(!during.some(key => shown.has(key) || answered.has(key)))
    before = during
  }
} finally {
  // The process cannot end amid an fsync.
  control.calm()
}
await until('the last one answers', () => before.every(key => answered.has(key)))
console.log(JSON.stringify({ writes: answered.size, syncs: control.syncs - syncs }))
await store.close()
