import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cpuMs } from '#base/testing/cpu-time.ts'
import type { StoreEvent } from '../store.ts'
import { encode, put, recorder, remove, settled, show } from '../testing/recorder.ts'
import { createMemoryStore, type MemoryStore } from './memory-store.ts'

const shown = async (store: MemoryStore) => show(await store.list(''))

test('a reset brings back values, goes on in revisions and tells every watch', async () => {
  const store = createMemoryStore()
  await put(store, '/changed', '1')
  await put(store, '/gone', '1')
  const kept = await put(store, '/kept', '1')
  const snapshot = store.snapshot()
  const sink = recorder()
  store.watch('/', store.revision, sink)
  await put(store, '/changed', '2')
  await remove(store, '/gone')
  await put(store, '/new', '1')
  await put(store, '/fleeting', '1')
  await remove(store, '/fleeting')
  const changed = store.reset(snapshot)
  assert.deepEqual(
    changed.map(({ key }) => key),
    ['/changed', '/gone', '/new'],
  )
  assert.deepEqual(await shown(store), ['/changed=1', '/gone=1', '/kept=1'])
  assert.equal(snapshot.revision, 3)
  assert.equal(store.revision, 11)
  assert.equal((await store.get('/kept'))?.modRevision, kept)
  assert.equal((await store.get('/gone'))?.createRevision, 10, 'it was created anew')
  await settled()
  const told = sink.groups.slice(5).map(([event]) => event as StoreEvent)
  assert.deepEqual(
    told.map(({ type, revision }) => `${type} ${revision}`),
    ['put 9', 'put 10', 'delete 11'],
  )
  // The past is still there for those who page through it.
  assert.deepEqual(show(await store.list('', { revision: 5 })), ['/changed=2', '/kept=1'])
})

test('a reset that changes nothing is no commit, and the same snapshot serves again and again', async () => {
  const store = createMemoryStore()
  await put(store, '/a', '1')
  const snapshot = store.snapshot()
  assert.deepEqual(store.reset(snapshot), [])
  for (let round = 0; round < 3; round++) {
    await put(store, '/a', `changed ${round}`)
    await put(store, `/${round}`, 'x')
    assert.equal(store.reset(snapshot).length, 2)
    assert.deepEqual(await shown(store), ['/a=1'])
    assert.deepEqual(store.reset(snapshot), [])
  }
})

test('a conflict with what was before a reset is still one', async () => {
  const store = createMemoryStore()
  await put(store, '/a', '1')
  const snapshot = store.snapshot()
  const expected = await put(store, '/a', '2')
  store.reset(snapshot)
  const late = await store.commit([{ key: '/a', expected, value: encode('3') }])
  assert.equal(late.ok, false)
})

test('no snapshot of another store is taken for its own', async () => {
  const snapshot = createMemoryStore().snapshot()
  assert.throws(() => createMemoryStore().reset(snapshot), TypeError)
})

type Step = { do: 'put' | 'delete' | 'take' | 'reset' | 'drop'; which: number; value: string }
const steps = fc.array(
  fc.record<Step>({
    do: fc.constantFrom('put', 'put', 'put', 'delete', 'take', 'reset', 'drop'),
    which: fc.nat(5),
    value: fc.constantFrom('x', 'y', 'z'),
  }),
  { maxLength: 60 },
)

test('whatever is taken, reset and dropped in any order, each snapshot stays what it was', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async life => {
      const store = createMemoryStore()
      let taken: { snapshot: ReturnType<MemoryStore['snapshot']>; holds: string[] }[] = []
      for (const step of life) {
        const { which, value } = step
        const revision = store.revision
        const chosen = taken[which % Math.max(1, taken.length)]
        if (step.do === 'put') await put(store, `/${which}`, value)
        else if (step.do === 'delete') await remove(store, `/${which}`)
        else if (step.do === 'take')
          taken.push({ snapshot: store.snapshot(), holds: await shown(store) })
        else if (step.do === 'drop') taken = taken.filter(each => each !== chosen)
        else if (chosen) {
          store.reset(chosen.snapshot)
          assert.deepEqual(await shown(store), chosen.holds)
        }
        assert.ok(store.revision >= revision)
      }
      for (const { snapshot, holds } of taken) {
        store.reset(snapshot)
        assert.deepEqual(await shown(store), holds)
      }
    }),
    { numRuns: 300 },
  )
})

test('50,000 objects: a snapshot takes no time, a reset as long as what changed', async context => {
  const store = createMemoryStore()
  for (let i = 0; i < 50_000; i++) await put(store, `/registry/pods/default/${i}`, `${i}`)
  await store.list('/') // Makes the index, as every API server does at its start.
  const started = cpuMs()
  const snapshot = store.snapshot()
  const takenMs = cpuMs() - started
  for (let i = 0; i < 5_000; i++) await put(store, `/registry/pods/default/${i * 7}`, 'changed')
  const resetting = cpuMs()
  const { length } = store.reset(snapshot)
  const resetMs = cpuMs() - resetting
  assert.equal(length, 5_000)
  context.diagnostic(
    `taken in ${takenMs.toFixed(2)} ms, 5,000 keys back in ${resetMs.toFixed(1)} ms`,
  )
  assert.ok(takenMs < 50, `taking it took ${takenMs} ms`)
  assert.ok(resetMs < 2000, `the reset took ${resetMs} ms`)
})
