import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineKind, type ObjectOfShape, objectShape } from './kind.ts'
import { inVersion, shapeInVersion } from './other-version.ts'
import { type AnySchema, list, map, shape, string, struct } from './schema.ts'

const foreign = shape('io.k8s.api.core.v1.Reference', 'Of another package.', { name: string(1) })
const part = shape('io.k8s.api.test.v1.Part', 'A part.', {
  name: string(1),
  at: struct(2, foreign).optional(),
})
const wholeShape = objectShape('io.k8s.api.test.v1.Whole', 'Made of parts.', {
  one: struct(2, part).optional(),
  many: list(3, part).atomic(),
  named: map(4, part),
})
type Whole = ObjectOfShape<typeof wholeShape>
const whole = defineKind<Whole>({
  group: 'test.k8s.io',
  version: 'v1',
  kind: 'Whole',
  plural: 'wholes',
  scope: 'Cluster',
  shape: wholeShape,
})

function inner(schema: AnySchema | undefined): string {
  if (schema?.type === 'list') return inner(schema.items)
  if (schema?.type === 'map') return inner(schema.values)
  return schema?.type === 'struct' ? schema.shape.name : ''
}

test('another version has the same fields, and its own shapes are named after it', () => {
  const beta = inVersion(whole, 'v1beta1')
  assert.equal(beta.version, 'v1beta1')
  assert.equal(beta.plural, 'wholes')
  assert.equal(beta.shape.name, 'io.k8s.api.test.v1beta1.Whole')
  const { one, many, named, metadata } = beta.shape.fields
  for (const field of [one, many, named])
    assert.equal(inner(field?.schema), 'io.k8s.api.test.v1beta1.Part')
  assert.equal(inner(metadata?.schema), inner(whole.shape.fields.metadata?.schema))
  assert.equal(many?.schema.number, 3)
  assert.equal(many?.schema.listType, 'atomic')
  assert.ok(one?.schema.type === 'struct')
  assert.equal(inner(one.schema.shape.fields.at?.schema), 'io.k8s.api.core.v1.Reference')
  // The kind that it was made of is as it was.
  assert.equal(inner(whole.shape.fields.one?.schema), 'io.k8s.api.test.v1.Part')
})

test('objects are stored as the kind that it was made of', () => {
  const { storedAs } = inVersion(whole, 'v1beta1')
  const served: Whole = {
    apiVersion: 'test.k8s.io/v1beta1',
    kind: 'Whole',
    metadata: { name: 'a' },
  }
  assert.equal(storedAs?.kind, whole)
  const stored = storedAs?.toStored(served)
  assert.equal(stored.apiVersion, 'test.k8s.io/v1')
  assert.deepEqual(storedAs?.fromStored(stored), served)
  assert.equal(served.apiVersion, 'test.k8s.io/v1beta1')
})

test('a shape has one form in each version, however it is reached', () => {
  const beta = shapeInVersion(part, 'v1beta1')
  assert.equal(shapeInVersion(part, 'v1beta1'), beta)
  const { one } = inVersion(whole, 'v1beta1').shape.fields
  assert.ok(one?.schema.type === 'struct')
  assert.equal(one.schema.shape, beta)
  assert.equal(shapeInVersion(shapeInVersion(part, 'v1alpha1'), 'v1beta1'), beta)
  const nested = shape(
    'io.k8s.api.test.v1.Outer',
    'Nests.',
    { a: string(1) },
    { inlined: [{ number: 1, shapeName: 'io.k8s.api.test.v1.Inner', fields: ['a'] }] },
  )
  assert.deepEqual(
    shapeInVersion(nested, 'v1beta1').inlined?.map(each => each.shapeName),
    ['io.k8s.api.test.v1beta1.Inner'],
  )
})

test('a version that is on its way out says so', () => {
  const deprecation = 'test.k8s.io/v1beta1 Whole is deprecated'
  assert.equal(inVersion(whole, 'v1beta1', { deprecation }).deprecation, deprecation)
  assert.equal(inVersion(whole, 'v1beta2').deprecation, undefined)
})
