import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '../core/v1/config-map.ts'
import type { AnyKind } from './kind.ts'
import type { ObjectMeta } from './metadata.ts'
import { validateMetadata, validateMetadataUpdate } from './validate-metadata.ts'

const of = (metadata: ObjectMeta) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata })
const good: ObjectMeta = {
  name: 'a',
  namespace: 'b',
  uid: 'u',
  resourceVersion: '1',
  generation: 2,
}
const clusterKind: AnyKind = { ...configMap, scope: 'Cluster', nameRule: 'pathSegment' }
const wrong = (more: ObjectMeta, kind: AnyKind = configMap) =>
  validateMetadata(kind, of({ ...good, ...more })).map(error => `${error.field}: ${error.message}`)
const wrongUpdate = (next: ObjectMeta, previous: ObjectMeta = {}) =>
  validateMetadataUpdate(configMap, of({ ...good, ...next }), of({ ...good, ...previous })).map(
    error => `${error.field}: ${error.message}`,
  )

test('good metadata passes', () => {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u' }
  const more = {
    labels: { 'example.com/a': 'b' },
    annotations: { 'Example.com/A': 'any thing\n' },
    finalizers: ['example.com/f', 'orphan'],
    generateName: 'a-',
    ownerReferences: [{ ...owner, controller: true }, owner],
    managedFields: [{ manager: 'kubectl', operation: 'Apply', fieldsType: 'FieldsV1' }],
  }
  assert.deepEqual(wrong(more), [])
  assert.deepEqual(wrongUpdate(more, more), [])
  assert.deepEqual(wrong({ namespace: '', name: 'system:x' }, clusterKind), [])
})

test('names and namespaces', () => {
  assert.deepEqual(wrong({ name: '' }), [
    'metadata.name: Required value: name or generateName is required',
  ])
  assert.match(
    wrong({ name: 'A' })[0] ?? '',
    /^metadata.name: Invalid value: "A": a lowercase RFC 1123/,
  )
  assert.match(
    wrong({ generateName: 'AB-' })[0] ?? '',
    /^metadata.generateName: Invalid value: "AB-"/,
  )
  assert.deepEqual(wrong({ namespace: '' }), ['metadata.namespace: Required value'])
  assert.match(wrong({ namespace: 'a.b' })[0] ?? '', /must not contain dots$/)
  assert.deepEqual(wrong({}, clusterKind), [
    'metadata.namespace: Forbidden: not allowed on this type',
  ])
  assert.deepEqual(wrong({ namespace: '', name: 'a/b' }, clusterKind), [
    'metadata.name: Invalid value: "a/b": may not contain \'/\'',
  ])
})

test('labels, annotations, finalizers, owners, managers', () => {
  assert.match(
    wrong({ labels: { 'a b': 'c d' } }).join(),
    /^metadata.labels: Invalid value: "a b".*,metadata.labels: Invalid value: "c d"/,
  )
  assert.match(
    wrong({ annotations: { '/': '' } })[0] ?? '',
    /^metadata.annotations: Invalid value: "\/"/,
  )
  assert.deepEqual(wrong({ annotations: { a: 'é'.repeat(128 * 1024) } }), [
    'metadata.annotations: Too long: may not be more than 262144 bytes',
  ])
  assert.deepEqual(wrong({ annotations: { a: 'é'.repeat(128 * 1024 - 1) } }), [])
  assert.deepEqual(wrong({ finalizers: ['orphan', 'foregroundDeletion'] }), [
    'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
  ])
  assert.deepEqual(
    wrong({ ownerReferences: [{ apiVersion: 'a/b/c', kind: '', name: '', uid: '' }] }).map(
      text => text.split(':')[0],
    ),
    ['apiVersion', 'kind', 'name', 'uid'].map(part => `metadata.ownerReferences.${part}`),
  )
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }
  assert.match(
    wrong({ ownerReferences: [owner, { ...owner, name: 'q' }] })[0] ?? '',
    /Only one reference can have Controller set to true. Found "true" in references for Pod\/p and Pod\/q$/,
  )
  assert.match(
    wrong({ ownerReferences: [{ ...owner, kind: 'Event' }] })[0] ?? '',
    /Kind=Event is disallowed from being an owner$/,
  )
  assert.deepEqual(
    wrong({ managedFields: [{ manager: 'a\nb', operation: 'Move', fieldsType: 'X' }] }),
    [
      'metadata.managedFields[0].operation: Unsupported value: "Move": supported values: "Apply", "Update"',
      'metadata.managedFields[0].fieldsType: Invalid value: "X": must be `FieldsV1`',
      'metadata.managedFields[0].manager: Invalid value: "a\\nb": invalid character U+000A (at position 1)',
    ],
  )
})

