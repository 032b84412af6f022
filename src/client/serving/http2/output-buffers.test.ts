import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OutputBuffers } from './output-buffers.ts'

test('what was given back serves again, for pieces of its size', () => {
  const buffers = new OutputBuffers()
  const small = buffers.take(100)
  const large = buffers.take(90_000)
  assert.ok(small.length >= 100 && small.length < large.length && large.length >= 90_000)
  buffers.giveBack(small)
  buffers.giveBack(large)
  // Not `equal`, which would print both.
  assert.ok(buffers.take(50_000) === large)
  assert.ok(buffers.take(1) === small)
})

test('nobody gets what somebody has', () => {
  const buffers = new OutputBuffers()
  const taken = Array.from({ length: 100 }, () => buffers.take(1000))
  assert.equal(new Set(taken).size, 100)
  assert.equal(new Set(taken.map(each => each.buffer)).size, 100)
})

test('no more is kept than allowed, and nothing that is too large', () => {
  const buffers = new OutputBuffers(40_000)
  const taken = [buffers.take(1), buffers.take(1), buffers.take(1)]
  const huge = buffers.take(1_000_000)
  for (const each of [...taken, huge]) buffers.giveBack(each)
  assert.equal(huge.length, 1_000_000)
  assert.ok(buffers.take(1_000_000) !== huge)
  const again = [buffers.take(1), buffers.take(1), buffers.take(1)]
  assert.equal(again.filter(each => taken.includes(each)).length, 2)
})
