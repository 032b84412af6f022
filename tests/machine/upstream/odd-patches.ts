/** Patches of every type in odd forms, of a built-in kind with lists of all sorts, a plain one and a custom one. */
import type { Asked } from './pair.ts'

const CBOR = 'Proa takes CBOR, which upstream has behind a gate, and says so'
const PARSER = 'what a parser of YAML says of its text is in words of its own'
const UNKNOWN = 'Proa forgives an order of a field that nobody knows, which nobody can have'
const TWICE =
  'Proa tells once that the patch says a field twice, upstream tells it of the result, too'

/** A patch that Proa answers otherwise, with the reason. */
const but = (differs: string, asked: Asked): Asked => ({ ...asked, differs })

const MAP = '/api/v1/namespaces/default/configmaps/patched'
const POD = '/api/v1/namespaces/default/pods/patched'
const FOO = '/apis/stable.example.com/v1/namespaces/default/foos/patched'
const SERVICE = '/api/v1/namespaces/default/services/patched'

export const PATCHED: readonly (readonly [path: string, body: object])[] = [
  [
    '/api/v1/namespaces/default/configmaps',
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'patched' }, data: { a: '1' } },
  ],
  [
    '/apis/stable.example.com/v1/namespaces/default/foos',
    {
      apiVersion: 'stable.example.com/v1',
      kind: 'Foo',
      metadata: { name: 'patched' },
      a: 1,
      list: [1, 2],
      map: { x: { y: 'z' } },
    },
  ],
  [
    '/api/v1/namespaces/default/pods',
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'patched', finalizers: ['a.example.com/x', 'b.example.com/y'] },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'i',
            ports: [{ containerPort: 1 }],
            env: [{ name: 'A', value: 'b' }],
          },
          { name: 'd', image: 'i' },
        ],
        volumes: [{ name: 'v', emptyDir: {} }],
      },
    },
  ],
  [
    '/api/v1/namespaces/default/services',
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'patched' },
      spec: {
        selector: { a: 'b' },
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 81 },
        ],
      },
    },
  ],
]

const of =
  (type: string) =>
  (path: string, body: object | string, query = ''): Asked => ({
    method: 'PATCH',
    path: `${path}?dryRun=All${query}`,
    body,
    headers: { 'content-type': `application/${type}` },
  })
const json = of('json-patch+json')
const merge = of('merge-patch+json')
const strategic = of('strategic-merge-patch+json')
const apply = of('apply-patch+yaml')

const many = (count: number) =>
  Array.from({ length: count }, () => ({ op: 'test', path: '/data/a', value: '1' }))

const OPERATIONS: readonly (object | string)[] = [
  '',
  'null',
  '"x"',
  '[',
  '[null]',
  '[1]',
  '[[]]',
  [{}],
  [{ op: 'add' }],
  [{ op: 'add', path: '/a' }],
  [{ op: 'add', path: 'a', value: 1 }],
  [{ op: 'add', path: '', value: {} }],
  [{ op: 'remove', path: '' }],
  [{ op: 'add', path: '/none/deep', value: 1 }],
  [{ op: 'remove', path: '/none' }],
  [{ op: 'remove', path: '/none/deep' }],
  [{ op: 'replace', path: '/none', value: 1 }],
  [{ op: 'replace', path: '/none/deep', value: 1 }],
  [{ op: 'test', path: '/none', value: 1 }],
  [{ op: 'test', path: '/none', value: null }],
  [{ op: 'test', path: '/metadata/name', value: 'other' }],
  [{ op: 'test', path: '/metadata/name' }],
  [{ op: 'copy', path: '/metadata/labels' }],
  [{ op: 'copy', from: '/none', path: '/metadata/labels' }],
  [{ op: 'move', from: '/none', path: '/metadata/labels' }],
  [{ op: 'move', path: '/metadata/labels' }],
  [{ op: 'Add', path: '/a', value: 1 }],
  [{ op: 1, path: '/a', value: 1 }],
  [{ op: 'add', path: 1, value: 1 }],
  [{ op: 'add', path: '/metadata/finalizers/x', value: 'a.example.com/x' }],
  [{ op: 'add', path: '/metadata/finalizers/-', value: 'a.example.com/x' }],
  [{ op: 'add', path: '/metadata/labels/a~1b', value: 'c' }],
  [{ op: 'add', path: '/metadata/labels', value: { a: 'b' }, more: 1 }],
  [{ op: 'add', path: '/metadata/labels', value: null }],
  [{ op: 'replace', path: '/metadata/name', value: 'other' }],
  [{ op: 'replace', path: '/kind', value: 'Other' }],
  [{ op: 'replace', path: '/apiVersion', value: 'v9' }],
  [{ op: 'remove', path: '/kind' }],
  [{ op: 'replace', path: '/metadata', value: 1 }],
  [{ op: 'remove', path: '/metadata' }],
  [{ op: 'replace', path: '/metadata/uid', value: 'x' }],
  [{ op: 'replace', path: '/metadata/resourceVersion', value: '1' }],
  [{ op: 'add', path: '/nope', value: 1 }],
  many(10001),
]

