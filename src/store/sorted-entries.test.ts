import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Successors } from './shown-entries.ts'
import { endOfPrefix, SortedEntries } from './sorted-entries.ts'
import type { Entry } from './store.ts'

const entry = (key: string, modRevision = 1): Entry => {
  return { key, value: new Uint8Array(), createRevision: 1, modRevision }
}

test('the end of a prefix is above all that has it and nothing else', () => {
  assert.equal(endOfPrefix('/a/'), '/a0')
  assert.equal(endOfPrefix(''), undefined)
  assert.equal(endOfPrefix('\uffff'), undefined)
  assert.equal(endOfPrefix('a\uffff'), 'b')
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '\uffff'), maxLength: 4 })
  fc.assert(
    fc.property(texts, texts, (prefix, key) => {
      const end = endOfPrefix(prefix)
      const isInside = key >= prefix && (end === undefined || key < end)
      assert.equal(isInside, key.startsWith(prefix))
    }),
  )
})

test('random puts and deletes agree with a sorted map, over many runs', () => {
  const steps = fc.array(fc.tuple(fc.nat(4000), fc.boolean()), { minLength: 1000, maxLength: 5000 })
  const bounds = fc.tuple(fc.nat(4000), fc.option(fc.nat(4000)), fc.nat(50))
  const keyOf = (n: number) => `/${n % 7}/${n}`
  fc.assert(
    fc.property(steps, fc.array(bounds, { maxLength: 10 }), (life, ranges) => {
      const sorted = new SortedEntries()
      const naive = new Map<string, Entry>()
      for (const [revision, [n, isDelete]] of life.entries()) {
        const key = keyOf(n)
        // Deletes are rarer, so that runs grow and split.
        if (isDelete && n % 2 === 0) {
          sorted.delete(key)
          naive.delete(key)
          continue
        }
        sorted.put(entry(key, revision))
        naive.set(key, entry(key, revision))
      }
      const all = [...naive.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
      assert.deepEqual(sorted.slice('', undefined, 0), all)
      assert.deepEqual(SortedEntries.of(naive).slice('', undefined, 0), all)
      for (const [from, to, limit] of ranges) {
        const start = keyOf(from)
        const end = to === null ? undefined : keyOf(to)
        const inside = all.filter(({ key }) => key >= start && (end === undefined || key < end))
        assert.equal(sorted.count(start, end), inside.length)
        const wanted = limit === 0 ? inside : inside.slice(0, limit)
        assert.deepEqual(sorted.slice(start, end, limit), wanted)
      }
    }),
    { numRuns: 20 },
  )
})

test('cold keys of any shape are found, counted and changed like warm ones', () => {
  // Few letters, so that many keys begin alike, end early, or lie far from all others.
  const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', '\uffff'), maxLength: 14 })
  const many = fc.uniqueArray(key, { minLength: 1000, maxLength: 3000 })
  fc.assert(
    fc.property(
      many,
      fc.array(fc.tuple(key, key, fc.nat(40)), { maxLength: 20 }),
      (keys, steps) => {
        const naive = new Map(keys.map(each => [each, entry(each)]))
        const entryAt = (row: number, of: string) => {
          assert.equal(keys[row], of)
          return entry(of)
        }
        // Some have an entry already.
        const rows = keys.map((each, row) => (row % 5 === 0 ? entry(each) : row))
        const sorted = SortedEntries.ofCold({ keys, rows, entryAt, shownAt: () => entryAt })
        for (const [start, other, limit] of steps) {
          assert.deepEqual(sorted.get(start), naive.get(start))
          const inside = [...naive.keys()].filter(each => each >= start && each < other).sort()
          assert.equal(sorted.count(start, other), inside.length)
          const wanted = limit === 0 ? inside : inside.slice(0, limit)
          assert.deepEqual(
            sorted.slice(start, other, limit).map(found => found.key),
            wanted,
          )
          sorted.put(entry(other, 2))
          naive.set(other, entry(other, 2))
          sorted.delete(start)
          naive.delete(start)
        }
        const all = [...naive.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
        assert.equal(sorted.count('', undefined), all.length)
        assert.deepEqual(sorted.slice('', undefined, 0), all)
      },
    ),
    { numRuns: 30 },
  )
})

test('pages amid writes show what is there, and what they showed is told by the store from then on', () => {
  const step = fc.record({
    what: fc.constantFrom('page', 'page', 'page', 'put', 'delete', 'get', 'all'),
    key: fc.nat(1200),
    end: fc.option(fc.nat(1200)),
    limit: fc.integer({ min: 1, max: 300 }),
  })
  const keyOf = (n: number) => `/${n % 5}/${n}`
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), steps => {
      const keys = Array.from({ length: 1000 }, (_, n) => keyOf(n))
      const model = new Map(keys.map(key => [key, 1]))
      /** Entries that the store made for good, and those of pages with what comes after them. */
      const kept = new Map<string, Entry>()
      const shown = new Map<Entry, Successors>()
      const sorted = SortedEntries.ofCold({
        keys,
        rows: keys.map((_, row) => row),
        entryAt: (_row, key) => {
          assert.ok(!kept.has(key), `${key} is made for good once`)
          const made = entry(key)
          kept.set(key, made)
          return made
        },
        shownAt: successors => (_row, key) => {
          assert.ok(!kept.has(key), `${key} is there for good`)
          const made = entry(key)
          shown.set(made, successors)
          return made
        },
      })
      for (const [i, { what, key: n, end: to, limit }] of steps.entries()) {
        const key = keyOf(n)
        const end = to === null ? undefined : keyOf(to)
        if (what === 'put') {
          // As each commit, which looks for what it replaces.
          assert.equal(sorted.get(key)?.modRevision, model.get(key))
          sorted.put(entry(key, i + 2))
          model.set(key, i + 2)
        } else if (what === 'delete') {
          assert.equal(sorted.get(key)?.modRevision, model.get(key))
          sorted.delete(key)
          model.delete(key)
        } else if (what === 'get') assert.equal(sorted.get(key)?.modRevision, model.get(key))
        else {
          const isInside = (each: string) => each >= key && (end === undefined || each < end)
          const inside = [...model.keys()].filter(isInside).sort()
          const wanted = what === 'all' ? inside : inside.slice(0, limit)
          const found = sorted.slice(key, end, what === 'all' ? 0 : limit)
          assert.deepEqual(
            found.map(({ key: each, modRevision }) => [each, modRevision]),
            wanted.map(each => [each, model.get(each)]),
          )
          assert.equal(sorted.count(key, end), inside.length)
          if (what === 'all') assert.ok(found.every(each => !shown.has(each)))
        }
        // Whoever still has a page finds what keeps its values, also of keys that were written or deleted since.
        for (const [{ key: each }, successors] of shown)
          assert.equal(successors.of(each), kept.get(each))
      }
    }),
    { numRuns: 60 },
  )
})

