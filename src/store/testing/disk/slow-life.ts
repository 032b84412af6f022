import assert from 'node:assert/strict'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { openSqliteStore } from '../../sqlite/sqlite-store.ts'
import { encode } from '../recorder.ts'
import { DiskControl } from './control.ts'

/**
 * Writers on a disk whose fsync takes long, run by sqlite-store.fault.test.ts with `disk.c` before it. Prints, as JSON, how long a
 * write took from its call to the watch and to its answer, and how many of them shared an fsync. Arguments: data directory, control
 * file, milliseconds of an fsync, writers, fsyncs to wait for.
 */
const [directory = '', controlFile = '', ...numbers] = process.argv.slice(2)
const [fsyncMs = 0, writers = 0, rounds = 0] = numbers.map(Number)
const control = DiskControl.open(controlFile)
const store = await openSqliteStore({ directory, clock: systemClock, log: silentLog })
// The first commit begins the log, which is a sync of its own.
await store.commit([{ key: '/first', value: encode('x') }])
const sentMs = new Map<string, number>()
const shownMs: number[] = []
const answeredMs: number[] = []
store.watch('/w', store.revision, {
  events(events) {
    for (const event of events) {
      assert.ok(event.type === 'put')
      shownMs.push(performance.now() - (sentMs.get(event.entry.key) ?? 0))
    }
  },
  end: () => {},
})
control.slow(fsyncMs)
const syncsBefore = control.syncs
const endMs = performance.now() + rounds * fsyncMs
let writes = 0
await Promise.all(
  Array.from({ length: writers }, async (_, writer) => {
    const key = `/w/${writer}`
    // They do not begin together, so that most come while an fsync runs.
    await new Promise(resolve => setTimeout(resolve, (writer * fsyncMs) / writers))
    while (performance.now() < endMs) {
      const start = performance.now()
      sentMs.set(key, start)
      const result = await store.commit([{ key, value: encode(`${writes++}`) }])
      assert.ok(result.ok)
      answeredMs.push(performance.now() - start)
    }
  }),
)
const syncs = control.syncs - syncsBefore
control.calm()
await store.close()
const edges = (values: readonly number[]) => ({
  min: Math.min(...values),
  max: Math.max(...values),
})
console.log(JSON.stringify({ writes, syncs, shown: edges(shownMs), answered: edges(answeredMs) }))
