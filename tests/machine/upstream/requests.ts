/** Requests that go wrong, or are read in a way of their own, as both servers are asked them, in order. */
import { nonResourcePaths } from './non-resource-paths.ts'
import { oddOptions } from './odd-options.ts'
import type { Asked } from './pair.ts'
import { reviews } from './reviews.ts'

const CBOR = 'Proa takes and writes CBOR, which upstream has behind a gate, and says so'
const PARSER = 'what a parser of YAML says of its text is in words of its own'

/** A request that Proa answers otherwise, with the reason. */
const but = (differs: string, asked: Asked): Asked => ({ ...asked, differs })

const PODS = '/api/v1/namespaces/default/pods'
const MAPS = '/api/v1/namespaces/default/configmaps'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const type = (name: string) => ({ 'content-type': name })
const json = type('application/json-patch+json')
const merge = type('application/merge-patch+json')
const strategic = type('application/strategic-merge-patch+json')
const apply = type('application/apply-patch+yaml')

const map = (name: string, data: object = { a: '1' }) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'main', image: 'i' }] },
    },
  },
}
const get = (path: string, headers?: Asked['headers']): Asked => ({
  method: 'GET',
  path,
  ...(headers && { headers }),
})
const post = (path: string, body: object | string, headers?: Asked['headers']): Asked => ({
  method: 'POST',
  path,
  body,
  ...(headers && { headers }),
})
const put = (path: string, body: object | string): Asked => ({ method: 'PUT', path, body })
const patch = (path: string, headers: Asked['headers'], body: object | string): Asked => ({
  method: 'PATCH',
  path,
  body,
  ...(headers && { headers }),
})
const remove = (path: string, body?: object | string): Asked => ({
  method: 'DELETE',
  path,
  ...(body === undefined ? {} : { body }),
})

const paths: readonly Asked[] = [
  get('/nothing'),
  get('/api/v2'),
  get('/apis/apps/v7'),
  get('/metrics/none'),
  get('/apis/none.example.com'),
  get('/apis/apps/v7/deployments'),
  get('/apis/apps/v1/nothings'),
  get(`${PODS}/none`),
  get(`${PODS}/none/log`),
  get(`${PODS}/none/status`),
  get(`${PODS}/none/nothing`),
  get(`${MAPS}/none/status`),
  get('/api/v1/namespaces/none'),
  get('/api/v1/namespaces/none/pods'),
  get('/api/v1/nodes/none/proxy'),
  get(`${DEPLOYMENTS}/none/scale`),
  post('/api/v1/configmaps', map('x')),
  post(`${MAPS}/x`, map('x')),
  put(MAPS, map('x')),
  patch(MAPS, merge, {}),
  { method: 'OPTIONS', path: MAPS },
  { method: 'HEAD', path: MAPS },
  post('/version', {}),
  post('/healthz', {}),
  get('/healthz/none'),
  get('/readyz/ping'),
  get('/livez?verbose'),
]