const MERGES: readonly (object | string)[] = [
  '',
  'null',
  '1',
  '"x"',
  '[{}]',
  '{"a":}',
  '{"metadata":null}',
  '{"metadata":{"name":null}}',
  '{"metadata":{"labels":null}}',
  '{"metadata":{"labels":[]}}',
  '{"metadata":{"labels":{"a":1}}}',
  '{"metadata":{"labels":{"a b":"c"}}}',
  '{"metadata":{"uid":"x"}}',
  '{"metadata":{"uid":"x","resourceVersion":"1"}}',
  '{"metadata":{"resourceVersion":"0"}}',
  '{"metadata":{"resourceVersion":""}}',
  '{"metadata":{"resourceVersion":null}}',
  '{"metadata":{"uid":"x","resourceVersion":"0"}}',
  '{"metadata":{"uid":"x","resourceVersion":"y"}}',
  '{"metadata":{"resourceVersion":"x"}}',
  '{"metadata":{"resourceVersion":1}}',
  '{"metadata":{"generation":"x"}}',
  '{"metadata":{"managedFields":"x"}}',
  '{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"A","name":"a"}]}}',
  '{"metadata":[]}',
  '{"kind":null}',
  '{"kind":"Other"}',
  '{"apiVersion":"v9"}',
  '{"apiVersion":1}',
  '{"nope":1}',
  '{"metadata":{"name":"other"}}',
  '{"metadata":{"namespace":"other"}}',
]

const STRATEGIC: readonly (readonly [path: string, body: object | string])[] = [
  [MAP, { $patch: 'nope' }],
  [MAP, { $patch: 1 }],
  [MAP, { $patch: 'delete' }],
  [MAP, { $patch: 'replace', data: { b: '2' } }],
  [MAP, { data: { $patch: 'replace', b: '2' } }],
  [MAP, { data: { $patch: 'delete' } }],
  [MAP, { data: { $patch: 'merge' } }],
  [MAP, { data: { $retainKeys: ['b'] } }],
  [MAP, { $retainKeys: 'x' }],
  [MAP, { $nope: 1 }],
  [MAP, { data: 1 }],
  [MAP, { data: [] }],
  [MAP, { metadata: { labels: { $patch: 'replace' } } }],
  [POD, { spec: { containers: [{ image: 'j' }] } }],
  [POD, { spec: { containers: [{ name: 'c', $patch: 'nope' }] } }],
  [POD, { spec: { containers: [{ $patch: 'replace' }] } }],
  [POD, { spec: { containers: [{ $patch: 'delete' }] } }],
  [POD, { spec: { containers: [{ $patch: 'delete', name: 'none' }] } }],
  [POD, { spec: { containers: [1] } }],
  [POD, { spec: { containers: {} } }],
  [POD, { spec: { containers: 'x' } }],
  [POD, { spec: { containers: [null] } }],
  [POD, { spec: { $setElementOrder: 1 } }],
  [POD, { spec: { '$setElementOrder/containers': 'x' } }],
  [POD, { spec: { '$setElementOrder/containers': [{ name: 'c' }] } }],
  [POD, { spec: { '$setElementOrder/containers': [{}], containers: [{ name: 'c', image: 'j' }] } }],
  [
    POD,
    {
      spec: {
        '$setElementOrder/containers': [{ name: 'd' }],
        containers: [{ name: 'c', image: 'j' }],
      },
    },
  ],
  [POD, { spec: { '$deleteFromPrimitiveList/containers': ['c'] } }],
  [POD, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a.example.com/x'] } }],
  [POD, { metadata: { '$deleteFromPrimitiveList/finalizers': 'a' } }],
  [POD, { metadata: { '$deleteFromPrimitiveList/finalizers': [1] } }],
  [POD, { metadata: { '$deleteFromPrimitiveList/nope': ['a'] } }],
  [POD, { metadata: { $deleteFromPrimitiveList: ['a'] } }],
  [
    POD,
    {
      metadata: {
        '$setElementOrder/finalizers': ['b.example.com/y', 'a.example.com/x'],
        finalizers: ['a.example.com/x'],
      },
    },
  ],
  [POD, { metadata: { '$setElementOrder/finalizers': ['b'], finalizers: ['a'] } }],
  [POD, { metadata: { finalizers: 'x' } }],
  [POD, { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'] }] } }],
  [POD, { spec: { volumes: [{ name: 'v', $retainKeys: 'x' }] } }],
  [POD, { spec: { volumes: [{ name: 'v', $retainKeys: [1] }] } }],
  [POD, { spec: { volumes: [{ name: 'v', $retainKeys: ['name'], hostPath: { path: '/' } }] } }],
  [POD, { spec: null }],
  [POD, { spec: [] }],
  [POD, { spec: 'x' }],
  [POD, { status: { conditions: [{ status: 'True' }] } }],
  [POD, { nope: 1 }],
  [POD, { spec: { nope: { a: 1 } } }],
  [POD, { spec: { nope: [{ a: 1 }] } }],
  [SERVICE, { spec: { ports: [{ name: 'x' }] } }],
  [SERVICE, { spec: { ports: [{ port: 80, $patch: 'delete' }] } }],
  [SERVICE, { spec: { ports: [{ port: '80', $patch: 'delete' }] } }],
  [SERVICE, { spec: { ports: [{ port: 80, targetPort: 'way-too-long-a-name-for-ports' }] } }],
  [SERVICE, { spec: { $retainKeys: ['ports'], selector: { a: 'c' } } }],
  [SERVICE, { spec: { '$setElementOrder/ports': [{ port: 81 }, { port: 80 }] } }],
]

const map = (more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'patched' },
  ...more,
})
const foo = (more: object = {}) => ({
  apiVersion: 'stable.example.com/v1',
  kind: 'Foo',
  metadata: { name: 'patched' },
  ...more,
})
const pod = (spec: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'patched' },
  spec,
})
const service = (ports: readonly object[]) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'patched' },
  spec: { ports },
})

