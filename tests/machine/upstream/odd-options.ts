/** Options of queries and of deletions in odd forms, on a built-in and a custom kind; nothing that is asked for here is done. */
import type { Asked } from './pair.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const FOOS = '/apis/stable.example.com/v1/namespaces/default/foos'
const NODES = '/api/v1/nodes'

const token = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Of lists, where they are wrong. */
const LISTS: readonly string[] = [
  'limit=x',
  'limit=1.5',
  'limit=0x1',
  'limit=9999999999999999999',
  'timeoutSeconds=x',
  'resourceVersion=abc',
  'resourceVersion=1.5',
  'resourceVersion=18446744073709551616',
  'continue=garbage',
  'continue=e30',
  `continue=${token({ v: 'x', rv: 1, start: 'a' })}`,
  `continue=${token({ v: 'meta.k8s.io/v1', rv: 1, start: '' })}`,
  'continue=e30&resourceVersion=1',
  'fieldSelector=nope=1',
  'fieldSelector=metadata.uid=x',
  'fieldSelector=metadata.name',
  'fieldSelector=a=b=c',
  'labelSelector=a%3D%3D%3Db',
  'labelSelector=a+in',
  'labelSelector=a+notin+(b',
  'labelSelector=!',
  'labelSelector=!a%3Db',
  'labelSelector=!a+in+(b)',
  'labelSelector=,',
  'labelSelector=a,,b',
  'labelSelector=a%3Eb',
  `labelSelector=a%3D${'x'.repeat(64)}`,
  'labelSelector=a/b/c',
  'labelSelector=(a)',
  'labelSelector=a+b',
  'labelSelector=%C3%A9',
  'sendInitialEvents=false',
  'sendInitialEvents=x',
  'resourceVersionMatch=Nope',
  'resourceVersionMatch=Nope&resourceVersion=0',
  'resourceVersionMatch=Exact&resourceVersion=0',
  'watch=true&fieldSelector=nope=1',
  'watch=true&labelSelector=,,',
  'watch=true&resourceVersion=abc&timeoutSeconds=1',
  'watch=true&resourceVersionMatch=Exact&timeoutSeconds=1',
  'watch=true&sendInitialEvents=true&resourceVersionMatch=Exact&timeoutSeconds=1',
]

/** Of deletions, where they are wrong. */
const DELETIONS: readonly string[] = [
  'dryRun=Some',
  'propagationPolicy=Foo',
  'propagationPolicy=',
  'propagationPolicy=orphan',
  'gracePeriodSeconds=x',
  'gracePeriodSeconds=1.5',
  'orphanDependents=true&propagationPolicy=Orphan',
  'orphanDependents=false&propagationPolicy=Background',
]

/** Of all writes, where they are wrong. */
const WRITES: readonly string[] = [
  'dryRun=Some',
  'dryRun=all',
  'dryRun=All,Some',
  `fieldManager=${'x'.repeat(129)}`,
  'fieldValidation=Foo',
  'fieldValidation=strict',
  `dryRun=Some&fieldValidation=Foo&fieldManager=${'x'.repeat(129)}`,
]
const MERGE = { 'content-type': 'application/merge-patch+json' }

export const oddOptions: readonly Asked[] = [
  ...[MAPS, FOOS, NODES].flatMap(path =>
    LISTS.map((query): Asked => ({ method: 'GET', path: `${path}?${query}` })),
  ),
  ...[MAPS, `${MAPS}/one`, FOOS, `${FOOS}/one`].flatMap(path =>
    DELETIONS.map((query): Asked => ({ method: 'DELETE', path: `${path}?${query}` })),
  ),
  ...WRITES.flatMap((query): Asked[] => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' } }
    return [
      { method: 'POST', path: `${MAPS}?${query}`, body },
      { method: 'PUT', path: `${MAPS}/one?${query}`, body },
      { method: 'PATCH', path: `${MAPS}/one?${query}`, body: {}, headers: MERGE },
    ]
  }),
]
