/** Query parameters and options of deletion in odd forms, for resources of several kinds. */
import type { Method } from '#client/transport.ts'
import type { Asked } from './pair.ts'

/** Objects that are there when the rest is asked. */
export const OBJECTS: readonly (readonly [path: string, body: object])[] = [
  [
    '/api/v1/namespaces/default/configmaps',
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'odd' }, data: { a: '1' } },
  ],
  [
    '/apis/stable.example.com/v1/namespaces/default/foos',
    { apiVersion: 'stable.example.com/v1', kind: 'Foo', metadata: { name: 'odd' }, a: 1 },
  ],
  [
    '/api/v1/namespaces/default/pods',
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'odd' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    },
  ],
  [
    '/apis/node.k8s.io/v1/runtimeclasses',
    {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name: 'odd' },
      handler: 'odd',
    },
  ],
]

const asked = (method: Method, path: string, body?: object | string): Asked => ({
  method,
  path,
  ...(body !== undefined && { body }),
})

/** Whatever is read from the query before an object or a list is looked at. */
const OF_READS = [
  'limit=-1',
  'limit=1.5',
  'limit=1&limit=x',
  'limit=9223372036854775808',
  'continue=garbage',
  'continue=e30',
  'continue=W10',
  'continue=a',
  'continue=eyJ2IjoibWV0YS5rOHMuaW8vdjIiLCJydiI6MSwic3RhcnQiOiJ4In0',
  'continue=x&resourceVersionMatch=Exact',
  'timeoutSeconds=1.5',
  'timeoutSeconds=-1',
  'timeoutSeconds=',
  'resourceVersion=abc',
  'resourceVersion=01',
  'resourceVersion=-1',
  'resourceVersion=18446744073709551616',
  'resourceVersion=0&resourceVersionMatch=Exact',
  'resourceVersion=1&resourceVersionMatch=exact',
  'resourceVersionMatch=NotOlderThan',
  'fieldSelector=nope=1',
  'fieldSelector=metadata.name%3D',
  'fieldSelector=metadata.name',
  'fieldSelector=metadata.name=a,,metadata.namespace=b',
  'fieldSelector=%3Da',
  'fieldSelector=metadata.labels.a=b',
  'fieldSelector=metadata.name%3Da%5Cx',
  'labelSelector=,',
  'labelSelector=a,',
  'labelSelector=a==',
  'labelSelector=a=b=c',
  'labelSelector=a%20in%20b',
  'labelSelector=a%20in%20()',
  'labelSelector=a%20nope%20(b)',
  'labelSelector=a%3E1',
  'labelSelector=a%3Ex',
  'labelSelector=a%3C',
  'labelSelector=!',
  'labelSelector=!a=b',
  'labelSelector=a/b/c',
  'labelSelector=/a',
  'labelSelector=UP.example.com./a',
  `labelSelector=${'a'.repeat(64)}`,
  `labelSelector=a=${'b'.repeat(64)}`,
  'labelSelector=a=-b',
  'labelSelector=a%20notin%20(b,%20,c),d!=e',
  'watch=maybe&timeoutSeconds=1&resourceVersion=x',
  'watch=1&timeoutSeconds=x',
  'watch=1&timeoutSeconds=1&resourceVersion=abc',
  'watch=1&timeoutSeconds=1&resourceVersionMatch=Exact',
  'watch=1&timeoutSeconds=1&sendInitialEvents=true',
  'watch=1&timeoutSeconds=1&sendInitialEvents=false',
  'watch=1&timeoutSeconds=1&sendInitialEvents=nope',
  'watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=Exact',
  'watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=x',
  'watch=1&timeoutSeconds=1&continue=x',
  'watch=1&timeoutSeconds=1&fieldSelector=nope=1',
  'watch=1&timeoutSeconds=1&labelSelector=a=b=c',
  'sendInitialEvents=false',
  'allowWatchBookmarks=nope',
  'shardSelector=x',
  'pretty=nope&limit=x',
  'nope=1&labelSelector=none',
]