const APPLIED: readonly (readonly [path: string, body: object | string])[] = [
  [MAP, ''],
  [MAP, 'null'],
  [MAP, '[]'],
  [MAP, '"x"'],
  [MAP, '{}'],
  [MAP, { apiVersion: 'v1' }],
  [MAP, { kind: 'ConfigMap' }],
  [MAP, { apiVersion: 'v1', kind: 'ConfigMap' }],
  [MAP, map({ kind: 'Secret' })],
  [MAP, map({ kind: 'Nope' })],
  [MAP, map({ apiVersion: 'v9' })],
  [MAP, map({ apiVersion: 'apps/v1' })],
  [MAP, map({ apiVersion: 'a/b/c' })],
  [MAP, map({ apiVersion: 1 })],
  [MAP, map({ metadata: { name: 'other' } })],
  [MAP, map({ metadata: { name: 1 } })],
  [MAP, map({ metadata: 'x' })],
  [MAP, map({ metadata: { name: 'patched', namespace: 'other' } })],
  [MAP, map({ metadata: { name: 'patched', uid: 'x' } })],
  [MAP, map({ metadata: { name: 'patched', resourceVersion: '1' } })],
  [MAP, map({ metadata: { name: 'patched', managedFields: [] } })],
  [MAP, map({ metadata: { name: 'patched', managedFields: [{}] } })],
  [MAP, map({ data: { a: 1 } })],
  [MAP, map({ data: 'x' })],
  [MAP, map({ data: { a: '2' } })],
  [MAP, map({ nope: 1 })],
  [MAP, map({ metadata: { name: 'patched', finalizers: ['a.b/c', 'a.b/c'] } })],
  [MAP, 'a: 1\na: 2'],
  [POD, pod({ containers: [{ image: 'i' }] })],
  [
    POD,
    pod({
      containers: [
        { name: 'c', image: 'i' },
        { name: 'c', image: 'i' },
      ],
    }),
  ],
  [POD, pod({ containers: [{ name: 1, image: 'i' }] })],
  [POD, pod({ containers: 'x' })],
  [POD, pod({ containers: [null] })],
  [POD, pod({ containers: [{ name: 'c', ports: [{ containerPort: 1 }, { containerPort: 1 }] }] })],
  [POD, pod({ containers: [{ name: 'c', ports: [{}] }] })],
  [POD, pod({ containers: [{ name: 'c', image: 'j' }] })],
  [POD, pod({ nope: 1 })],
  [POD, pod({ hostname: 'x' })],
  [SERVICE, service([{ port: 80 }, { port: 80 }])],
  [SERVICE, service([{ port: 80, protocol: 'TCP' }, { port: 80 }])],
  [SERVICE, service([{ name: 'x' }])],
  [SERVICE, service([{ port: '80' }])],
  [FOO, '{}'],
  [FOO, foo({ a: 2 })],
  [FOO, foo({ kind: 'Bar' })],
  [FOO, foo({ apiVersion: 'stable.example.com/v9' })],
  [FOO, foo({ metadata: { name: 'other' } })],
  [FOO, foo({ metadata: { name: 'patched', managedFields: [{}] } })],
  [FOO, foo({ metadata: { name: 'patched', labels: { a: 1 } } })],
  [FOO, foo({ metadata: { name: 'patched', nope: 1 } })],
]

