import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Rates } from './rates.ts'

test('a rate is known from the second reading on, and holds for a moment', () => {
  const rates = new Rates()
  assert.equal(rates.of('a', 1e9, 10_000), undefined)
  assert.equal(rates.of('a', 3e9, 14_000), 5e8)
  assert.equal(rates.of('a', 9e9, 14_100), 5e8, 'too soon to tell another')
  assert.equal(rates.of('a', 4e9, 15_000), 1e9)
  assert.equal(rates.of('a', 1e9, 20_000), undefined, 'it began anew')
  assert.equal(rates.of('a', 2e9, 700_000), undefined, 'that is long ago')
  rates.keep(new Set())
  assert.equal(rates.of('a', 3e9, 701_500), undefined)
})