test('keys that are shown again and again become entries that stay', () => {
  const keys = ['/a', '/b', '/c']
  let shown = 0
  const entryAt = (_row: number, key: string) => entry(key)
  const shownAt = () => {
    shown++
    return entryAt
  }
  const sorted = SortedEntries.ofCold({ keys, rows: [0, 1, 2], entryAt, shownAt })
  const pages = Array.from({ length: 20 }, () => sorted.slice('', undefined, 3))
  assert.equal(shown, 8)
  assert.notEqual(pages[0]?.[0], pages[1]?.[0])
  assert.equal(pages.at(-1)?.[0], pages.at(-2)?.[0])
})

test('cold keys that fall into two are sorted at once, and one that is there twice is found', () => {
  const chain = Array.from({ length: 700 }, (_, i) => 'x'.repeat(i))
  const entryAt = (_row: number, key: string) => entry(key)
  const shownAt = () => entryAt
  const rows = chain.map((_, row) => row)
  const sorted = SortedEntries.ofCold({ keys: [...chain].reverse(), rows, entryAt, shownAt })
  assert.deepEqual(
    sorted.slice('', undefined, 0).map(({ key }) => key),
    chain,
  )
  const twice = SortedEntries.ofCold({
    keys: ['/a', '/b', '/a'],
    rows: [0, 1, 2],
    entryAt,
    shownAt,
  })
  assert.throws(() => twice.get('/b'), /\/a is there twice/)
  assert.equal(SortedEntries.ofCold({ keys: [], rows: [], entryAt, shownAt }).get('/a'), undefined)
})

test('an emptied index can be filled again', () => {
  const sorted = new SortedEntries()
  const keys = Array.from({ length: 2000 }, (_, i) => `/${i}`)
  for (const key of keys) sorted.put(entry(key))
  for (const key of keys) sorted.delete(key)
  sorted.delete('/never')
  assert.deepEqual([sorted.count('', undefined), sorted.slice('', undefined, 0)], [0, []])
  sorted.put(entry('/again'))
  assert.equal(sorted.count('/', undefined), 1)
})

test('an index made whole goes on like one made piece by piece', () => {
  const keys = Array.from({ length: 3000 }, (_, i) => `/${(i * 7919) % 3000}`)
  const whole = SortedEntries.of(new Map(keys.map(key => [key, entry(key)])))
  const pieces = new SortedEntries()
  for (const key of keys) pieces.put(entry(key))
  for (const index of [whole, pieces]) {
    for (let i = 0; i < 3000; i += 3) index.delete(`/${i}`)
    for (let i = 0; i < 1000; i++) index.put(entry(`/new/${i}`, 2))
  }
  assert.deepEqual(whole.slice('', undefined, 0), pieces.slice('', undefined, 0))
  assert.equal(SortedEntries.of(new Map()).count('', undefined), 0)
})
