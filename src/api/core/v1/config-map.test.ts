import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from './config-map.ts'
import { created, lines } from './testing.ts'

const problems = (body: Readonly<Record<string, unknown>>) =>
  lines(configMap.validate(created(configMap, body)))
const TOO_LONG = [': Too long: may not be more than 1048576 bytes']
const MEBIBYTE = 1024 * 1024

test('a map holds one mebibyte, of letters of one byte and of several', () => {
  for (const letter of ['x', 'é', '€', '😀']) {
    const bytes = Buffer.byteLength(letter)
    const most = Math.floor(MEBIBYTE / bytes)
    const rest = 'x'.repeat(MEBIBYTE - most * bytes)
    assert.deepEqual(problems({ data: { a: letter.repeat(most), b: rest } }), [], letter)
    const more = { data: { a: letter.repeat(most), b: `${rest}x` } }
    assert.deepEqual(problems(more), TOO_LONG, letter)
  }
})

test('binary values count by what they stand for, and beside texts', () => {
  const half = Buffer.alloc(MEBIBYTE / 2).toString('base64')
  const binaryData = { b: half }
  assert.deepEqual(problems({ binaryData, data: { a: 'x'.repeat(MEBIBYTE / 2 - 8) } }), [])
  assert.deepEqual(problems({ binaryData, data: { a: 'x'.repeat(MEBIBYTE / 2 + 8) } }), TOO_LONG)
})
