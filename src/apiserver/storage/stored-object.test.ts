import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { configMap } from '#api/core/v1/config-map.ts'
import { trackUpdate } from '#api/machinery/apply/apply.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { textOfPart } from './part-texts.ts'
import { encodeValue, StoredObject, unstored } from './stored-object.ts'

const decoded = (value: Uint8Array) => JSON.parse(new TextDecoder().decode(value))
const object = (metadata: object, rest: object = {}) =>
  ({ kind: 'ConfigMap', apiVersion: 'v1', metadata, ...rest }) as KubernetesObject

test('a value says what the object says, whoever owns its fields', () => {
  const plain = object({ name: 'a' }, { data: { '<&>': 'x' } })
  const owners = trackUpdate(configMap, undefined, plain, {
    manager: 'me & you',
    subresource: 'status',
    time: '2026-01-01T00:00:00Z',
  })
  const owned = object({ name: 'a', managedFields: owners }, { data: { '<&>': 'x' } })
  for (const each of [
    plain,
    object({}),
    owned,
    // Read back from a store, where nothing is shared.
    decoded(encodeValue(owned)) as KubernetesObject,
    object({ managedFields: [] }),
    object({ managedFields: [{ fieldsV1: { 'f:data': {} } }, { manager: 'none' }] }),
  ]) {
    const expected = structuredClone(each)
    for (const _ of ['made', 'kept']) assert.deepEqual(decoded(encodeValue(each)), expected)
  }
  const text = new TextDecoder().decode(encodeValue(owned))
  assert.ok(!/[<>&]/.test(text), 'browsers see no markup')
})

test('a part that stays is written as it was, and one that is only like it is not', () => {
  const text = (value: Uint8Array) => new TextDecoder().decode(value)
  const pod = (spec: object, phase: string) =>
    ({ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'p' }, spec, status: { phase } }) as never
  const message = '<b>'.repeat(200)
  const spec = { containers: [], args: [message, null, undefined, { a: undefined }] }
  const shown = `"spec":{"containers":null,"args":[${JSON.stringify(message).replace(/[<>]/g, each => (each === '<' ? '\\u003c' : '\\u003e'))},null,null,{}]}`
  const start = '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},'
  for (const phase of ['Pending', 'Running', 'Failed'])
    assert.equal(
      text(encodeValue(pod(spec, phase))),
      `${start}${shown},"status":{"phase":"${phase}"}}`,
    )

  const other: { containers: object[] } = { containers: [{ name: 'x'.repeat(500) }] }
  const kept = textOfPart(other, other, true)
  assert.throws(() => other.containers.push({}), 'what is kept cannot be changed any more')
  assert.equal(textOfPart(other, {}, true), kept)
  assert.equal(textOfPart({ ...other }, {}, true), '{}')
})

test('the revision is spliced in, and the managed fields stay last', () => {
  const fields = [{ manager: 'm', fieldsV1: { 'f:data': {} }, subresource: 'status' }]
  const value = encodeValue(object({ managedFields: fields, name: 'a' }, { data: { b: 'c' } }))
  const { bytes } = new StoredObject('k', 7, value)
  assert.equal(
    new TextDecoder().decode(bytes),
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"7","name":"a","managedFields":[{"manager":"m","fieldsV1":{"f:data":{}},"subresource":"status"}]},"data":{"b":"c"}}',
  )
})

test('what is only shown is encoded for who asks for its bytes', () => {
  const shown = object({ name: 'a', resourceVersion: '3' }, { data: { b: 'c' } })
  const stored = unstored('k', 7, shown)
  assert.equal(stored.object.metadata.resourceVersion, '7')
  assert.deepEqual(stored.object, { ...shown, metadata: { name: 'a', resourceVersion: '7' } })
  assert.equal(
    new TextDecoder().decode(stored.bytes),
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"7","name":"a"},"data":{"b":"c"}}',
  )
  assert.ok(Object.isFrozen((shown as KubernetesObject & { data: object }).data))
})

/** A present state whose value is in a file, and how often it was read from there. */
function inFile() {
  const value = new TextEncoder().encode(
    JSON.stringify(object({ name: 'a' }, { data: { b: 'c' } })),
  )
  const reads = { count: 0 }
  const entry = {
    key: 'k',
    size: value.length,
    createRevision: 1,
    modRevision: 5,
    get value() {
      reads.count++
      return value
    },
  }
  const stored = new StoredObject('k', 5, entry)
  stored.enterPresent()
  return { stored, reads }
}

test('what was dropped is taken back from whoever has it still', () => {
  const { stored, reads } = inFile()
  const held = stored.object as KubernetesObject & { data: object }
  assert.equal(reads.count, 1)
  stored.forget()
  assert.equal(stored.object, held)
  stored.forget()
  assert.ok(stored.has('object'), 'nobody waits for the value')
  stored.forget()
  stored.leavePresent()
  const last = stored.at(6).object as typeof held
  assert.equal(last.metadata.resourceVersion, '6')
  assert.equal(last.data, held.data)
  assert.equal(held.metadata.resourceVersion, '5')
  assert.equal(reads.count, 1)
})

test('what was dropped and nobody has is not kept', async () => {
  const { stored, reads } = inFile()
  assert.deepEqual(stored.object.metadata, { name: 'a', resourceVersion: '5' })
  stored.forget()
  // What was looked at lives until the turn ends.
  await turn()
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  assert.ok(!stored.has('object'))
  assert.deepEqual(stored.object.metadata, { name: 'a', resourceVersion: '5' })
  assert.equal(reads.count, 2)
})
