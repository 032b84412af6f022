/** Requests of all sorts, each of which webhooks that are asked about everything are told of as upstream's are. */
import type { Asked } from '../pair.ts'
import { ASKED_TWICE } from './matching.ts'
import {
  apply,
  autoscaler,
  DEFINITION,
  DEPLOYMENTS,
  del,
  deployment,
  differing,
  get,
  IN_DEFAULT,
  jsonPatch,
  MAPS,
  mergePatch,
  mutating,
  named,
  PODS,
  pod,
  post,
  put,
  type Scene,
  strategicPatch,
  thing,
  things,
  validating,
} from './scenes.ts'

const NAMESPACES = '/api/v1/namespaces'
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
const AUTHENTICATION = '/apis/authentication.k8s.io/v1'
const AUTHORIZATION = '/apis/authorization.k8s.io/v1'
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
const CLASSES = '/apis/scheduling.k8s.io/v1/priorityclasses'
const AUTOSCALERS = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers'
const HALF_KNOWN =
  'upstream tells null of a reference that a token request does not have, Proa nothing'

const map = (name: string, labels?: object) => ({ ...named(name, labels), data: { k: 'v' } })
const applied = (name: string, data: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})
const bound = (name: string) => ({ ...named(name), target: { kind: 'Node', name: 'n' } })
const may = { resourceAttributes: { verb: 'get', resource: 'pods' } }

const OF_MAPS: readonly Asked[] = [
  post(`${MAPS}?fieldManager=me&fieldValidation=Strict`, map('a')),
  post(MAPS, map('a')),
  post(MAPS, { metadata: { generateName: 'gen-' }, data: { k: 'v' } }),
  post(`${MAPS}?dryRun=All`, { metadata: { generateName: 'gen-' } }),
  post(MAPS, { metadata: { generateName: 'gen-UPPER' } }),
  post(MAPS, { metadata: { name: 'Not A Name' } }),
  put(`${MAPS}/a?pretty=true`, map('a', { x: 'y' })),
  put(`${MAPS}/a`, map('a', { x: 'y' })),
  put(`${MAPS}/none`, map('none')),
  jsonPatch(`${MAPS}/a?fieldManager=jp`, [{ op: 'add', path: '/data/j', value: '1' }]),
  mergePatch(`${MAPS}/a?dryRun=All`, { data: { m: '1' } }),
  strategicPatch(`${MAPS}/a?fieldValidation=Warn`, { data: { s: '1' } }),
  apply(`${MAPS}/a?fieldManager=ap&force=true`, applied('a', { y: '1' })),
  apply(`${MAPS}/b?fieldManager=ap`, applied('b', { y: '1' })),
  apply(`${MAPS}/b?fieldManager=ap&force=false`, applied('b', { y: '2' })),
  apply(`${MAPS}/b?fieldManager=other`, applied('b', { y: '3' })),
  del(`${MAPS}/b`, { propagationPolicy: 'Background', gracePeriodSeconds: 5 }),
  del(`${MAPS}/a?propagationPolicy=Orphan&gracePeriodSeconds=0`),
  post(MAPS, map('a')),
  post(`${MAPS}?dryRun=All`, map('a')),
  mergePatch(`${MAPS}/a`, { metadata: { finalizers: null } }),
  del(`${MAPS}/nothing`),
  post(MAPS, map('d1', { d: 'd' })),
  post(MAPS, map('d2', { d: 'd' })),
  del(`${MAPS}?labelSelector=d=d&limit=1`),
  del(`${MAPS}?labelSelector=d=d`, { orphanDependents: true, preconditions: {} }),
  del(`${MAPS}?labelSelector=nobody`),
  get(MAPS),
]

const OF_PODS: readonly Asked[] = [
  post(PODS, pod('p')),
  post(`${PODS}/p/binding`, bound('p')),
  post(PODS, pod('p2')),
  post(`${IN_DEFAULT}/bindings`, bound('p2')),
  strategicPatch(`${PODS}/p/status?fieldManager=st`, { status: { phase: 'Running' } }),
  strategicPatch(`${PODS}/p/ephemeralcontainers`, {
    spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] },
  }),
  strategicPatch(`${PODS}/p/resize`, {
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1m' } } }] },
  }),
  post(`${PODS}/p/eviction`, { ...named('p'), deleteOptions: { gracePeriodSeconds: 3 } }),
  post(`${PODS}/p/eviction?dryRun=All`, named('p')),
  post(`${PODS}/none/eviction`, named('none')),
  get(`${PODS}/p/exec?command=ls&command=-l&stdout=true&container=c`),
  get(`${PODS}/p/exec?command=ls&stdout=1&tty=true&stdin=true`),
  get(`${PODS}/none/exec?command=ls`),
  get(`${PODS}/p/attach?stdin=true`),
  get(`${PODS}/p/portforward?ports=80&ports=81`),
  get(`${PODS}/p/proxy/some/path?x=y`),
  del(`${PODS}/p/proxy`),
  get(`${IN_DEFAULT}/services/https:none:443/proxy/a/`),
  get('/api/v1/nodes/n/proxy/metrics'),
  get(`${PODS}/p/log`),
  differing(del(`${PODS}/p?gracePeriodSeconds=0`), ASKED_TWICE),
  del(`${PODS}/p2`),
  del(`${PODS}/p2`),
  del(`${PODS}/p2?gracePeriodSeconds=10`),
  del(`${PODS}/p2?dryRun=All&gracePeriodSeconds=0`),
  differing(del(`${PODS}/p2?gracePeriodSeconds=0`), ASKED_TWICE),
]

