import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommitFailedError, type Entry, StoreClosedError } from '../store.ts'
import type { OpenStore } from './open.ts'
import { decode, encode, put, recorder, remove, show, versions } from './recorder.ts'

export function commitTests(open: OpenStore): void {
  test('revisions grow by each commit and tell when a key was created and changed', async t => {
    const store = await open(t)
    assert.equal(store.revision, 0)
    assert.deepEqual(
      [await put(store, '/a', '1'), await put(store, '/a', '2'), await put(store, '/b', '3')],
      [1, 2, 3],
    )
    assert.deepEqual(versions(await store.get('/a')), [1, 2])
    await remove(store, '/a')
    assert.equal(await store.get('/a'), undefined)
    await put(store, '/a', '5')
    assert.deepEqual(versions(await store.get('/a')), [5, 5])
    assert.equal(store.revision, 5)
  })

  test('an expectation that is not met changes nothing and shows what is there', async t => {
    const store = await open(t)
    const value = encode('new')
    const missing = await store.commit([{ key: '/a', expected: 7, value }])
    assert.deepEqual(missing, { ok: false, key: '/a', current: undefined })
    await put(store, '/a', 'old')
    const exists = await store.commit([{ key: '/a', expected: 0, value }])
    assert.ok(!exists.ok)
    assert.equal(decode(exists.current?.value), 'old')
    assert.equal(store.revision, 1)
    const right = await store.commit([{ key: '/a', expected: 1, value }])
    assert.ok(right.ok)
    assert.deepEqual(right.entries, [await store.get('/a')])
    const late = await store.commit([{ key: '/a', expected: 1, value: null }])
    assert.ok(!late.ok)
    assert.equal(late.current?.modRevision, 2)
  })

  test('all changes of a commit happen at one revision or none does', async t => {
    const store = await open(t)
    await put(store, '/b', 'old')
    const value = encode('new')
    const conflict = await store.commit([
      { key: '/a', expected: 0, value },
      { key: '/b', expected: 9, value },
      { key: '/c', value },
    ])
    assert.equal(conflict.ok, false)
    assert.deepEqual(show(await store.list('/')), ['/b=old'])
    const result = await store.commit([
      { key: '/a', expected: 0, value },
      { key: '/b', expected: 1, value: null },
      { key: '/c', value },
    ])
    assert.ok(result.ok)
    assert.deepEqual(result.entries.map(versions as (e: Entry | null) => unknown), [
      [2, 2],
      [undefined, undefined],
      [2, 2],
    ])
    assert.deepEqual(show(await store.list('/')), ['/a=new', '/c=new'])
  })

  test('a commit that changes nothing makes no revision', async t => {
    const store = await open(t)
    await put(store, '/a', '1')
    assert.equal(await remove(store, '/b'), 1)
    assert.deepEqual(await store.commit([]), { ok: true, revision: 1, entries: [] })
    assert.equal(store.revision, 1)
  })

  test('of many writers that expect the same revision one wins', async t => {
    const store = await open(t)
    await put(store, '/a', 'start')
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        store.commit([{ key: '/a', expected: 1, value: encode(`${i}`) }]),
      ),
    )
    assert.deepEqual(
      results.map(result => result.ok),
      [true, ...Array(19).fill(false)],
    )
    for (const result of results.slice(1)) {
      assert.ok(!result.ok)
      // The conflict shows what won, and that is durable by now.
      assert.equal(decode(result.current?.value), '0')
      assert.ok(store.revision >= (result.current?.modRevision ?? 0))
    }
  })

  test('latest shows what the next commit is judged against', async t => {
    const store = await open(t)
    const first = put(store, '/a', '1')
    const latest = await store.latest('/a')
    assert.equal(decode(latest?.value), '1')
    const second = store.commit([
      { key: '/a', expected: latest?.modRevision ?? -1, value: encode('2') },
    ])
    assert.equal(await first, 1)
    assert.equal((await second).ok, true)
    assert.equal(decode((await store.get('/a'))?.value), '2')
  })

  test('a value keeps its identity, unless it is a window on a larger buffer', async t => {
    const store = await open(t)
    const value = encode('whole')
    await store.commit([{ key: '/a', value }])
    const entry = await store.get('/a')
    assert.equal(entry?.value, value)
    assert.ok(Object.isFrozen(entry))
    // A small Buffer is a window on a pool; keeping that would keep its neighbours.
    await store.commit([{ key: '/b', value: Buffer.from('pooled') }])
    const copied = (await store.get('/b'))?.value
    assert.deepEqual([decode(copied), copied?.buffer.byteLength], ['pooled', 6])
  })

  test('a commit that no store could take is refused', async t => {
    const store = await open(t)
    const value = encode('x')
    const many = Array.from({ length: 1001 }, (_, i) => ({ key: `/${i}`, value }))
    await assert.rejects(store.commit(many), RangeError)
    await assert.rejects(store.commit([{ key: '', value }]), RangeError)
    await assert.rejects(store.commit([{ key: 'k'.repeat(5000), value }]), RangeError)
    await assert.rejects(store.commit([{ key: '/a', value: new Uint8Array(9e6) }]), RangeError)
    const twice = [
      { key: '/a', value },
      { key: '/a', value: null },
    ]
    await assert.rejects(store.commit(twice), RangeError)
    assert.equal(store.revision, 0)
    assert.equal(await put(store, '/a', '1'), 1)
  })

  test('after close everything is refused', async t => {
    const store = await open(t)
    const last = put(store, '/a', '1')
    const closed = store.close()
    assert.equal(await last, 1)
    await closed
    await assert.rejects(put(store, '/b', '2'), CommitFailedError)
    await assert.rejects(store.get('/a'), StoreClosedError)
    await assert.rejects(store.list('/'), StoreClosedError)
    assert.throws(() => store.watch('/', 0, recorder()), StoreClosedError)
    await store.close()
  })
}