/** Revisions that are long gone or will never come, and those of which any will do. */
const REVISIONS = [
  'resourceVersion=0&limit=1',
  'resourceVersion=0&limit=1&resourceVersionMatch=NotOlderThan',
  'resourceVersion=0&limit=1&labelSelector=!none',
  'resourceVersion=1&limit=1',
  'resourceVersion=1&resourceVersionMatch=Exact',
  'resourceVersion=1&resourceVersionMatch=NotOlderThan',
  'resourceVersion=9223372036854775807',
  'resourceVersion=9223372036854775807&limit=1',
  'resourceVersion=9223372036854775807&resourceVersionMatch=Exact',
  'resourceVersion=9223372036854775808',
  'resourceVersion=18446744073709551615',
  'watch=1&timeoutSeconds=1&resourceVersion=9223372036854775807',
  `watch=1&timeoutSeconds=4&resourceVersion=9223372036854775807&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
]

/** What a deletion is on the condition of. */
const CONDITIONS = [
  'resourceVersion=1',
  'resourceVersion=0',
  'resourceVersion=x',
  'resourceVersion=1&uid=x',
  'uid=x',
  'uid=',
  'resourceVersion=9223372036854775807',
  'resourceVersion=9223372036854775807&labelSelector=none',
  'resourceVersion=1&labelSelector=none',
  'resourceVersion=1&resourceVersionMatch=NotOlderThan',
]

const OF_OBJECTS = [
  'resourceVersion=abc',
  'resourceVersion=-1',
  'resourceVersion=99999999',
  'resourceVersion=9223372036854775807',
  'pretty=nope',
  'nope=1',
]

/** Of requests that change something. */
const OF_WRITES = [
  'dryRun=Some',
  'dryRun=all',
  'dryRun=All&dryRun=Some',
  'dryRun=',
  'dryRun=true',
  `fieldManager=${'x'.repeat(128)}&dryRun=All`,
  `fieldManager=${'x'.repeat(129)}`,
  'fieldManager=a%07b',
  'fieldManager=%C3%A4&dryRun=All',
  'fieldValidation=Foo',
  'fieldValidation=strict',
  'fieldValidation=&dryRun=All',
  'force=true&dryRun=All',
  'force=nope',
  `dryRun=Some&fieldManager=${'x'.repeat(129)}&fieldValidation=Foo`,
]

const OF_DELETIONS = [
  'propagationPolicy=Foo',
  'propagationPolicy=orphan',
  'propagationPolicy=',
  'gracePeriodSeconds=1.5',
  'gracePeriodSeconds=-1&dryRun=All',
  'gracePeriodSeconds=',
  'orphanDependents=nope&dryRun=All',
  'orphanDependents=&dryRun=All',
  'orphanDependents=true&propagationPolicy=Orphan',
  'orphanDependents=false&propagationPolicy=Foo',
  'dryRun=Some',
  'dryRun=All&dryRun=Some',
  'dryRun=Some&propagationPolicy=Foo',
  'preconditions=x&dryRun=All',
  'ignoreStoreReadErrorWithClusterBreakingPotential=true&dryRun=All',
  'ignoreStoreReadErrorWithClusterBreakingPotential=nope&dryRun=All',
  'ignoreStoreReadErrorWithClusterBreakingPotential=true&gracePeriodSeconds=0&dryRun=All',
]

const OPTIONS: readonly (object | string)[] = [
  '[]',
  '"x"',
  '{"gracePeriodSeconds":"x"}',
  '{"gracePeriodSeconds":1.5}',
  { kind: 'Pod', apiVersion: 'v1' },
  { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] },
  { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', dryRun: ['All'] },
  { kind: 'DeleteOptions', apiVersion: 'apps/v1', dryRun: ['All'] },
  { kind: 'DeleteOptions', apiVersion: 'v2', dryRun: ['All'] },
  { kind: 'DeleteOptions', dryRun: ['All'] },
  { apiVersion: 'v1', dryRun: ['All'] },
  { kind: 'Nope', dryRun: ['All'] },
  { dryRun: ['Some'] },
  { dryRun: 'All' },
  { propagationPolicy: 'Foo' },
  { propagationPolicy: 'Orphan', orphanDependents: false },
  { propagationPolicy: 'Foo', orphanDependents: false, dryRun: ['Some'] },
  { preconditions: { uid: 'x' } },
  { preconditions: { uid: 'x', resourceVersion: '1' } },
  { preconditions: { resourceVersion: 'x' } },
  { preconditions: [] },
  { gracePeriodSeconds: -1, dryRun: ['All'] },
  { nope: 1, dryRun: ['All'] },
  { ignoreStoreReadErrorWithClusterBreakingPotential: true, dryRun: ['All'] },
]

const ofKind = ([path, body]: (typeof OBJECTS)[number]): readonly Asked[] => {
  const { metadata } = body as { metadata: { name: string } }
  const object = `${path}/${metadata.name}`
  const other = { ...body, metadata: { name: 'other' } }
  const merge = { 'content-type': 'application/merge-patch+json' }
  return [
    ...OF_READS.map(query => asked('GET', `${path}?${query}`)),
    ...REVISIONS.map(query => asked('GET', `${path}?${query}`)),
    ...OF_OBJECTS.map(query => asked('GET', `${object}?${query}`)),
    ...CONDITIONS.flatMap(query => [
      asked('DELETE', `${object}?dryRun=All&${query}`),
      asked('DELETE', `${path}?dryRun=All&${query}`),
    ]),
    ...OF_WRITES.flatMap(query => [
      asked('POST', `${path}?${query}`, other),
      asked('PUT', `${object}?${query}`, body),
      { ...asked('PATCH', `${object}?${query}`, {}), headers: merge },
    ]),
    ...OF_DELETIONS.flatMap(query => [
      asked('DELETE', `${object}?${query}`),
      asked('DELETE', `${path}?labelSelector=none&${query}`),
    ]),
    ...OPTIONS.flatMap(options => [
      asked('DELETE', object, options),
      asked('DELETE', `${path}?labelSelector=none`, options),
    ]),
    asked('DELETE', `${object}?dryRun=All&propagationPolicy=Foo`, {
      propagationPolicy: 'Orphan',
      dryRun: ['All'],
    }),
    ...[
      'labelSelector=a=b=c',
      'fieldSelector=nope=1',
      'limit=x',
      'continue=x',
      'resourceVersion=x',
    ].map(query => asked('DELETE', `${path}?${query}`)),
  ]
}

export const oddQueries: readonly Asked[] = OBJECTS.flatMap(ofKind)
