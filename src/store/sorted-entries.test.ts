import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
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
