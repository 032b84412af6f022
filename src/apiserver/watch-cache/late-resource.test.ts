/** Resources that come while the server runs: nothing that happens while they are read is missed or told twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Store } from '#store'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { encodeValue } from '../storage/stored-object.ts'
import { TestClock } from '../testing.ts'
import { WatchCache } from './watch-cache.ts'

const PREFIX = '/registry/example.com/widgets/'

const value = (name: string, turn: number) =>
  encodeValue({ apiVersion: 'v1', kind: 'Widget', metadata: { name, labels: { turn: `${turn}` } } })

async function write(store: Store, name: string, turn: number): Promise<void> {
  const key = `${PREFIX}${name}`
  await store.commit([{ key, value: turn % 4 === 3 ? null : value(name, turn) }])
}

async function namesIn(store: Store): Promise<string[]> {
  const { entries } = await store.list(PREFIX)
  return entries.map(({ key, modRevision }) => `${key.slice(PREFIX.length)}@${modRevision}`)
}

test('a resource that is read late holds what the store holds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 20 }),
      fc.nat(20),
      async (names, when) => {
        const store = createMemoryStore()
        const cache = new WatchCache({ store, clock: new TestClock() })
        await cache.start()
        let loading: ReturnType<WatchCache['load']> | undefined
        const writes: Promise<void>[] = []
        for (const [turn, name] of names.entries()) {
          if (turn === when) loading = cache.load(PREFIX, {})
          writes.push(write(store, name, turn))
        }
        loading ??= cache.load(PREFIX, {})
        await Promise.allSettled(writes)
        const resource = await loading
        await cache.catchUp()
        const held = resource
          .list('')
          .map(({ key, revision }) => `${key.slice(PREFIX.length)}@${revision}`)
        assert.deepEqual(held, await namesIn(store))
        cache.stop()
        await store.close()
      },
    ),
    { numRuns: 200 },
  )
})

test('watches of a resource that goes end; when it comes back, it is read anew', async () => {
  const store = createMemoryStore()
  const cache = new WatchCache({ store, clock: new TestClock() })
  await cache.start()
  const resource = await cache.load(PREFIX, {})
  assert.equal(await cache.load(PREFIX, {}), resource)
  const seen: string[] = []
  resource.watchers.add({
    filter: { namespace: '' },
    notify: (event, as) => void seen.push(`${as} ${event.current.key}`),
    end: () => void seen.push('end'),
  })
  await write(store, 'a', 0)
  await cache.catchUp()
  cache.remove(PREFIX)
  await write(store, 'a', 1)
  assert.deepEqual(seen, [`ADDED ${PREFIX}a`, 'end'])
  const again = await cache.load(PREFIX, {})
  assert.notEqual(again, resource)
  assert.equal(again.size, 1)
  cache.stop()
  await store.close()
})
