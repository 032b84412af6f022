import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyDefaults, applyShapeDefaults } from './defaults.ts'
import { defineKind, objectShape } from './kind.ts'
import { int32, list, map, type ObjectShape, shape, string, struct } from './schema.ts'

const port = shape('io.k8s.api.test.v1.Port', 'A port.', {
  port: int32(1).required(),
  protocol: string(2).default('TCP'),
  weight: int32(3).optional().default(5),
})
const spec = shape('io.k8s.api.test.v1.Spec', 'A spec.', {
  ports: list(1, port),
  byName: map(2, port),
  one: struct(3, port).optional(),
  modes: list(4, string()).default(Object.freeze(['a']) as string[]),
  plain: string(5),
})

test('defaults fill what is absent, at every depth, and nothing else', () => {
  const draft = {
    ports: [{ port: 1 }, { port: 2, protocol: 'UDP', weight: 0 }],
    byName: { constructor: { port: 3, protocol: '' } },
  }
  applyShapeDefaults(spec, draft)
  assert.deepEqual(draft, {
    ports: [
      { port: 1, protocol: 'TCP', weight: 5 },
      { port: 2, protocol: 'UDP', weight: 0 },
    ],
    byName: { constructor: { port: 3, protocol: 'TCP', weight: 5 } },
    modes: ['a'],
  })
  const again = structuredClone(draft)
  applyShapeDefaults(spec, again)
  assert.deepEqual(again, draft)
})

test('an empty default is told, but not filled in where what is empty is left out', () => {
  const counts = shape('io.k8s.api.test.v1.Counts', 'Counts.', {
    left: int32(1).default(0),
    kept: int32(2).optional().default(0),
  })
  const draft = {}
  applyShapeDefaults(counts, draft)
  assert.deepEqual(draft, { kept: 0 })
})

test('a default is a fresh value each time', () => {
  const first: { modes?: string[] } = {}
  applyShapeDefaults(spec, first)
  first.modes?.push('b')
  const second: { modes?: string[] } = {}
  applyShapeDefaults(spec, second)
  assert.deepEqual(second.modes, ['a'])
})

test('shapes that contain themselves are followed', () => {
  const fields: Record<string, unknown> = {}
  const tree = { name: 'io.k8s.api.test.v1.Tree', doc: 'A tree.', fields } as unknown as ObjectShape
  Object.assign(fields, { children: list(1, tree), mode: string(2).default('x') })
  const draft = { children: [{ children: [{}] }] }
  applyShapeDefaults(tree, draft)
  assert.deepEqual(draft, {
    children: [{ children: [{ mode: 'x' }], mode: 'x' }],
    mode: 'x',
  })
})

test('the computed defaults of a kind come after the static ones', () => {
  const kind = defineKind<{
    apiVersion: string
    kind: string
    metadata: object
    spec?: { one?: { protocol?: string }; plain?: string }
  }>({
    group: 'example.com',
    version: 'v1',
    kind: 'Thing',
    plural: 'things',
    scope: 'Namespaced',
    shape: objectShape('com.example.v1.Thing', 'A thing.', { spec: struct(2, spec).optional() }),
    defaults: draft => {
      if (draft.spec) draft.spec.plain ??= `over ${draft.spec.one?.protocol}`
    },
  })
  const draft = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: {}, spec: { one: {} } }
  applyDefaults(kind, draft)
  assert.deepEqual(draft.spec, {
    one: { protocol: 'TCP', weight: 5 },
    modes: ['a'],
    plain: 'over TCP',
  })
})
