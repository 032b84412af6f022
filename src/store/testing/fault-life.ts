import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { openSqliteStore } from '../sqlite/sqlite-store.ts'
import { CommitFailedError } from '../store.ts'
import { put } from './recorder.ts'

/**
 * A life on a bad disk, run by sqlite-store.fault.test.ts with an fsync that fails while the file `$FAULT_FAIL`
 * exists and takes 100 ms while `$FAULT_SLOW` exists. Argument: the data directory.
 */
const [directory = ''] = process.argv.slice(2)
const { FAULT_FAIL = '', FAULT_SLOW = '' } = process.env
const open = () => openSqliteStore({ directory, clock: systemClock, log: silentLog })
const store = await open()
await put(store, '/before', 'x')

writeFileSync(FAULT_SLOW, '')
const slow = put(store, '/slow', 'x')
await sleep(30)
assert.equal(await store.get('/slow'), undefined, 'visible before it was durable')
assert.equal(store.revision, 1)
assert.equal(await slow, 2)
assert.ok(await store.get('/slow'))
rmSync(FAULT_SLOW)

writeFileSync(FAULT_FAIL, '')
for (const outcome of await Promise.allSettled(['/c', '/d'].map(key => put(store, key, 'x')))) {
  assert.ok(outcome.status === 'rejected' && outcome.reason instanceof CommitFailedError)
  assert.match(outcome.reason.message, /I\/O error/)
}
assert.equal(store.revision, 2)
assert.equal(await store.get('/c'), undefined)
rmSync(FAULT_FAIL)

const after = await put(store, '/after', 'x')
assert.ok(after > 4, 'the failed revisions are not given out again')
await store.close()
const again = await open()
const { entries } = await again.list('')
assert.deepEqual(
  entries.map(({ key }) => key),
  ['/after', '/before', '/slow'],
)
assert.equal(again.revision, after)
await again.close()
console.log('lived')