const bodies: readonly Asked[] = [
  post(MAPS, '{'),
  post(MAPS, ''),
  but('Proa says that null is no ConfigMap', post(MAPS, 'null')),
  post(MAPS, '[]'),
  post(MAPS, '"text"'),
  post(MAPS, '{"metadata":{"name":"a"},"data":{"a":1}}'),
  post(MAPS, '{"metadata":{"name":1}}'),
  post(MAPS, '{"metadata":[]}'),
  post(MAPS, { ...map('a'), kind: 'Secret' }),
  post(MAPS, { ...map('a'), apiVersion: 'v9' }),
  post(MAPS, { ...map('a'), apiVersion: 'apps/v1' }),
  post(MAPS, { ...map('a'), kind: 'Nothing' }),
  but(PARSER, post(MAPS, 'a: [', type('application/yaml'))),
  but(CBOR, post(MAPS, map('a'), type('text/plain'))),
  but(CBOR, post(MAPS, map('a'), type('nonsense'))),
  post(MAPS, 'x', type('application/vnd.kubernetes.protobuf')),
  post(MAPS, map('')),
  post(MAPS, map('UPPER')),
  post(MAPS, map('a/b')),
  post(MAPS, map('.')),
  post(MAPS, { ...map('a'), metadata: { name: 'a', namespace: 'other' } }),
  post(MAPS, { ...map('a'), metadata: { name: 'a', resourceVersion: '1' } }),
  post(MAPS, { ...map('a'), metadata: { name: 'a', uid: 'x' } }),
  post(MAPS, { ...map('a'), metadata: { name: 'a', labels: { 'a b': 'c' } } }),
  post(MAPS, { ...map('a'), metadata: { name: 'a', labels: { a: 'b c' } } }),
  post(MAPS, { ...map('a'), metadata: { name: 'a', annotations: { 'a b': 'c' } } }),
  post(MAPS, { ...map('a'), metadata: { name: 'a', finalizers: ['x y'] } }),
  post(MAPS, { ...map('a'), metadata: { name: 'a', finalizers: ['xy'] } }),
  post(MAPS, { ...map('a'), metadata: { name: 'a', ownerReferences: [{}] } }),
  post(MAPS, map('a', { 'b/c': 'd' })),
  post(`${MAPS}?fieldValidation=Strict`, { ...map('a'), more: 1, data: { a: 'b' } }),
  post(`${MAPS}?fieldValidation=Strict`, '{"metadata":{"name":"a"},"data":{"a":"1","a":"2"}}'),
  post(`${MAPS}?fieldValidation=Warn`, { ...map('warned'), more: 1 }),
  post(`${MAPS}?fieldValidation=Ignore`, { ...map('ignored'), more: 1 }),
  post(`${MAPS}?fieldValidation=Nonsense`, map('a')),
  post(`${MAPS}?dryRun=Some`, map('a')),
  post(`${MAPS}?dryRun=All`, map('dry')),
  post(`${MAPS}?fieldManager=${'x'.repeat(129)}`, map('a')),
  post(MAPS, map('one')),
  post(MAPS, map('one')),
  post(MAPS, { ...map(''), metadata: { generateName: 'UPPER' } }),
  post('/api/v1/namespaces/none/configmaps', map('a')),
  post('/api/v1/namespaces', { metadata: { name: 'a.b' } }),
  post(PODS, { metadata: { name: 'p' }, spec: {} }),
  post(PODS, { metadata: { name: 'p' }, spec: { containers: [{ name: 'A' }] } }),
  post(PODS, {
    metadata: { name: 'p' },
    spec: {
      containers: [
        {
          name: 'c',
          image: 'i',
          ports: [{ containerPort: 0 }, { containerPort: 80, protocol: 'X' }],
          resources: { requests: { cpu: '2' }, limits: { cpu: '1' } },
          volumeMounts: [{ name: 'none', mountPath: '' }],
          env: [{ name: 'A=B' }, { name: '', value: 'x' }],
          livenessProbe: {},
        },
        { name: 'c', image: 'i' },
      ],
      restartPolicy: 'Sometimes',
      dnsPolicy: 'Nonsense',
      tolerations: [{ operator: 'Near' }],
      volumes: [{ name: 'v' }, { name: 'v', emptyDir: {}, hostPath: { path: '/' } }],
    },
  }),
  post(DEPLOYMENTS, { metadata: { name: 'd' }, spec: {} }),
  post(DEPLOYMENTS, {
    ...deployment,
    spec: { ...deployment.spec, replicas: -1, selector: { matchLabels: { app: 'other' } } },
  }),
  post('/api/v1/namespaces/default/services', { metadata: { name: 's' }, spec: {} }),
  post('/api/v1/namespaces/default/services', {
    metadata: { name: 's' },
    spec: { ports: [{ port: 0 }], type: 'Nonsense', clusterIP: '1.2.3.4' },
  }),
  post('/api/v1/namespaces/default/secrets', {
    metadata: { name: 's' },
    type: 'kubernetes.io/tls',
    data: {},
  }),
  post('/apis/batch/v1/namespaces/default/cronjobs', {
    metadata: { name: 'c' },
    spec: { schedule: 'sometimes', jobTemplate: {} },
  }),
  post('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'r' },
    rules: [{ verbs: [] }],
  }),
]

