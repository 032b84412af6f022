import assert from 'node:assert/strict'
import { test } from 'node:test'
import { common, formatCpuSet, holds, isEqual, parseCpuSet, union, without } from './cpu-set.ts'

test('sets are written as the kernel writes them, and read back', () => {
  for (const text of ['', '0', '0-3', '0-3,8', '1,3,5', '0-1,4-6,9'])
    assert.equal(formatCpuSet(parseCpuSet(text)), text)
  assert.deepEqual(parseCpuSet(' 8, 0-2,1\n'), [0, 1, 2, 8])
  for (const text of ['a', '1-', '-1', '3-1', '1,,2', '0-99999999', '1.5'])
    assert.throws(() => parseCpuSet(text), /processors/, text)
})

test('sets are added, taken apart and compared', () => {
  const [a, b] = [parseCpuSet('0-3'), parseCpuSet('2-5')]
  assert.equal(formatCpuSet(union(a, b)), '0-5')
  assert.equal(formatCpuSet(without(a, b)), '0-1')
  assert.equal(formatCpuSet(common(a, b)), '2-3')
  assert.equal(holds(a, [1, 2]), true)
  assert.equal(holds(a, b), false)
  assert.equal(isEqual(union(b, a), parseCpuSet('0-5')), true)
  assert.equal(isEqual(a, b), false)
})
