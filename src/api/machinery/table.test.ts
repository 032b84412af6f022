import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '../core/v1/config-map.ts'
import { pod } from '../core/v1/pod/pod.ts'
import { defineKind, objectShape } from './kind.ts'
import { tableOf } from './table.ts'

const created = '2026-01-02T03:04:05Z'
const now = Date.parse(created) + 90_000
const object = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'b', resourceVersion: '7', creationTimestamp: created },
  data: { x: '1', y: '2' },
}

test('a table carries columns, cells and, unless asked otherwise, the metadata', () => {
  const table = tableOf(configMap, [object], { now })
  assert.deepEqual(
    table.columnDefinitions?.map(column => [column.name, column.type, column.format]),
    [
      ['Name', 'string', 'name'],
      ['Data', 'string', ''],
      ['Age', 'string', ''],
    ],
  )
  assert.deepEqual(table.rows?.[0]?.cells, ['a', 2, '90s'])
  assert.deepEqual(table.rows?.[0]?.object, {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: object.metadata,
  })
  assert.deepEqual(table.metadata, { resourceVersion: '7' })
})

test('includeObject decides what a row carries, and lists bring their own metadata', () => {
  const listMeta = { resourceVersion: '9', continue: 'x' }
  const whole = tableOf(configMap, [object], { now, includeObject: 'Object', listMeta })
  assert.equal(whole.rows?.[0]?.object, object)
  assert.equal(whole.metadata, listMeta)
  const none = tableOf(configMap, [object], { now, includeObject: 'None', withoutColumns: true })
  assert.equal(none.rows?.[0]?.object, null)
  assert.equal(none.columnDefinitions, null)
})

test('a kind without columns shows its name and when it was created', () => {
  const plain = defineKind({
    group: 'example.com',
    version: 'v1',
    kind: 'Plain',
    plural: 'plains',
    scope: 'Cluster',
    shape: objectShape('com.example.v1.Plain', 'Nothing but metadata.', {}),
  })
  const table = tableOf(plain, [object], { now })
  assert.deepEqual(
    table.columnDefinitions?.map(column => column.name),
    ['Name', 'Created At'],
  )
  assert.deepEqual(table.rows?.[0]?.cells, ['a', created])
})

test('rows of pods that have ended say so', () => {
  const row = (phase: string) => {
    const object = { metadata: { name: 'p' }, spec: { containers: [] }, status: { phase } }
    return tableOf(pod, [object as never], { now: 0 }).rows?.[0]
  }
  assert.deepEqual(row('Succeeded')?.conditions, [
    {
      type: 'Completed',
      status: 'True',
      reason: 'Succeeded',
      message: 'The pod has completed successfully.',
    },
  ])
  assert.equal(row('Failed')?.conditions?.[0]?.reason, 'Failed')
  assert.equal(row('Running')?.conditions, undefined)
})
