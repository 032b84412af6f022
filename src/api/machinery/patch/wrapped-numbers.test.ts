import assert from 'node:assert/strict'
import { test } from 'node:test'
import { int32, int64, intOrString, list, map, shape, struct } from '../schema.ts'
import { withWrappedNumbers } from './wrapped-numbers.ts'

const inner = shape('Inner', '', { small: int32(1), large: int64(2), either: intOrString(3) })
const outer = shape('Outer', '', {
  inner: struct(1, inner),
  list: list(2, int32()),
  map: map(3, int64()),
})
const small = (value: number | bigint) =>
  (withWrappedNumbers(inner, { small: value }) as { small: unknown }).small
const large = (value: number | bigint) =>
  (withWrappedNumbers(inner, { large: value }) as { large: unknown }).large

test('numbers of 32 bits keep the lower half of what is put into them', () => {
  assert.equal(small(7), 7)
  assert.equal(small(2 ** 31), -(2 ** 31))
  assert.equal(small(2 ** 32 + 1), 1)
  assert.equal(small(-(2 ** 31) - 1), 2 ** 31 - 1)
  assert.equal(small(10_000_000_000), 1_410_065_408)
  assert.equal(small(2n ** 63n - 1n), -1)
  assert.equal(small(2n ** 63n), 0)
  assert.equal(small(1e30), 0)
  assert.equal(small(1.5), 1.5)
})

test('numbers of 64 bits are the least there is where a float is beyond them', () => {
  assert.equal(large(2 ** 40), 2 ** 40)
  assert.equal(large(2n ** 63n - 1n), 2n ** 63n - 1n)
  assert.equal(large(1e18), 10n ** 18n)
  for (const beyond of [2n ** 63n, -(2n ** 63n) - 1n, 1e19, -1e30])
    assert.equal(large(beyond), -(2n ** 63n))
})

test('all the way down, and nothing else', () => {
  const value = {
    inner: { small: 2 ** 32, either: 2 ** 32, unknown: 2 ** 32 },
    list: [2 ** 32 + 2, 'x'],
    map: { a: 1e30, __proto: 1 },
    unknown: 1e30,
  }
  assert.deepEqual(withWrappedNumbers(outer, value), {
    inner: { small: 0, either: 2 ** 32, unknown: 2 ** 32 },
    list: [2, 'x'],
    map: { a: -(2n ** 63n), __proto: 1 },
    unknown: 1e30,
  })
})
