import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { referencesOf } from '#api/core/v1/pod/references.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import type { Decision } from './authorizer.ts'
import { nodeRules } from './bootstrap-system-roles.ts'
import { type NodeView, nodeAuthorizer } from './node.ts'
import { asking, userOf } from './testing.ts'

function podOn(nodeName: string, namespace: string, name: string, spec: Partial<Pod['spec']>): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { containers: [], nodeName, serviceAccountName: 'default', ...spec },
    status: {},
  }
}

const pods = [
  podOn('a', 'shop', 'web', {
    serviceAccountName: 'web',
    imagePullSecrets: [{ name: 'pull' }],
    containers: [
      {
        name: 'c',
        resources: {},
        env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'env', key: 'k' } } }],
      },
    ],
    initContainers: [{ name: 'i', resources: {}, envFrom: [{ secretRef: { name: 'from' } }] }],
    ephemeralContainers: [
      {
        name: 'e',
        resources: {},
        env: [{ name: 'E', valueFrom: { configMapKeyRef: { name: 'cm', key: 'k' } } }],
      },
    ],
    volumes: [
      { name: 'v1', secret: { secretName: 'vol' } },
      {
        name: 'v2',
        projected: { sources: [{ secret: { name: 'proj' } }, { configMap: { name: 'root' } }] },
      },
      { name: 'v3', persistentVolumeClaim: { claimName: 'data' } },
    ],
  }),
  podOn('b', 'shop', 'other', { volumes: [{ name: 'v', secret: { secretName: 'theirs' } }] }),
]
const view = (more: Partial<NodeView> = {}): NodeView => ({
  podsOnNode: node => pods.filter(pod => pod.spec.nodeName === node),
  volumeBehind: () => undefined,
  volume: () => undefined,
  volumeAttachment: () => undefined,
  resourceSlice: () => undefined,
  podCertificateRequest: () => undefined,
  ...more,
})
const authorizer = nodeAuthorizer(view(), nodeRules)
const nodeA: UserInfo = userOf('system:node:a', 'system:nodes', 'system:authenticated')
const may = async (text: string, more: { user?: UserInfo; fieldSelector?: string } = {}) => {
  const { user = nodeA, fieldSelector } = more
  const attributes = { ...asking(user, text), ...(fieldSelector ? { fieldSelector } : {}) }
  return ((await authorizer.authorize(attributes)) as Decision).verdict === 'allow'
}

test('a node reads the secrets and config maps that its pods name, one by one', async () => {
  for (const name of ['pull', 'env', 'from', 'vol', 'proj'])
    for (const verb of ['get', 'list', 'watch'])
      assert.equal(await may(`${verb} secrets shop/${name}`), true, name)
  for (const name of ['cm', 'root']) assert.equal(await may(`get configmaps shop/${name}`), true)
  assert.equal(await may('get persistentvolumeclaims shop/data'), true)
})

test('and nothing else, in any way', async () => {
  const refused = [
    'get secrets shop/theirs',
    'get secrets shop/cm',
    'get secrets other/env',
    'get secrets shop/',
    'list secrets shop/',
    'watch secrets shop/',
    'list secrets',
    'list secrets /env',
    'update secrets shop/env',
    'delete secrets shop/env',
    'get secrets/status shop/env',
    'get secrets shop/__proto__',
    'list configmaps shop/',
    'list persistentvolumeclaims shop/data',
    'get serviceaccounts shop/default',
    'create serviceaccounts/token shop/default',
    'create serviceaccounts shop/',
    'list serviceaccounts shop/',
    'get nodes /b',
    'list nodes',
    'watch nodes /b',
    'delete nodes /a',
    'get nodes/proxy /a',
    'list pods',
    'list pods shop/',
    'get pods shop/other',
    'create pods/exec shop/web',
    'create pods/binding shop/web',
    'update pods shop/web',
    'update coordination.k8s.io:leases kube-node-lease/b',
    'update coordination.k8s.io:leases kube-system/a',
    'list coordination.k8s.io:leases kube-node-lease/',
    'deletecollection coordination.k8s.io:leases kube-node-lease/a',
    'get apps:deployments shop/web',
    'create rbac.authorization.k8s.io:clusterrolebindings',
    'impersonate users /admin',
    'get /metrics',
  ]
  for (const text of refused) assert.equal(await may(text), false, text)
})

