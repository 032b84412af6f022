import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secondsIn, shortSpan } from './age.ts'

test('spans as kubectl prints them', () => {
  const cases: readonly [number, string][] = [
    [-5, '<invalid>'],
    [-1, '0s'],
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [125, '2m5s'],
    [600, '10m'],
    [3 * 3600 - 1, '179m'],
    [3 * 3600 + 60, '3h1m'],
    [8 * 3600, '8h'],
    [2 * 86_400 + 3600, '2d1h'],
    [8 * 86_400, '8d'],
    [2 * 365 * 86_400 + 86_400, '2y1d'],
    [9 * 365 * 86_400, '9y'],
  ]
  for (const [seconds, text] of cases) assert.equal(shortSpan(seconds * 1000), text)
})

test('and back, for sorting', () => {
  assert.equal(secondsIn('2m5s'), 125)
  assert.equal(secondsIn('2d4h'), 2 * 86_400 + 4 * 3600)
  assert.equal(secondsIn('web'), undefined)
})
