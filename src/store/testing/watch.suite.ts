import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry, Store } from '../store.ts'
import { type Truth, watchViolations } from './checkers.ts'
import type { OpenStore } from './open.ts'
import { decode, encode, put, recorder, settled } from './recorder.ts'

export function watchTests(open: OpenStore): void {
  test('a watch tells what came before and what comes, once and in order', async t => {
    const store = await open(t)
    await put(store, '/a/1', 'x')
    await put(store, '/a/2', 'y')
    const sink = recorder()
    store.watch('/a/', 1, sink)
    assert.equal(sink.groups.length, 0, 'nothing is told before watch has returned')
    await put(store, '/b/1', 'other')
    await store.commit([
      { key: '/a/1', value: null },
      { key: '/b/1', value: null },
      { key: '/a/3', value: encode('z') },
    ])
    await settled()
    const told = sink.groups.map(group =>
      group.map(e => [e.type, e.revision, e.type === 'put' ? e.entry.key : e.key]),
    )
    assert.deepEqual(told, [
      [['put', 2, '/a/2']],
      [
        ['delete', 4, '/a/1'],
        ['put', 4, '/a/3'],
      ],
    ])
    assert.equal(decode(sink.groups[1]?.[0]?.previous?.value), 'x')
    assert.equal(sink.progressed.at(-1), 4)
  })

  test('what is told is followed by how far it goes, in the same turn', async t => {
    const store = await open(t)
    let told = 0
    let progressed = 0
    const late: number[] = []
    store.watch('/a/', 0, {
      events([event]) {
        told = event?.revision ?? 0
        queueMicrotask(() => {
          if (progressed < told) late.push(told)
        })
      },
      progress: revision => {
        progressed = revision
      },
      end() {},
    })
    await settled()
    await Promise.all(Array.from({ length: 5 }, (_, at) => put(store, `/a/${at}`, 'x')))
    await settled()
    assert.equal(told, 5)
    assert.deepEqual(late, [])
  })

  test('a watch from the future begins there', async t => {
    const store = await open(t)
    const sink = recorder()
    store.watch('/', 2, sink)
    for (let i = 1; i <= 4; i++) await put(store, '/a', `${i}`)
    await settled()
    assert.deepEqual(
      sink.groups.map(group => group[0]?.revision),
      [3, 4],
    )
    assert.ok(
      sink.progressed.every(revision => revision >= 2),
      `${sink.progressed}`,
    )
  })

  test('a cancelled watch is told nothing more, not even its backlog', async t => {
    const store = await open(t)
    await put(store, '/a', '1')
    const never = recorder()
    store.watch('/', 0, never)()
    const sink = recorder()
    const cancel = store.watch('/', 1, sink)
    await put(store, '/a', '2')
    cancel()
    cancel()
    await put(store, '/a', '3')
    assert.deepEqual([never.groups.length, never.ended.length], [0, 0])
    assert.equal(sink.groups.length, 1)
    await store.close()
    assert.equal(sink.ended.length, 0)
  })

  test('a sink that throws loses its watch and hurts nobody', async t => {
    const store = await open(t)
    const [before, bad, after] = [recorder(), recorder(), recorder()]
    store.watch('/', 0, before)
    store.watch('/', 0, {
      ...bad,
      events: () => {
        throw new Error('planted')
      },
    })
    store.watch('/', 0, after)
    await put(store, '/a', '1')
    await put(store, '/a', '2')
    assert.equal(before.groups.length, 2)
    assert.equal(after.groups.length, 2)
    assert.match(bad.ended[0]?.message ?? '', /planted/)
    assert.equal(bad.ended.length, 1)
  })

  test('a sink that commits and watches keeps the order for everyone', async t => {
    const store = await open(t)
    const [first, nested] = [recorder(), recorder()]
    const commits: Promise<unknown>[] = []
    store.watch('/', 0, {
      ...recorder(),
      events(events) {
        const revision = events[0]?.revision ?? 0
        if (revision <= 3) commits.push(put(store, '/a', `after ${revision}`))
        if (revision === 2) store.watch('/', 1, nested)
      },
    })
    store.watch('/', 0, first)
    await put(store, '/a', 'start')
    while (commits.length > 0) await commits.shift()
    await settled()
    assert.deepEqual(
      first.groups.map(group => group[0]?.revision),
      [1, 2, 3, 4],
    )
    assert.deepEqual(
      nested.groups.map(group => group[0]?.revision),
      [2, 3, 4],
    )
  })

  test('what a watch tells can be read, and close ends it', async t => {
    const store = await open(t)
    const reads: Promise<Entry | undefined>[] = []
    const sink = recorder()
    store.watch('/', 0, {
      ...sink,
      events(events) {
        assert.ok(store.revision >= (events[0]?.revision ?? 0))
        reads.push(store.get('/a'))
      },
    })
    await put(store, '/a', '1')
    const seen = await Promise.all(reads)
    assert.deepEqual(
      seen.map(entry => decode(entry?.value)),
      ['1'],
    )
    await store.close()
    assert.deepEqual(sink.ended, [undefined])
  })

  test('under many writers every watch is ordered, unique, reliable and atomic', async t => {
    const store = await open(t)
    const all = recorder()
    const watches = [{ prefix: '/', after: 0, sink: all }]
    for (const watch of watches) store.watch(watch.prefix, watch.after, watch.sink)
    let done = 0
    const writer = async (name: number) => {
      for (let i = 0; i < 30; i++) {
        const key = `/${i % 3}/${(name * i) % 5}`
        const value = i % 4 === 3 ? null : encode(`${name}:${i}`)
        await store.commit([
          { key, value },
          { key: `/own/${name}`, value: encode(`${i}`) },
        ])
        if (++done % 20 === 0) {
          const watch = { prefix: `/${done % 3}/`, after: store.revision >> 1, sink: recorder() }
          watches.push(watch)
          store.watch(watch.prefix, watch.after, watch.sink)
        }
      }
    }
    await Promise.all(Array.from({ length: 8 }, (_, name) => writer(name)))
    await settled()
    const truth = await truthOf(store, 8 * 30)
    for (const { prefix, after, sink } of watches) {
      const watched = { prefix, after, groups: sink.groups, upTo: store.revision }
      assert.deepEqual(watchViolations(truth, watched), [])
    }
    // Resumable: from each revision on, the rest is told again.
    for (let after = 0; after < store.revision; after += 17) {
      const sink = recorder()
      const cancel = store.watch('/', after, sink)
      await settled()
      cancel()
      const watched = { prefix: '/', after, groups: sink.groups, upTo: store.revision }
      assert.deepEqual(watchViolations(truth, watched), [])
    }
  })
}

/** What happened, told by lists at every revision: another path through the code than events take. */
async function truthOf(store: Store, revisions: number): Promise<Truth> {
  const truth: Truth[number][] = []
  let before = new Map<string, Entry>()
  for (let revision = 1; revision <= revisions; revision++) {
    const { entries } = await store.list('/', { revision })
    const now = new Map(entries.map(entry => [entry.key, entry]))
    const changed = [...new Set([...before.keys(), ...now.keys()])].filter(
      key => before.get(key)?.modRevision !== now.get(key)?.modRevision,
    )
    const changes = changed.map(key => ({
      key,
      value: decode(now.get(key)?.value),
      previous: decode(before.get(key)?.value),
    }))
    // The writers above put the shared key first.
    changes.sort((a, b) => (a.key < b.key ? -1 : 1))
    truth.push({ revision, changes })
    before = now
  }
  return truth
}
