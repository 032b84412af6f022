import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { configMap } from '../core/v1/config-map.ts'
import {
  compileFieldSelector,
  escapeFieldValue,
  formatFieldSelector,
  parseFieldSelector,
} from './field-selector.ts'
import { isStatus } from './status.ts'

const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'b' } }
const withPhase = { ...configMap, fieldSelectors: { 'status.phase': () => 'Running' } }

test('field selectors select', () => {
  const matches = (text: string) => compileFieldSelector(configMap, text)(object)
  assert.equal(matches(''), true)
  assert.equal(matches('metadata.name=a'), true)
  assert.equal(matches('metadata.name==a,metadata.namespace!=c'), true)
  assert.equal(matches('metadata.name=a,metadata.namespace=c'), false)
  assert.equal(matches(',metadata.name=a,'), true)
  assert.equal(compileFieldSelector(withPhase, 'status.phase!=Running')(object), false)
})

test('values may hold anything when escaped', () => {
  fc.assert(
    fc.property(fc.string(), value => {
      const text = `metadata.name=${escapeFieldValue(value)}`
      assert.deepEqual(parseFieldSelector(text), [{ field: 'metadata.name', operator: '=', value }])
      assert.equal(formatFieldSelector(parseFieldSelector(text)), text)
    }),
  )
})

test('what cannot be read is a BadRequest', () => {
  const refused = (kind: typeof configMap, text: string, message: string) =>
    assert.throws(
      () => compileFieldSelector(kind, text),
      (thrown: unknown) => isStatus(thrown, 'BadRequest') && thrown.message === message,
      text,
    )
  refused(configMap, 'a', "invalid selector: 'a'; can't understand 'a'")
  refused(configMap, 'metadata.name=\\x', 'invalid field selector: invalid escape sequence: \\x')
  refused(
    configMap,
    'metadata.name=a=b',
    'invalid field selector: unescaped character in value: 61',
  )
  refused(
    configMap,
    'spec.x=1',
    '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
  )
  refused(withPhase, 'constructor=1', 'field label not supported: constructor')
})
