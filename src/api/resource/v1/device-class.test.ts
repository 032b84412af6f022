import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { created, lines, updated } from '../../core/v1/testing.ts'
import { deviceClass } from './device-class.ts'

before(() => deviceClass.prepareWrites?.())

const problemsOf = (spec: object) =>
  lines(deviceClass.validateCreate(created(deviceClass, { spec })))

test('selectors and settings are complete', () => {
  const opaque = { driver: 'gpu.example.com', parameters: {} }
  assert.deepEqual(
    problemsOf({ selectors: [{ cel: { expression: 'true' } }], config: [{ opaque }] }),
    [],
  )
  assert.deepEqual(problemsOf({ selectors: [{}], config: [{}] }), [
    'spec.selectors[0].cel: Required value',
    'spec.config[0].opaque: Required value',
  ])
  assert.deepEqual(problemsOf({ config: Array(33).fill({ opaque }) }), [
    'spec.config: Too many: 33: must have at most 32 items',
  ])
})

test('a class may stand for an extended resource, but for no native one', () => {
  assert.deepEqual(problemsOf({ extendedResourceName: 'example.com/gpu' }), [])
  for (const name of ['cpu', 'kubernetes.io/gpu', 'requests.example.com/gpu', 'example.com/-'])
    assert.deepEqual(problemsOf({ extendedResourceName: name }), [
      `spec.extendedResourceName: Invalid value: "${name}": must be a valid extended resource name`,
    ])
})

test('what is stored may be longer than what is new', () => {
  const long = { cel: { expression: 'a'.repeat(10_241) } }
  const config = [{ opaque: { driver: 'a', parameters: { a: 'b'.repeat(10_240) } } }]
  const previous = created(deviceClass, { spec: { selectors: [long], config } })
  const problems = (spec: object) =>
    lines(deviceClass.validateUpdate(updated(deviceClass, previous, { spec }), previous))
  assert.deepEqual(problems({ selectors: [long], config }), [])
  assert.deepEqual(problems({ selectors: [long, long], config: [...config, ...config] }), [
    'spec.selectors[0].cel.expression: Too long: may not be more than 10240 bytes',
    'spec.selectors[1].cel.expression: Too long: may not be more than 10240 bytes',
    'spec.config[0].opaque.parameters: Too long: may not be more than 10240 bytes',
    'spec.config[1].opaque.parameters: Too long: may not be more than 10240 bytes',
  ])
})

test('selectors are expressions about a device', () => {
  const problems = (expression: string) => problemsOf({ selectors: [{ cel: { expression } }] })
  assert.deepEqual(problems('device.driver == "gpu.example.com"'), [])
  const at = 'spec.selectors[0].cel.expression: Invalid value'
  assert.deepEqual(problems('1'), [
    `${at}: "1": must evaluate to bool or the unknown type, not int`,
  ])
  assert.match(problems('')[0] ?? '', /ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>'/)
  assert.deepEqual(problems('object.a'), [
    `${at}: "object.a": compilation failed: ERROR: <input>:1:1: undeclared reference to 'object' (in container '')\n | object.a\n | ^`,
  ])
})