test('why a node may not is told in upstream’s words', async () => {
  const why = async (text: string) =>
    ((await authorizer.authorize(asking(nodeA, text))) as Decision).reason
  assert.equal(await why('create secrets shop/'), 'can only read resources of this type')
  assert.equal(await why('get configmaps/x shop/cm'), 'cannot read subresource')
  assert.equal(await why('list secrets'), 'can only read namespaced object of this type')
  assert.equal(await why('list pods'), 'can only list/watch pods with spec.nodeName field selector')
})

test('a node keeps its own objects', async () => {
  const allowed = [
    'get nodes /a',
    'list nodes /a',
    'watch nodes /a',
    'create nodes',
    'patch nodes/status /a',
    'update nodes /a',
    'get pods shop/web',
    'patch pods/status shop/web',
    'create pods/eviction shop/web',
    'delete pods shop/web',
    'create serviceaccounts/token shop/web',
    'get serviceaccounts shop/web',
    'create coordination.k8s.io:leases kube-node-lease/',
    'update coordination.k8s.io:leases kube-node-lease/a',
    'list services',
    'create events shop/',
  ]
  for (const text of allowed) assert.equal(await may(text), true, text)
})

test('pods are listed by node name alone', async () => {
  for (const fieldSelector of ['spec.nodeName=a', 'status.phase!=Failed,spec.nodeName==a'])
    assert.equal(await may('watch pods', { fieldSelector }), true, fieldSelector)
  for (const fieldSelector of [
    'spec.nodeName=b',
    'spec.nodeName!=a',
    'metadata.name=x',
    'status.phase!=a\\,spec.nodeName=a',
    '!!',
  ])
    assert.equal(await may('watch pods', { fieldSelector }), false, fieldSelector)
})

test('only users that are nodes in name and group are nodes', async () => {
  for (const user of [
    userOf('system:node:a'),
    userOf('a', 'system:nodes'),
    userOf('system:node:', 'system:nodes'),
    userOf('system:nodes:a', 'system:nodes'),
  ])
    assert.equal(await may('get secrets shop/env', { user }), false, user.name)
})

test('references are found wherever a pod can name something', () => {
  const pod = podOn('a', 's', 'p', {
    volumes: [
      { name: 'csi', csi: { driver: 'd', nodePublishSecretRef: { name: 'csi' } } },
      { name: 'cm', configMap: { name: 'volume' } },
      { name: 'tmp', ephemeral: { volumeClaimTemplate: { metadata: {}, spec: {} } } },
    ],
    initContainers: [{ name: 'i', envFrom: [{ configMapRef: { name: 'init' } }] }],
  } as Partial<Pod['spec']>)
  const { secrets, configMaps, claims } = referencesOf(pod)
  assert.deepEqual([...secrets], ['csi'])
  assert.deepEqual([...configMaps].sort(), ['init', 'volume'])
  assert.deepEqual([...claims], ['p-tmp'])
})

test('a node reads the secrets that volumes behind its claims name for nodes', async () => {
  const csi = {
    ...{ driver: 'd', volumeHandle: 'h' },
    nodeStageSecretRef: { namespace: 'vault', name: 'stage' },
    nodePublishSecretRef: { namespace: 'vault', name: 'publish' },
    nodeExpandSecretRef: { namespace: 'vault', name: 'expand' },
    controllerPublishSecretRef: { namespace: 'vault', name: 'controller' },
  }
  const volume = (claim: string) =>
    ({ spec: { csi, claimRef: { namespace: 'shop', name: claim } } }) as unknown as PersistentVolume
  const reading = async (
    name: string,
    behind: PersistentVolume | undefined,
    namespace = 'vault',
  ) => {
    const volumeBehind = (at: string, claim: string) =>
      at === 'shop' && claim === 'data' ? behind : undefined
    const over = nodeAuthorizer(view({ volumeBehind }), nodeRules)
    const attributes = { ...asking(nodeA, `get secrets ${namespace}/${name}`) }
    return ((await over.authorize(attributes)) as Decision).verdict === 'allow'
  }
  for (const name of ['stage', 'publish', 'expand'])
    assert.equal(await reading(name, volume('data')), true)
  assert.equal(await reading('controller', volume('data')), false)
  assert.equal(await reading('stage', volume('data'), 'shop'), false)
  assert.equal(await reading('stage', volume('another')), false, 'kept for another claim')
  assert.equal(await reading('stage', undefined), false)
})