const OF_OTHERS: readonly Asked[] = [
  post(DEPLOYMENTS, deployment('d')),
  put(`${DEPLOYMENTS}/d/scale?fieldManager=sc`, { ...named('d'), spec: { replicas: 2 } }),
  mergePatch(`${DEPLOYMENTS}/d/scale`, { spec: { replicas: 3 } }),
  mergePatch(`${DEPLOYMENTS}/d/status`, { status: { replicas: 3 } }),
  del(`${DEPLOYMENTS}/d?propagationPolicy=Foreground`),
  del(`${DEPLOYMENTS}/d`),
  mergePatch(`${DEPLOYMENTS}/d`, { metadata: { finalizers: null } }),
  post(NAMESPACES, named('space', { a: 'b' })),
  mergePatch(`${NAMESPACES}/space`, { metadata: { labels: { a: 'c' } } }),
  post(`${NAMESPACES}/space/serviceaccounts`, named('sa')),
  differing(
    post(`${NAMESPACES}/space/serviceaccounts/sa/token`, { spec: { audiences: ['a'] } }),
    HALF_KNOWN,
  ),
  del(`${NAMESPACES}/space`),
  del(`${NAMESPACES}/space/serviceaccounts/sa`),
  post(`${NAMESPACES}/space/configmaps`, named('late')),
  del(`${NAMESPACES}/space`),
  put(`${NAMESPACES}/space/finalize`, { ...named('space'), spec: { finalizers: [] } }),
  post(`${NAMESPACES}/missing/configmaps`, named('late')),
  post(LEASES, { ...named('l'), spec: { holderIdentity: 'me' } }),
  put(`${LEASES}/l2`, { ...named('l2'), spec: { holderIdentity: 'me' } }),
  post(`${AUTHENTICATION}/tokenreviews`, { spec: { token: 'x' } }),
  post(`${AUTHENTICATION}/selfsubjectreviews`, {}),
  post(`${AUTHORIZATION}/subjectaccessreviews`, { spec: { user: 'x', ...may } }),
  post(`${AUTHORIZATION}/selfsubjectaccessreviews`, { spec: may }),
  post(`${AUTHORIZATION}/namespaces/default/localsubjectaccessreviews`, {
    spec: { user: 'x', resourceAttributes: { ...may.resourceAttributes, namespace: 'default' } },
  }),
  post(CONFIGURATIONS, named('other')),
  del(`${CONFIGURATIONS}/other`),
  post(things('v1'), thing('v1', 't')),
  mergePatch(`${things('v1')}/t/scale`, { spec: { replicas: 3 } }),
  mergePatch(`${things('v1')}/t/status`, { status: { replicas: 3 } }),
  mergePatch(`${things('v2')}/t`, { spec: { kind: 'large' } }),
  apply(`${things('v1')}/t?fieldManager=ap`, thing('v1', 't', { spec: { replicas: 3 } })),
  del(`${things('v1')}/t`),
  post(`${IN_DEFAULT}/events`, { ...named('e'), involvedObject: { namespace: 'default' } }),
  del(`${IN_DEFAULT}/events/e`),
  post(CLASSES, { ...named('pc'), value: 3 }),
  mergePatch(`${CLASSES}/pc`, { description: 'x' }),
  del(`${CLASSES}/pc`),
  post(AUTOSCALERS, autoscaler('v2', 'h')),
  del(`${AUTOSCALERS}/h`),
]

export const OPERATIONS: Readonly<Record<string, Scene>> = {
  'all operations are told': {
    before: [DEFINITION],
    configurations: [mutating('all', [{}]), validating('all', [{}])],
    asks: [...OF_MAPS, ...OF_PODS, ...OF_OTHERS],
  },
}
