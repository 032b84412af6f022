import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contains } from './contains.ts'

test('what others added beside it does not count', () => {
  assert.ok(contains({ a: 1, b: { c: 2, d: 3 }, e: 4 }, { a: 1, b: { c: 2 } }))
  assert.ok(contains({ list: [{ name: 'x', more: 1 }, { name: 'y' }] }, { list: [{ name: 'x' }] }))
  assert.ok(contains({ list: [{ name: 'w' }, { name: 'x' }] }, { list: [{ name: 'x' }] }))
  assert.ok(contains({}, { empty: {}, none: null, nobody: [] }), 'servers leave such things out')
  assert.ok(contains(undefined, {}))
})

test('what is missing or different does', () => {
  assert.ok(!contains({ a: 1 }, { a: 2 }))
  assert.ok(!contains({ a: 1 }, { a: '1' }))
  assert.ok(!contains({}, { a: 1 }))
  assert.ok(!contains({ a: {} }, { a: { b: 1 } }))
  assert.ok(!contains({ list: [{ name: 'x' }] }, { list: [{ name: 'x' }, { name: 'y' }] }))
  assert.ok(
    !contains({ list: [{ name: 'y' }, { name: 'x' }] }, { list: [{ name: 'x' }, { name: 'y' }] }),
  )
  assert.ok(!contains({ args: ['a', 'b'] }, { args: ['a'] }), 'a list of plain values is one value')
  assert.ok(!contains({ toString: 1 }, { valueOf: 1 }))
})
