/** Requests of all sorts of which both audit logs tell, in their order: some build on those before. */
import type { Audited } from './audited.ts'

const NAMESPACE = '/api/v1/namespaces/default'
const MAPS = `${NAMESPACE}/configmaps`
const PODS = `${NAMESPACE}/pods`
const LONG = ['RequestReceived', 'ResponseStarted', 'ResponseComplete']
const PROTOBUF = { accept: 'application/vnd.kubernetes.protobuf' }
const TABLE = { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1,application/json' }
const PARTIAL = { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' }
const typed = (type: string) => ({ 'content-type': `application/${type}` })
const MERGE = typed('merge-patch+json')

const map = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...more },
  data: { a: '<1>&' },
})
const pod = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
})
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: {
    replicas: 0,
    selector: { matchLabels: { a: 'b' } },
    template: {
      metadata: { labels: { a: 'b' } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    },
  },
}
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const jane = { 'impersonate-user': 'jane', 'impersonate-group': 'readers' }

export const ordinary: readonly Audited[] = [
  { method: 'POST', path: MAPS, body: map('a') },
  { method: 'POST', path: MAPS, body: map('a') },
  { method: 'POST', path: `${MAPS}?dryRun=All`, body: map('dry', { labels: { a: 'b' } }) },
  { method: 'POST', path: MAPS, body: map('', { generateName: 'made-' }) },
  { method: 'POST', path: MAPS, body: map('X_') },
  { method: 'POST', path: MAPS, body: '{"kind":' },
  { method: 'POST', path: MAPS, body: pod('wrong') },
  { method: 'POST', path: MAPS, body: map('elsewhere', { namespace: 'other' }) },
  {
    method: 'POST',
    path: MAPS,
    body: 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: y}\n',
    headers: typed('yaml'),
  },
  {
    method: 'POST',
    path: MAPS,
    body: map('t'),
    headers: typed('nonsense'),
    differs: 'Proa always takes CBOR, and says so',
  },
  { method: 'GET', path: `${MAPS}/a` },
  { method: 'GET', path: `${MAPS}/a?pretty=true` },
  { method: 'GET', path: `${MAPS}/a`, headers: PROTOBUF },
  { method: 'GET', path: `${MAPS}/a`, headers: { accept: 'application/yaml' } },
  { method: 'GET', path: `${MAPS}/a`, headers: TABLE },
  { method: 'GET', path: `${MAPS}/a`, headers: PARTIAL },
  { method: 'GET', path: `${MAPS}/a`, headers: { accept: 'text/html' } },
  { method: 'GET', path: `${MAPS}/none` },
  { method: 'HEAD', path: `${MAPS}/a` },
  { method: 'GET', path: `${MAPS}?fieldSelector=metadata.name%3Da` },
  { method: 'GET', path: `${MAPS}?fieldSelector=metadata.name%3Da`, headers: PROTOBUF },
  { method: 'GET', path: `${MAPS}?fieldSelector=metadata.name%3Da`, headers: TABLE },
  { method: 'GET', path: `${MAPS}?fieldSelector=metadata.name%3Da&pretty=1` },
  { method: 'GET', path: `${MAPS}?labelSelector=a%3Db,c&limit=1` },
  { method: 'GET', path: `${MAPS}?fieldSelector=nonsense%3D1` },
  { method: 'GET', path: '/api/v1/configmaps?labelSelector=no%3Dbody' },
  { method: 'PUT', path: `${MAPS}/a`, body: map('a', { resourceVersion: '1' }) },
  { method: 'PUT', path: `${MAPS}/a`, body: map('a', { labels: { x: 'y' } }) },
  { method: 'PUT', path: `${MAPS}/none`, body: map('none') },
  { method: 'PUT', path: `${MAPS}/a`, body: map('b') },
  { method: 'PATCH', path: `${MAPS}/a`, body: { data: { b: '2' } }, headers: MERGE },
  {
    method: 'PATCH',
    path: `${MAPS}/a`,
    body: { data: { c: '2' } },
    headers: typed('strategic-merge-patch+json'),
  },
  {
    method: 'PATCH',
    path: `${MAPS}/a`,
    body: [{ op: 'add', path: '/data/d', value: '4' }],
    headers: typed('json-patch+json'),
  },
  { method: 'PATCH', path: `${MAPS}/a`, body: '{\n "data": {"e": "5"}\n}\n', headers: MERGE },
  {
    method: 'PATCH',
    path: `${MAPS}/a?fieldManager=m&force=true`,
    body: map('a'),
    headers: typed('apply-patch+yaml'),
  },
  {
    method: 'PATCH',
    path: `${MAPS}/applied?fieldManager=m`,
    body: map('applied'),
    headers: typed('apply-patch+yaml'),
  },
  { method: 'PATCH', path: `${MAPS}/none`, body: {}, headers: MERGE },
  { method: 'PATCH', path: `${MAPS}/a`, body: {}, headers: typed('nonsense') },
  {
    method: 'DELETE',
    path: `${MAPS}/a`,
    body: {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      propagationPolicy: 'Background',
      gracePeriodSeconds: 0,
    },
  },
  { method: 'DELETE', path: `${MAPS}/a` },
  { method: 'DELETE', path: `${MAPS}/applied?propagationPolicy=Background` },
  {
    method: 'DELETE',
    path: `${MAPS}?labelSelector=no%3Dbody`,
    body: { kind: 'DeleteOptions', apiVersion: 'v1' },
  },
  { method: 'POST', path: `${MAPS}/a`, body: map('a') },
  { method: 'PUT', path: `${MAPS}/a/status`, body: map('a') },
  { method: 'POST', path: '/api/v1/configmaps', body: map('a') },
]