test('a node reads the volumes, attachments, slices and claims for devices of its own pods, and writes its own slices', async () => {
  const own = podOn('a', 'shop', 'gpu', {
    resourceClaims: [
      { name: 'given', resourceClaimName: 'given' },
      { name: 'made', resourceClaimTemplateName: 'template' },
    ],
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
  })
  own.status.resourceClaimStatuses = [{ name: 'made', resourceClaimName: 'gpu-made' }]
  own.status.extendedResourceClaimStatus = {
    resourceClaimName: 'gpu-extended',
    requestMappings: [],
  }
  const mirror = podOn('a', 'shop', 'static', {
    volumes: [{ name: 'v', secret: { secretName: 'wanted' } }],
  })
  mirror.metadata.annotations = { 'kubernetes.io/config.mirror': 'x' }
  const volumes: Record<string, string> = { own: 'data', theirs: 'other' }
  const nodes: Record<string, string> = { own: 'a', theirs: 'b' }
  const ofNode = <T>(name: string) =>
    nodes[name] ? ({ spec: { nodeName: nodes[name] } } as T) : undefined
  const over = nodeAuthorizer(
    view({
      podsOnNode: node => (node === 'a' ? [own, mirror] : []),
      volume: name =>
        ({ spec: { claimRef: { namespace: 'shop', name: volumes[name] } } }) as PersistentVolume,
      volumeAttachment: ofNode,
      resourceSlice: ofNode,
      podCertificateRequest: (_, name) => ofNode(name),
    }),
    nodeRules,
  )
  const is = async (text: string, fieldSelector?: string) => {
    const attributes = { ...asking(nodeA, text), ...(fieldSelector ? { fieldSelector } : {}) }
    return ((await over.authorize(attributes)) as Decision).verdict === 'allow'
  }
  const [DEVICES, STORAGE, CERTIFICATES] = [
    'resource.k8s.io:',
    'storage.k8s.io:',
    'certificates.k8s.io:',
  ]
  for (const text of [
    'get persistentvolumes /own',
    `get ${STORAGE}volumeattachments /own`,
    `get ${STORAGE}csinodes /a`,
    `create ${STORAGE}csinodes`,
    `delete ${STORAGE}csinodes /a`,
    `get ${DEVICES}resourceclaims shop/given`,
    `get ${DEVICES}resourceclaims shop/gpu-made`,
    `get ${DEVICES}resourceclaims shop/gpu-extended`,
    `create ${DEVICES}resourceslices`,
    `update ${DEVICES}resourceslices /own`,
    `delete ${DEVICES}resourceslices /own`,
    `create ${CERTIFICATES}podcertificaterequests shop/`,
    `get ${CERTIFICATES}podcertificaterequests shop/own`,
  ])
    assert.equal(await is(text), true, text)
  for (const text of [
    'get persistentvolumes /theirs',
    'list persistentvolumes',
    'get secrets shop/wanted',
    `get ${STORAGE}volumeattachments /theirs`,
    `get ${STORAGE}volumeattachments /gone`,
    `get ${STORAGE}csinodes /b`,
    `update ${STORAGE}csinodes/status /a`,
    `get ${DEVICES}resourceclaims shop/other`,
    `get ${DEVICES}resourceclaims bank/given`,
    `update ${DEVICES}resourceclaims/status shop/given`,
    `update ${DEVICES}resourceslices /theirs`,
    `delete ${DEVICES}resourceslices /theirs`,
    `list ${DEVICES}resourceslices`,
    `deletecollection ${DEVICES}resourceslices`,
    `get ${CERTIFICATES}podcertificaterequests shop/theirs`,
    `update ${CERTIFICATES}podcertificaterequests/status shop/own`,
    `list ${CERTIFICATES}podcertificaterequests shop/`,
  ])
    assert.equal(await is(text), false, text)
  for (const verb of ['list', 'watch', 'deletecollection']) {
    assert.equal(await is(`${verb} ${DEVICES}resourceslices`, 'spec.nodeName=a'), true, verb)
    assert.equal(await is(`${verb} ${DEVICES}resourceslices`, 'spec.nodeName=b'), false, verb)
  }
})
