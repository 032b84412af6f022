/** Custom objects whose fields several writers own: a type in two versions with lists and maps of all sorts. */
import { always, anyOf, fields, item, maybeEmpty, someOf } from '../grammar.ts'
import type { Owned } from './owned.ts'

type Json = Readonly<Record<string, unknown>>

const text = { type: 'string' }
const whole = { type: 'integer' }
const object = (properties: Json, more: Json = {}) => ({ type: 'object', properties, ...more })
const list = (items: unknown, more: Json = {}) => ({ type: 'array', items, ...more })
const SET = { 'x-kubernetes-list-type': 'set' }
const mapBy = (...keys: string[]) => ({
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': keys,
})
const ATOMIC_MAP = { 'x-kubernetes-map-type': 'atomic' }
const OPEN = { 'x-kubernetes-preserve-unknown-fields': true }

const spec = object({
  text,
  preset: { ...text, default: 'a' },
  presets: object({ b: { ...text, default: 'x' }, c: whole }),
  nullable: { ...text, nullable: true },
  nullableObject: object({ a: text }, { nullable: true }),
  either: { 'x-kubernetes-int-or-string': true },
  real: { type: 'number' },
  set: list(text, SET),
  numbers: list(whole, SET),
  keyed: list(
    object(
      {
        k: text,
        v: { ...text, default: 'd' },
        deep: object({ a: text, b: text }),
        inner: list(object({ n: text, x: whole }, { required: ['n'] }), mapBy('n')),
      },
      { required: ['k'] },
    ),
    mapBy('k'),
  ),
  twoKeys: list(
    object(
      { port: whole, protocol: { ...text, default: 'TCP' }, name: text },
      { required: ['port'] },
    ),
    mapBy('port', 'protocol'),
  ),
  plain: list(object({ a: text })),
  map: { type: 'object', additionalProperties: text },
  maps: { type: 'object', additionalProperties: object({ a: text, b: text }) },
  lists: { type: 'object', additionalProperties: list(text, SET) },
  atomic: object({ a: text, b: text }, ATOMIC_MAP),
  atomicMap: { type: 'object', additionalProperties: text, ...ATOMIC_MAP },
  open: object({ a: text }, OPEN),
  any: OPEN,
  replicas: whole,
})

const status = object({
  replicas: whole,
  conditions: list(object({ type: text, status: text }, { required: ['type'] }), mapBy('type')),
  any: OPEN,
})

const version = (name: string, storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: object({ spec, status }) },
  subresources: {
    status: {},
    scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
  },
})

export const OWNED_DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'belongings.owned.example.com' },
  spec: {
    group: 'owned.example.com',
    scope: 'Namespaced',
    names: { plural: 'belongings', kind: 'Belonging' },
    versions: [version('v1', true), version('v2', false)],
  },
}

const at = (version: string) => `/apis/owned.example.com/${version}/namespaces/default/belongings`
const few = anyOf('1', '2')
const number = anyOf(1, 2, 3)
const anything = anyOf('x', 1, true, [1, 2], { a: 'b' }, { a: { b: 'c' }, d: [{ e: 1 }] }, {}, [])

const content = fields({
  spec: always(
    fields({
      text: few,
      preset: anyOf('a', 'b'),
      presets: maybeEmpty(fields({ b: few, c: number })),
      nullable: anyOf('1', null),
      nullableObject: anyOf(null, { a: '1' }, { a: '2' }, {}),
      either: anyOf(1, '1', '50%'),
      real: anyOf(1, 1.5, 2),
      set: someOf(anyOf('a'), anyOf('b'), anyOf('c')),
      numbers: someOf(anyOf(1), anyOf(2), anyOf(3)),
      keyed: someOf(
        ...['a', 'b', 'c'].map(k =>
          item(
            { k },
            {
              v: few,
              deep: maybeEmpty(fields({ a: few, b: few })),
              inner: someOf(item({ n: 'x' }, { x: number }), item({ n: 'y' }, { x: number })),
            },
          ),
        ),
      ),
      twoKeys: someOf(
        item({ port: 1 }, { name: few }),
        item({ port: 1, protocol: 'TCP' }, { name: few }),
        item({ port: 1, protocol: 'UDP' }, { name: few }),
        item({ port: 2 }, { name: few }),
      ),
      plain: anyOf([], [{ a: '1' }], [{ a: '1' }, { a: '1' }], [{}]),
      map: maybeEmpty(fields({ a: few, b: few, c: few })),
      maps: maybeEmpty(
        fields({ x: maybeEmpty(fields({ a: few, b: few })), y: maybeEmpty(fields({ a: few })) }),
      ),
      lists: maybeEmpty(fields({ x: someOf(anyOf('a'), anyOf('b')), y: someOf(anyOf('a')) })),
      atomic: maybeEmpty(fields({ a: few, b: few })),
      atomicMap: maybeEmpty(fields({ a: few, b: few })),
      open: maybeEmpty(fields({ a: few, b: anything, c: anything })),
      any: anything,
      replicas: number,
    }),
  ),
})

const single: Owned = {
  title: 'custom object',
  collections: [at('v1')],
  apiVersions: ['owned.example.com/v1'],
  kind: 'Belonging',
  isScaled: true,
  contents: [content],
  status: fields({
    replicas: number,
    conditions: someOf(
      item({ type: 'A' }, { status: always(few) }),
      item({ type: 'B' }, { status: few }),
    ),
    any: anything,
  }),
}

/** Without status and scale: what of them is owned in the other version upstream forgets now and then. */
const inTwoVersions: Owned = {
  title: 'custom object of two versions',
  collections: [at('v1'), at('v2')],
  apiVersions: ['owned.example.com/v1', 'owned.example.com/v2'],
  kind: 'Belonging',
  movesFreely: true,
  contents: [content, content],
}

export const BELONGINGS: readonly Owned[] = [single, inTwoVersions]
