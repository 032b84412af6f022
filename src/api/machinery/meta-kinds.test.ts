import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeShape } from './decode.ts'
import { required } from './field-error.ts'
import { deleteOptionsKind, partialObjectMetadataKind, statusKind } from './meta-kinds.ts'
import { decodeObjectProtobuf, encodeObjectProtobuf } from './protobuf-envelope.ts'
import { invalid, notFound } from './status.ts'

test('every status goes through its shape and protobuf unchanged', () => {
  const statuses = [
    notFound({ group: 'apps', resource: 'deployments' }, 'web').status,
    invalid({ group: '', kind: 'Pod' }, 'web', [required('spec.containers')]).status,
  ]
  for (const status of statuses) {
    const { value, unknownFields } = decodeShape(statusKind.shape, status)
    assert.deepEqual(unknownFields, [])
    assert.deepEqual(value, status)
    const body = encodeObjectProtobuf(statusKind, status)
    const again = decodeShape(statusKind.shape, decodeObjectProtobuf(statusKind, body))
    assert.deepEqual(again.value, status)
  }
})

test('options and metadata alone, as clients send them in protobuf', () => {
  const options = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    gracePeriodSeconds: 0,
    preconditions: { uid: 'u' },
    propagationPolicy: 'Foreground',
    dryRun: ['All'],
  }
  const body = encodeObjectProtobuf(deleteOptionsKind, options)
  assert.deepEqual(decodeObjectProtobuf(deleteOptionsKind, body), options)
  const { metadata } = decodeObjectProtobuf(
    partialObjectMetadataKind,
    encodeObjectProtobuf(partialObjectMetadataKind, { metadata: { name: 'a' } }),
  )
  assert.equal((metadata as { name: string }).name, 'a')
})
