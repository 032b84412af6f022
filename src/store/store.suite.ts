import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import {
  CommitFailedError,
  CompactedError,
  type Entry,
  FutureRevisionError,
  type ListResult,
  type Store,
  StoreClosedError,
} from './store.ts'
import { type Truth, watchViolations } from './testing/checkers.ts'
import { NaiveStore, type Step, steps } from './testing/naive-store.ts'
import { decode, encode, put, recorder, remove, settled } from './testing/recorder.ts'

/** Opens an empty store; what it needs is cleaned up when the test ends. */
export type OpenStore = (context: TestContext) => Promise<Store>

/** The promises of store.ts as tests that every engine passes. */
export function storeSuite(name: string, open: OpenStore): void {
  describe(`${name}: commits`, () => commitTests(open))
  describe(`${name}: reads`, () => readTests(open))
  describe(`${name}: watches`, () => watchTests(open))
  describe(`${name}: as a whole`, () => wholeTests(open))
}

const show = (list: ListResult) => list.entries.map(({ key, value }) => `${key}=${decode(value)}`)
const versions = (entry: Entry | undefined) => [entry?.createRevision, entry?.modRevision]

function commitTests(open: OpenStore): void {
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

function readTests(open: OpenStore): void {
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

function watchTests(open: OpenStore): void {
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
    const seen: (string | undefined)[] = []
    const sink = recorder()
    store.watch('/', 0, {
      ...sink,
      events(events) {
        assert.ok(store.revision >= (events[0]?.revision ?? 0))
        store.get('/a').then(entry => seen.push(decode(entry?.value)))
      },
    })
    await put(store, '/a', '1')
    await settled()
    assert.deepEqual(seen, ['1'])
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

function wholeTests(open: OpenStore): void {
  test('random lives agree with a naive store', async t => {
    await fc.assert(
      fc.asyncProperty(steps, async life => {
        const store = await open(t)
        const naive = new NaiveStore()
        for (const step of life) await agree(store, naive, step)
        await store.close()
      }),
      { numRuns: 40 },
    )
  })
}

async function agree(store: Store, naive: NaiveStore, step: Step): Promise<void> {
  if (step.type === 'compact') {
    const revision = Math.floor(naive.revision * step.at)
    naive.compact(revision)
    await store.compact(revision)
    assert.equal(store.compactedRevision, naive.compacted)
    return
  }
  if (step.type === 'list') {
    const revision = Math.floor((naive.revision + 1) * step.at)
    const options = { revision, limit: step.limit, ...(step.start && { start: step.start }) }
    const wanted = naive.list(step.prefix, options)
    const found = await store.list(step.prefix, options).then(
      list => ({ shown: show(list), remaining: list.remaining }),
      error => error.constructor.name as string,
    )
    assert.deepEqual(found, wanted)
    return
  }
  const changes = step.changes.map(({ key, value, expected }) => ({
    key,
    value: value === null ? null : encode(value),
    ...(expected !== undefined && { expected: naive.expectation(key, expected) }),
  }))
  const result = await store.commit(changes)
  assert.equal(result.ok, naive.commit(changes))
  assert.equal(store.revision, naive.revision)
}
