/** What OpenAPI documents say of custom resources, as read off a kube-apiserver 1.36.3 but for the words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { openApiOf } from './published.ts'

const PRESERVING = { 'x-kubernetes-preserve-unknown-fields': true }
const refer = (_: unknown, description: string) => ({ $ref: 'meta', description })
const shown = (format: 'v2' | 'v3', schema: JsonSchemaProps) => openApiOf(schema)(format, refer)
const propertiesOf = (format: 'v2' | 'v3', properties: Record<string, JsonSchemaProps>) => {
  const { apiVersion, kind, metadata, ...own } = shown(format, { type: 'object', properties })
    .properties as Record<string, unknown>
  return own
}

test('version 2 says nothing of objects that may have any field, not even what is known', () => {
  const schema = { type: 'object', description: 'told', ...PRESERVING, properties: { a: {} } }
  assert.deepEqual(shown('v2', schema), { type: 'object' })
  assert.equal(shown('v3', schema).description, 'told')
})

test('version 2 knows no defaults, and leaves open what may be more than it could say', () => {
  const open = { type: 'object', description: 'd', ...PRESERVING, properties: { a: {} } }
  assert.deepEqual(
    propertiesOf('v2', {
      count: { type: 'integer', default: 3, minimum: 1 },
      open,
      list: { type: 'array', items: open },
    }),
    {
      count: { type: 'integer', minimum: 1 },
      open: { description: 'd', ...PRESERVING },
      list: { type: 'array', items: { description: 'd', ...PRESERVING } },
    },
  )
})

test('version 3 says in its own words what may be a number or a text', () => {
  const port = { 'x-kubernetes-int-or-string': true }
  const both = { ...port, anyOf: [{ type: 'integer' }, { type: 'string' }] }
  assert.deepEqual(propertiesOf('v3', { port, ports: { type: 'array', items: port } }), {
    port: both,
    ports: { type: 'array', items: both },
  })
  assert.deepEqual(propertiesOf('v2', { port }), { port })
})

test('an embedded resource has what every object has, and has to say what it is', () => {
  const EMBEDDED = { type: 'object', 'x-kubernetes-embedded-resource': true }
  const pod = { ...EMBEDDED, properties: { a: {} }, required: ['a', 'kind'] }
  for (const format of ['v2', 'v3'] as const) {
    const shownOf = propertiesOf(format, { pod, pods: { type: 'array', items: pod } })
    const one = shownOf.pod as { required: string[]; properties: object }
    assert.deepEqual(one.required, ['a', 'kind', 'apiVersion'])
    assert.deepEqual(Object.keys(one.properties).sort(), ['a', 'apiVersion', 'kind', 'metadata'])
    assert.deepEqual((shownOf.pods as { items: object }).items, one)
  }
  const open = { ...EMBEDDED, ...PRESERVING }
  assert.deepEqual(propertiesOf('v2', { open }).open, {
    ...PRESERVING,
    'x-kubernetes-embedded-resource': true,
  })
  assert.deepEqual((propertiesOf('v3', { open }).open as { required: string[] }).required, [
    'kind',
    'apiVersion',
  ])
})

test('version 2 keeps examples, and what the values of an open map are', () => {
  assert.deepEqual(
    propertiesOf('v2', {
      map: { type: 'object', ...PRESERVING, additionalProperties: { type: 'string' } },
      nothing: { type: 'object', nullable: true, additionalProperties: { nullable: true } },
      told: { type: 'string', example: 'x' },
    }),
    {
      map: { ...PRESERVING, additionalProperties: { type: 'string' } },
      nothing: { additionalProperties: {} },
      told: { type: 'string', example: 'x' },
    },
  )
})

test('what clients look for in the texts of every custom resource is there', () => {
  const properties = shown('v3', {}).properties as Record<string, { description: string }>
  assert.match(properties.apiVersion?.description ?? '', /^APIVersion defines/)
  assert.match(properties.metadata?.description ?? '', /^Standard object's metadata/)
})