const OBJECTS = [MAP, POD, FOO]

export const oddPatches: readonly Asked[] = [
  ...OPERATIONS.flatMap(body => OBJECTS.map(path => json(path, body))),
  json(FOO, [{ op: 'add', path: '/list/9', value: 1 }]),
  json(FOO, [{ op: 'add', path: '/list/-9', value: 1 }]),
  json(FOO, [{ op: 'add', path: '/list/-1', value: 1 }]),
  json(FOO, [{ op: 'add', path: '/list/01', value: 1 }]),
  json(FOO, [{ op: 'remove', path: '/list/9' }]),
  json(FOO, [{ op: 'remove', path: '/list/-' }]),
  json(FOO, [{ op: 'remove', path: '/list/-1' }]),
  json(FOO, [{ op: 'replace', path: '/list/2', value: 1 }]),
  json(FOO, [{ op: 'test', path: '/list', value: [2, 1] }]),
  json(FOO, [{ op: 'test', path: '/list/7', value: 1 }]),
  json(FOO, [{ op: 'add', path: '/a/b', value: 1 }]),
  json(FOO, [{ op: 'move', from: '/map', path: '/map/x' }]),
  ...MERGES.flatMap(body => OBJECTS.map(path => merge(path, body))),
  ...STRATEGIC.map(([path, body]) => strategic(path, body)),
  ...APPLIED.map(([path, body]) => apply(path, body, '&fieldManager=other')),
  apply(MAP, map()),
  apply(MAP, map(), '&fieldManager='),
  apply(MAP, map(), '&fieldManager=a&force=nope'),
  apply(MAP, map({ nope: 1 }), '&fieldManager=a&fieldValidation=Strict'),
  apply(MAP, map({ nope: 1 }), '&fieldManager=a&fieldValidation=Ignore'),
  apply(MAP, 'kind: ConfigMap\nkind: ConfigMap', '&fieldManager=a&fieldValidation=Strict'),
  apply(
    FOO,
    foo({ metadata: { name: 'patched', nope: 1 } }),
    '&fieldManager=a&fieldValidation=Strict',
  ),
  merge(MAP, { nope: 1, data: { b: '1' } }, '&fieldValidation=Strict'),
  merge(POD, { spec: { nope: 1 } }, '&fieldValidation=Strict'),
  merge(POD, '{"metadata":{"labels":{"a":"1","a":"2"}}}', '&fieldValidation=Strict'),
  strategic(POD, { spec: { nope: 1 } }, '&fieldValidation=Strict'),
  strategic(POD, '{"metadata":{"labels":{"a":"1","a":"2"}}}', '&fieldValidation=Strict'),
  json(POD, [{ op: 'add', path: '/spec/nope', value: 1 }], '&fieldValidation=Strict'),
  but(
    TWICE,
    json(
      POD,
      '[{"op":"add","path":"/metadata/labels","value":{"a":"1","a":"2"}}]',
      '&fieldValidation=Strict',
    ),
  ),
  but(CBOR, of('apply-patch+cbor')(MAP, map(), '&fieldManager=a')),
  but(CBOR, strategic(FOO, { a: 2 })),
  but(UNKNOWN, strategic(POD, { spec: { '$setElementOrder/nope': [{ name: 'd' }] } })),
  apply(MAP, map({ data: { a: null } }), '&fieldManager=other'),
  but(PARSER, apply(MAP, 'a: [b', '&fieldManager=other')),
  of('apply-patch+json')(MAP, map(), '&fieldManager=a'),
  of('yaml')(MAP, map()),
  of('json-patch+json; charset=utf-8')(MAP, []),
  of('json-patch+json;')(MAP, []),
  of('JSON-Patch+JSON')(MAP, []),
]
