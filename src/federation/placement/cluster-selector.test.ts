import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { parseClusterSelector } from './cluster-selector.ts'

const LABELS = { continent: 'europe', size: '5' }
const matches = (...requirements: object[]) =>
  parseClusterSelector(JSON.stringify(requirements)).matches(LABELS)

test('without an annotation, or with an empty list, every cluster is meant', () => {
  assert.ok(parseClusterSelector(undefined).matches(undefined))
  assert.ok(matches())
})

test('every operator of Federation v1, in both its spellings', () => {
  const key = 'continent'
  for (const operator of ['in', 'In']) {
    assert.ok(matches({ key, operator, values: ['asia', 'europe'] }))
    assert.ok(!matches({ key, operator, values: ['asia'] }))
  }
  for (const operator of ['notin', 'NotIn']) {
    assert.ok(!matches({ key, operator, values: ['europe'] }))
    assert.ok(matches({ key: 'other', operator, values: ['europe'] }))
  }
  for (const operator of ['=', '==']) assert.ok(matches({ key, operator, values: ['europe'] }))
  assert.ok(!matches({ key, operator: '!=', values: ['europe'] }))
  for (const operator of ['exists', 'Exists']) {
    assert.ok(matches({ key, operator }))
    assert.ok(!matches({ key: 'other', operator, values: null }))
  }
  for (const operator of ['!', 'DoesNotExist']) {
    assert.ok(!matches({ key, operator, values: [] }))
    assert.ok(matches({ key: 'other', operator }))
  }
  for (const operator of ['gt', 'Gt', '>']) {
    assert.ok(matches({ key: 'size', operator, values: ['4'] }))
    assert.ok(!matches({ key: 'size', operator, values: ['5'] }))
  }
  for (const operator of ['lt', 'Lt', '<'])
    assert.ok(matches({ key: 'size', operator, values: ['6'] }))
  assert.ok(
    !matches(
      { key, operator: '=', values: ['europe'] },
      { key: 'size', operator: '=', values: ['1'] },
    ),
    'all must be met',
  )
})

test('what cannot be read is told, and chooses nothing by chance', () => {
  const key = 'continent'
  for (const [value, why] of [
    ['{', /no JSON/],
    ['{}', /no JSON list/],
    ['[1]', /requirement 0: no object/],
    [JSON.stringify([{ key: '', operator: 'Exists' }]), /key/],
    [JSON.stringify([{ key: 'a,b', operator: 'Exists' }]), /key/],
    [JSON.stringify([{ key, operator: 'Near' }]), /"Near" is no operator/],
    [JSON.stringify([{ key, operator: 'toString' }]), /no operator/],
    [JSON.stringify([{ key, operator: 'In' }]), /at least one value/],
    [JSON.stringify([{ key, operator: 'In', values: ['a,b'] }]), /values/],
    [JSON.stringify([{ key, operator: '=', values: ['a', 'b'] }]), /exactly one value/],
    [JSON.stringify([{ key, operator: 'Exists', values: ['a'] }]), /takes no values/],
    [JSON.stringify([{ key, operator: 'Gt', values: ['a'] }]), /whole number/],
    [JSON.stringify(Array.from({ length: 65 }, () => ({ key, operator: 'Exists' }))), /64/],
  ] as const)
    assert.throws(
      () => parseClusterSelector(value),
      (error: unknown) => error instanceof UserError && why.test(error.message),
      value,
    )
})
