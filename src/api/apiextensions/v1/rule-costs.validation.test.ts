/** Definitions whose rules could cost too much; held against upstream's server in tests/machine/upstream. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { loadCelEngine } from '../../cel/engine.ts'
import type { JsonSchemaProps } from './json-schema-props.ts'
import { wrongRuleCosts } from './rule-costs.validation.ts'

before(loadCelEngine)

const HINT =
  '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)'
const rules = (...all: string[]) => ({ 'x-kubernetes-validations': all.map(rule => ({ rule })) })
const list = (items: JsonSchemaProps, maxItems?: number, rule?: string): JsonSchemaProps => ({
  type: 'array',
  items,
  ...(maxItems === undefined ? {} : { maxItems }),
  ...(rule === undefined ? {} : rules(rule)),
})
const text = (maxLength?: number): JsonSchemaProps => ({
  type: 'string',
  ...(maxLength === undefined ? {} : { maxLength }),
})
const told = (a: JsonSchemaProps) =>
  wrongRuleCosts({ type: 'object', properties: { a } }, 'S').map(
    ({ field, message }) => `${field}: ${message}`,
  )

const RULE = 'S.properties[a].x-kubernetes-validations[0].rule'
const tooMuch = (factor: string, path = RULE) =>
  `${path}: Forbidden: estimated rule cost exceeds budget by factor of ${factor} ${HINT}`

describe('a rule', () => {
  test('over bounded lists and texts is taken', () => {
    assert.deepEqual(told(list(text(10), 10, 'self.all(x, x.startsWith("a"))')), [])
    assert.deepEqual(told(list({ type: 'integer' }, 725, 'self.all(x, self.all(y, x == y))')), [])
    assert.deepEqual(told({ ...text(), ...rules('self.startsWith("a")') }), [])
  })

  test('over lists of lists without bounds is refused, and so is all together', () => {
    const inner = list(text(), undefined, `self.all(s, s == 'string constant')`)
    const path = 'S.properties[a].items.x-kubernetes-validations[0].rule'
    assert.deepEqual(told(list(inner)), [
      tooMuch('more than 100x', path),
      `${path}: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      `S: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${HINT}`,
    ])
  })

  test('that costs a little too much is told by how much', () => {
    // 1,500 times 1,500 turns of 5, and what is around them.
    const quadratic = 'self.all(x, self.all(y, x == y))'
    assert.deepEqual(told(list({ type: 'integer' }, 1500, quadratic)), [tooMuch('1.125750x')])
    assert.deepEqual(told(list({ type: 'integer' }, 3000, quadratic)), [tooMuch('4.5x')])
  })

  test('in a list is run as often as that may have items', () => {
    const inner = { ...text(100), ...rules('self.contains(self)') }
    assert.deepEqual(told(list(inner, 100)), [])
    const path = 'S.properties[a].items.x-kubernetes-validations[0].rule'
    const [line = ''] = told(list(inner, 100_000))
    assert.equal(line, tooMuch('16.0x', path))
  })
})

test('a message that costs too much is refused', () => {
  const message = (messageExpression: string) =>
    told({ ...text(), 'x-kubernetes-validations': [{ rule: 'true', messageExpression }] })
  assert.deepEqual(message('self + self'), [])
  const [line = ''] = message('self.contains(self) ? "a" : "b"')
  assert.match(
    line,
    /\.messageExpression: Forbidden: estimated messageExpression cost exceeds budget/,
  )
})
