/** A store that begins where another one was. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CompactedError, type Entry } from '../store.ts'
import { decode, encode } from '../testing/recorder.ts'
import { createMemoryStore, type MemoryStore } from './memory-store.ts'

const put = (store: MemoryStore, key: string, value: string | null) =>
  store.commit([{ key, value: value === null ? null : encode(value) }])
const all = async (store: MemoryStore): Promise<readonly Entry[]> => (await store.list('')).entries

test('a fork is what the snapshot was, whatever happened since', async () => {
  const change = fc.tuple(fc.constantFrom('/a', '/b', '/c', '/d'), fc.option(fc.string()))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 6 }), async eras => {
      const store = createMemoryStore()
      const taken = []
      for (const era of eras) {
        for (const [key, value] of era) await put(store, key, value)
        const snapshot = store.snapshot()
        taken.push({ snapshot, wanted: await all(store), revision: store.revision })
        if (era.length % 3 === 2) store.reset(taken[0]?.snapshot ?? snapshot)
      }
      for (const { snapshot, wanted, revision } of taken) {
        const fork = store.fork(snapshot)
        const shown = await all(fork)
        assert.ok(fork.revision >= revision && fork.revision <= store.revision)
        assert.ok(shown.every(({ modRevision }) => modRevision <= fork.revision))
        const wasPutBack: boolean = snapshot === taken[0]?.snapshot
        // What was put back has got other revisions.
        const facts = (entries: readonly Entry[]): unknown[] =>
          entries.map(({ key, value, modRevision }) => [
            key,
            decode(value),
            wasPutBack ? 0 : modRevision,
          ])
        assert.deepEqual(facts(shown), facts(wanted))
      }
    }),
    { numRuns: 200 },
  )
})

test('neither sees what happens in the other, and a fork has no past', async () => {
  const store = createMemoryStore()
  await put(store, '/a', '1')
  await put(store, '/a', '2')
  const fork = store.fork(store.snapshot())
  await put(store, '/a', 'original')
  await put(fork, '/b', 'fork')
  assert.deepEqual([store.revision, fork.revision], [3, 3])
  assert.deepEqual(
    [(await all(store)).map(({ key }) => key), (await all(fork)).map(({ key }) => key)],
    [['/a'], ['/a', '/b']],
  )
  assert.throws(() => fork.watch('', 1, { events() {}, end() {} }), CompactedError)
  const again = fork.fork(fork.snapshot())
  assert.equal((await again.get('/b'))?.modRevision, 3)
})