export const pods: readonly Audited[] = [
  { method: 'POST', path: PODS, body: pod('p') },
  { method: 'POST', path: PODS, body: { ...pod('q'), spec: {} } },
  { method: 'GET', path: `${PODS}/p/log`, stages: LONG },
  { method: 'GET', path: `${PODS}/none/log`, stages: LONG },
  { method: 'POST', path: `${PODS}/p/exec?command=ls&stdout=true`, stages: LONG },
  { method: 'GET', path: `${PODS}/none/attach?stdout=true`, stages: LONG },
  { method: 'POST', path: `${PODS}/p/portforward?ports=80`, stages: LONG },
  { method: 'GET', path: `${PODS}/none/proxy/x?y=z`, stages: LONG },
  { method: 'GET', path: `${NAMESPACE}/services/none/proxy/`, stages: LONG },
  {
    method: 'PATCH',
    path: `${PODS}/p/status`,
    body: { status: { phase: 'Running' } },
    headers: MERGE,
  },
  { method: 'PUT', path: `${PODS}/p/status`, body: { ...pod('p'), status: { phase: 'Pending' } } },
  {
    method: 'PATCH',
    path: `${PODS}/p/ephemeralcontainers`,
    body: { spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] } },
    headers: MERGE,
  },
  {
    method: 'POST',
    path: `${PODS}/p/binding`,
    body: {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'p' },
      target: { kind: 'Node', name: 'n' },
    },
  },
  {
    method: 'POST',
    path: `${PODS}/p/eviction`,
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } },
  },
  { method: 'DELETE', path: `${PODS}/p`, body: { gracePeriodSeconds: 0 } },
  { method: 'GET', path: `${PODS}?watch=true&timeoutSeconds=1`, stages: LONG },
  { method: 'GET', path: `/api/v1/watch/namespaces/default/pods?timeoutSeconds=1`, stages: LONG },
  { method: 'GET', path: `${PODS}?watch=true&resourceVersion=nonsense`, stages: LONG },
]

export const others: readonly Audited[] = [
  { method: 'POST', path: DEPLOYMENTS, body: deployment },
  { method: 'GET', path: `${DEPLOYMENTS}/d/scale` },
  {
    method: 'PUT',
    path: `${DEPLOYMENTS}/d/scale`,
    body: {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'd', namespace: 'default' },
      spec: { replicas: 0 },
    },
  },
  {
    method: 'PATCH',
    path: `${DEPLOYMENTS}/d/scale`,
    body: { spec: { replicas: 0 } },
    headers: MERGE,
  },
  {
    method: 'PATCH',
    path: `${DEPLOYMENTS}/d/status`,
    body: { status: { observedGeneration: 1 } },
    headers: MERGE,
  },
  { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'ns' } } },
  { method: 'GET', path: '/api/v1/namespaces/ns' },
  { method: 'PATCH', path: '/api/v1/namespaces/ns/status', body: {}, headers: MERGE },
  { method: 'POST', path: `${NAMESPACE}/serviceaccounts`, body: { metadata: { name: 'sa' } } },
  {
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: { spec: { nonResourceAttributes: { path: '/x', verb: 'get' } } },
  },
  {
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: { spec: { user: 'jane', resourceAttributes: { verb: 'get', resource: 'pods' } } },
  },
  {
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body: { spec: { token: 'abc' } },
  },
  { method: 'GET', path: '/api/v1/componentstatuses/none' },
  { method: 'GET', path: `${NAMESPACE}/endpoints/none` },
  { method: 'GET', path: '/apis/networking.k8s.io/v1beta1/ipaddresses/none' },
  { method: 'GET', path: '/apis/nope/v1/foos' },
  { method: 'GET', path: '/nope' },
  { method: 'GET', path: '/version' },
  { method: 'GET', path: '/livez' },
  { method: 'GET', path: '/apis/apps' },
  { method: 'POST', path: '/healthz' },
  { method: 'GET', path: `${PODS}/none`, headers: jane },
  {
    method: 'GET',
    path: `${PODS}/none`,
    headers: {
      ...jane,
      'x-forwarded-for': '192.0.2.1, nobody, ::FFFF:192.0.2.9,2001:DB8:0::1',
      'x-real-ip': '192.0.2.77',
    },
  },
  // From here on upstream remembers that whoever asks may be anybody for anything, and says no more for what.
  {
    method: 'GET',
    path: `${PODS}/none`,
    headers: {
      'impersonate-user': 'kubernetes-admin',
      'impersonate-group': 'system:masters',
      'impersonate-uid': 'u',
      'impersonate-extra-reason': 'why',
    },
  },
  { method: 'GET', path: `${PODS}/none`, headers: { 'user-agent': 'a'.repeat(1100) } },
  { method: 'GET', path: `${MAPS}/b?timeout=xx`, stages: ['ResponseStarted'] },
]
