/** What of a value is told and what may stay: as a kube-apiserver v1.36 did where both were asked the same. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { validateValue } from './validate.ts'

const text: JsonSchemaProps = { type: 'string' }
const wrong = (schema: JsonSchemaProps, value: unknown, options: { old?: unknown } = {}) =>
  validateValue(schema, value, { prefix: 'a', ...options }).map(
    ({ field, message }) => `${field}: ${message}`,
  )

describe('an enumeration takes what Go makes of a value in the type of what it may be', () => {
  const number: JsonSchemaProps = { type: 'number', enum: [0, 2.5] }
  test('a number without its fraction', () => {
    assert.deepEqual(
      [0.7, -0.7, 2.5].flatMap(value => wrong(number, value)),
      [],
    )
    assert.deepEqual(wrong(number, 2), ['a: Unsupported value: 2: supported values: "0", "2.5"'])
  })
  test('the letter of a number', () => {
    const either: JsonSchemaProps = { 'x-kubernetes-int-or-string': true, enum: ['a'] }
    assert.deepEqual(wrong(either, 97), [])
    assert.equal(wrong(either, 98).length, 1)
  })
})

describe('of several alternatives', () => {
  const b = { required: ['b'], properties: { b: { minLength: 2 } } }
  const c = { required: ['c'], properties: { c: { minimum: 2 } } }
  const properties = { b: text, c: { type: 'integer' } }

  test('the one that looks at most of the value is told', () => {
    for (const anyOf of [
      [b, c],
      [c, b],
    ])
      assert.deepEqual(
        wrong({ type: 'object', properties, anyOf }, { b: 'x', c: 1 }),
        [
          '<nil>: Invalid value: "": "" must validate at least one schema (anyOf)',
          'a.c: Invalid value: 1: c in body should be greater than or equal to 2',
        ].map(line => line.replace('<nil>', 'a')),
      )
  })

  test('none lets a part stay that it refuses, but the whole may stay', () => {
    const schema: JsonSchemaProps = { type: 'object', properties, anyOf: [b] }
    const old = { b: 'x', c: 1 }
    assert.deepEqual(wrong(schema, { ...old }, { old }), [])
    assert.equal(wrong(schema, { ...old, c: 2 }, { old }).length, 2)
  })
})

test('a value of a map that is looked at alone has a dot before it', () => {
  const schema: JsonSchemaProps = {
    type: 'object',
    additionalProperties: { type: 'integer', not: { minimum: 1 }, maximum: 2 },
  }
  assert.deepEqual(wrong(schema, { b: 3 }), [
    'a: Invalid value: "": ".b" must not validate the schema (not)',
    'a.b: Invalid value: 3: .b in body should be less than or equal to 2',
  ])
})