test('what an update may not change', () => {
  for (const [field, value] of [
    ['name', 'z'],
    ['namespace', 'z'],
    ['uid', 'z'],
    ['creationTimestamp', '2026-01-02T03:04:05Z'],
    ['deletionTimestamp', '2026-01-02T03:04:05Z'],
  ] as const)
    assert.deepEqual(wrongUpdate({ [field]: value }), [
      `metadata.${field}: Invalid value: "${value}": field is immutable`,
    ])
  assert.deepEqual(wrongUpdate({ deletionGracePeriodSeconds: 1 }), [
    'metadata.deletionGracePeriodSeconds: Invalid value: 1: field is immutable',
  ])
  assert.deepEqual(wrongUpdate({ resourceVersion: '' }), [
    'metadata.resourceVersion: Invalid value: "": must be specified for an update',
  ])
  assert.match(
    wrongUpdate({ finalizers: ['-'] })[0] ?? '',
    /^metadata.finalizers: Invalid value: "-"/,
  )
  assert.deepEqual(wrongUpdate({ generation: 1 }), [
    'metadata.generation: Invalid value: 1: must not be decremented',
  ])
})

test('finalizers may only go once the object is being deleted', () => {
  const deleted = { deletionTimestamp: '2026-01-02T03:04:05Z' }
  assert.deepEqual(wrongUpdate({ finalizers: ['a', 'b'] }, { finalizers: ['a'] }), [])
  assert.deepEqual(
    wrongUpdate({ ...deleted, finalizers: [] }, { ...deleted, finalizers: ['a'] }),
    [],
  )
  assert.deepEqual(
    wrongUpdate({ ...deleted, finalizers: ['c', 'a', 'b'] }, { ...deleted, finalizers: ['a'] }),
    [
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"b", "c"}',
    ],
  )
})

test('owners of fields are looked through once, however many there are', () => {
  const entries = () =>
    Array.from({ length: 60_000 }, (_, at) => ({
      manager: `m${at}`,
      operation: 'Update',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
    }))
  const before = entries()
  const begun = process.cpuUsage()
  assert.deepEqual(wrongUpdate({ managedFields: entries() }, { managedFields: before }), [])
  const { user, system } = process.cpuUsage(begun)
  assert.ok(user + system < 1_000_000, `${(user + system) / 1000} ms`)
})

test('an update is told first what is wrong with any metadata, then what may not change', () => {
  const owner = { apiVersion: 'v1', kind: 'Pod', name: '', uid: 'u' }
  const told = wrongUpdate({
    generateName: 'a/b',
    labels: { a: '!' },
    ownerReferences: [owner],
    finalizers: ['!'],
    managedFields: [{ operation: '' }],
    deletionGracePeriodSeconds: 7,
    uid: 'other',
  })
  assert.deepEqual(
    told.map(line => line.split(':')[0]),
    [
      'metadata.generateName',
      'metadata.labels',
      'metadata.ownerReferences.name',
      'metadata.finalizers',
      'metadata.managedFields[0].operation',
      'metadata.uid',
      'metadata.deletionGracePeriodSeconds',
    ],
  )
})

test('a kind may have a rule of its own for names, which prefixes obey too', () => {
  const kind: AnyKind = {
    ...configMap,
    nameRule: (name, { metadata }, isPrefix) => [`${name} ${metadata.uid} ${isPrefix}`],
  }
  assert.deepEqual(wrong({ generateName: 'x-' }, kind), [
    'metadata.generateName: Invalid value: "x-": x- u true',
    'metadata.name: Invalid value: "a": a u false',
  ])
})
