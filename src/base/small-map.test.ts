import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SmallMap } from './small-map.ts'

test('does what a Map does, with few names and with many', () => {
  const name = fc.integer({ min: 0, max: 15 }).map(String)
  const set = fc.record({ do: fc.constant('set' as const), name, value: fc.integer() })
  const remove = fc.record({ do: fc.constant('delete' as const), name })
  const step = fc.oneof({ weight: 2, arbitrary: set }, { weight: 1, arbitrary: remove })
  let largest = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 100, size: 'max' }), steps => {
      const small = new SmallMap<number>()
      const map = new Map<string, number>()
      for (const each of steps) {
        if (each.do === 'delete') assert.equal(small.delete(each.name), map.delete(each.name))
        else {
          small.set(each.name, each.value)
          map.set(each.name, each.value)
        }
        assert.equal(small.size, map.size)
        assert.equal(small.has(each.name), map.has(each.name))
        assert.equal(small.get(each.name), map.get(each.name))
        assert.deepEqual([...small.keys()], [...map.keys()])
        largest = Math.max(largest, map.size)
      }
    }),
  )
  assert.ok(largest > 8, `${largest} names at most: too few to leave the small form`)
})

test('tells a value that is undefined from none', () => {
  const map = new SmallMap<undefined>()
  map.set('a', undefined)
  assert.equal(map.has('a'), true)
  assert.equal(map.has('b'), false)
  assert.equal(map.get('a'), undefined)
})
