import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CompactedError, FutureRevisionError } from '../store.ts'
import type { OpenStore } from './open.ts'
import { decode, put, recorder, remove, show, versions } from './recorder.ts'

export function readTests(open: OpenStore): void {
  test('a list is sorted and holds the prefix and nothing beside it', async t => {
    const store = await open(t)
    for (const key of ['/b/2', '/b', '/a/1', '/b/10', '/b0', '/b/é', '/c', '/b/2/x']) {
      await put(store, key, key)
    }
    const keys = async (prefix: string) =>
      (await store.list(prefix)).entries.map(entry => entry.key)
    assert.deepEqual(await keys('/b/'), ['/b/10', '/b/2', '/b/2/x', '/b/é'])
    assert.deepEqual(await keys('/b'), ['/b', '/b/10', '/b/2', '/b/2/x', '/b/é', '/b0'])
    assert.equal((await keys('')).length, 8)
    assert.deepEqual(await keys('/d'), [])
  })

  test('pages make up the whole, also when the store moves on meanwhile', async t => {
    const store = await open(t)
    const numbers = Array.from({ length: 25 }, (_, i) => `/k/${String(i).padStart(2, '0')}`)
    for (const key of numbers) await put(store, key, 'old')
    const first = await store.list('/k/', { limit: 10 })
    assert.deepEqual([first.entries.length, first.remaining], [10, 15])
    await remove(store, '/k/12')
    await put(store, '/k/11', 'new')
    await put(store, '/k/115', 'added')
    const found = first.entries.map(entry => entry.key)
    let page = first
    while (page.remaining > 0) {
      const start = `${page.entries.at(-1)?.key}\0`
      page = await store.list('/k/', { limit: 10, start, revision: first.revision })
      assert.equal(page.revision, first.revision)
      found.push(...page.entries.map(entry => entry.key))
      for (const entry of page.entries) assert.equal(decode(entry.value), 'old')
      assert.equal(page.remaining, 25 - found.length)
    }
    assert.deepEqual(found, numbers)
  })

  test('a start cannot lead out of the prefix', async t => {
    const store = await open(t)
    for (const key of ['/a/1', '/b/1', '/c/1']) await put(store, key, 'x')
    assert.deepEqual(show(await store.list('/b/', { start: '/a/' })), ['/b/1=x'])
    assert.deepEqual(show(await store.list('/b/', { start: '/c/' })), [])
    assert.equal((await store.list('/b/', { start: '/c/' })).remaining, 0)
  })

  test('a list at an older revision shows the store as it was', async t => {
    const store = await open(t)
    await put(store, '/a', '1')
    await put(store, '/b', '2')
    await remove(store, '/a')
    await put(store, '/a', '4')
    await put(store, '/c', '5')
    const at = async (revision: number) => show(await store.list('/', { revision }))
    assert.deepEqual(await at(0), [])
    assert.deepEqual(await at(2), ['/a=1', '/b=2'])
    assert.deepEqual(await at(3), ['/b=2'])
    assert.deepEqual(await at(4), ['/a=4', '/b=2'])
    assert.deepEqual(await at(5), await at(store.revision))
    assert.deepEqual(versions((await store.list('/a', { revision: 2 })).entries[0]), [1, 1])
  })

  test('a revision before compaction or after the newest is refused', async t => {
    const store = await open(t)
    for (let i = 1; i <= 5; i++) await put(store, '/a', `${i}`)
    await store.compact(3)
    assert.equal(store.compactedRevision, 3)
    const compacted = (error: unknown) =>
      error instanceof CompactedError && error.compactedRevision === 3
    await assert.rejects(store.list('/', { revision: 2 }), compacted)
    assert.throws(() => store.watch('/', 2, recorder()), compacted)
    assert.deepEqual(show(await store.list('/', { revision: 3 })), ['/a=3'])
    assert.deepEqual(show(await store.list('/')), ['/a=5'])
    await assert.rejects(store.list('/', { revision: 6 }), FutureRevisionError)
    await assert.rejects(store.compact(6), FutureRevisionError)
    await store.compact(1)
    assert.equal(store.compactedRevision, 3)
  })
}