const writes: readonly Asked[] = [
  put(`${MAPS}/none`, map('none')),
  put(`${MAPS}/one`, map('two')),
  put(`${MAPS}/one`, { ...map('one'), metadata: { name: 'one', resourceVersion: '1' } }),
  put(`${MAPS}/one`, { ...map('one'), metadata: { name: 'one', uid: 'x' } }),
  put(`${MAPS}/one`, { ...map('one'), metadata: { name: 'one', resourceVersion: 'x' } }),
  patch(`${MAPS}/none`, merge, {}),
  patch(`${MAPS}/one`, type('application/json'), {}),
  patch(`${MAPS}/one`, merge, '{'),
  patch(`${MAPS}/one`, merge, '[]'),
  patch(`${MAPS}/one`, merge, { data: { a: 1 } }),
  patch(`${MAPS}/one`, merge, { metadata: { resourceVersion: '1' } }),
  patch(`${MAPS}/one`, merge, { metadata: { name: 'two' } }),
  patch(`${MAPS}/one`, json, '{}'),
  patch(`${MAPS}/one`, json, '[{"op":"test","path":"/data/a","value":"2"}]'),
  patch(`${MAPS}/one`, json, '[{"op":"remove","path":"/data/none"}]'),
  patch(`${MAPS}/one`, json, '[{"op":"nonsense","path":"/data/a"}]'),
  patch(`${MAPS}/one`, json, '[{"op":"replace","path":"/data/a","value":{}}]'),
  patch(`${MAPS}/one`, strategic, { data: { $patch: 'nonsense' } }),
  patch(`${MAPS}/one`, strategic, '{'),
  patch(`${MAPS}/one`, apply, map('one')),
  patch(`${MAPS}/one?fieldManager=a`, apply, map('two')),
  patch(`${MAPS}/one?fieldManager=a`, apply, { ...map('one'), data: { a: '2' } }),
  patch(`${MAPS}/one?fieldManager=a&force=true`, apply, { ...map('one'), data: { a: '2' } }),
  patch(`${MAPS}/one?fieldManager=b`, apply, { ...map('one'), data: { a: '3' } }),
  but(PARSER, patch(`${MAPS}/one?fieldManager=b`, apply, '{')),
  patch(`${MAPS}/one?fieldManager=b`, apply, { metadata: { name: 'one' } }),
  patch(`${MAPS}/one?force=true`, merge, {}),
  patch(`${MAPS}/one?fieldManager=b`, apply, {
    ...map('one'),
    metadata: { name: 'one', managedFields: [{ manager: 'x' }] },
  }),
  post(DEPLOYMENTS, deployment),
  put(`${DEPLOYMENTS}/web`, {
    ...deployment,
    spec: { ...deployment.spec, selector: { matchLabels: { app: 'web', b: 'c' } } },
  }),
  patch(`${DEPLOYMENTS}/web/scale`, merge, { spec: { replicas: 3 } }),
  patch(`${DEPLOYMENTS}/web/scale`, merge, { spec: { replicas: -3 } }),
  patch(`${DEPLOYMENTS}/web/scale`, merge, { metadata: { resourceVersion: '1' } }),
  put(`${DEPLOYMENTS}/web/scale`, { metadata: { name: 'web' }, spec: { replicas: 2 } }),
  get(`${DEPLOYMENTS}/web/scale`),
  put(`${DEPLOYMENTS}/web/status`, { ...deployment, status: { replicas: -1 } }),
  remove(`${MAPS}/none`),
  remove(`${MAPS}/one`, { preconditions: { uid: 'x' } }),
  remove(`${MAPS}/one`, { preconditions: { resourceVersion: '1' } }),
  remove(`${MAPS}/one`, '{'),
  remove(`${MAPS}/one?propagationPolicy=Nonsense`),
  remove(`${MAPS}/one?gracePeriodSeconds=x`),
  remove(`${MAPS}/one`, { kind: 'Pod', apiVersion: 'v1' }),
  remove(`${MAPS}/one`, { orphanDependents: true, propagationPolicy: 'Orphan' }),
  remove(`${MAPS}?labelSelector=a=b=c`),
  remove('/api/v1/namespaces/kube-system'),
]

const reads: readonly Asked[] = [
  but(CBOR, get(MAPS, { accept: 'text/html' })),
  but(CBOR, get(MAPS, { accept: 'application/json;as=Nothing;v=v1;g=meta.k8s.io' })),
  but(CBOR, get(MAPS, { accept: 'application/json;as=Table;v=v9;g=meta.k8s.io' })),
  get(`${MAPS}/one`, {
    accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  }),
  get(`${MAPS}?limit=x`),
  get(`${MAPS}?limit=-1`),
  get(`${MAPS}?continue=x`),
  get(`${MAPS}?resourceVersion=x`),
  get(`${MAPS}?resourceVersion=-1`),
  get(`${MAPS}?resourceVersion=99999999`),
  get(`${MAPS}?resourceVersionMatch=Exact`),
  get(`${MAPS}?resourceVersionMatch=Exact&resourceVersion=0`),
  get(`${MAPS}?resourceVersionMatch=Nonsense&resourceVersion=1`),
  get(`${MAPS}?resourceVersionMatch=NotOlderThan`),
  get(`${MAPS}?labelSelector=a+in+(`),
  get(`${MAPS}?labelSelector=a%20b`),
  get(`${MAPS}?labelSelector=-x%3Dy`),
  get(`${MAPS}?fieldSelector=data.a=b`),
  get(`${MAPS}?fieldSelector=metadata.name`),
  get(`${PODS}?fieldSelector=spec.nothing=b`),
  get(`${MAPS}?timeoutSeconds=x`),
  get(`${MAPS}?watch=1&resourceVersion=x`),
  get(`${MAPS}?watch=1&sendInitialEvents=true`),
  get(`${MAPS}?watch=1&limit=3&timeoutSeconds=1&resourceVersion=99999999`),
  get(`${MAPS}?sendInitialEvents=true`),
  get(`${MAPS}/one?resourceVersion=x`),
  get(`${MAPS}?allowWatchBookmarks=maybe`),
  get(`${MAPS}?pretty=1&labelSelector=none`),
  get(`${PODS}/none?pretty=true`),
]

export const requests: readonly Asked[] = [
  ...paths,
  ...nonResourcePaths,
  ...bodies,
  ...writes,
  ...reads,
  ...reviews,
  ...oddOptions,
]
