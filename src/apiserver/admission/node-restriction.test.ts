import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { encodedRequest } from '#base/pki/testing.ts'
import { userOf } from '../authorization/testing.ts'
import { nodeRestriction } from './node-restriction.ts'
import { type Asked, admit, podNamed, testWorld } from './testing.ts'

const user = userOf('system:node:a', 'system:nodes', 'system:authenticated')

function node(name: string, metadata: Node['metadata'] = {}, spec: Node['spec'] = {}): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, ...metadata },
    spec,
    status: {} as Node['status'],
  }
}
const bound = (name: string, nodeName: string, metadata: Pod['metadata'] = {}): Pod => {
  const pod = podNamed(name, { nodeName })
  return { ...pod, metadata: { ...pod.metadata, uid: `${name}-uid`, ...metadata } }
}
const world = testWorld()
world.nodes.set('a', node('a', { uid: 'node-a' }))
const mine = bound('mine', 'a')
mine.spec.serviceAccountName = 'default'
mine.spec.volumes = [
  {
    name: 'tokens',
    projected: {
      sources: [
        { serviceAccountToken: { path: 't' } },
        { serviceAccountToken: { path: 'v', audience: 'vault' } },
      ],
    },
  },
  { name: 'inline', csi: { driver: 'csi.of.pod' } },
  { name: 'claimed', persistentVolumeClaim: { claimName: 'data' } },
]
world.pods.set('shop/mine', mine)
world.pods.set('shop/theirs', bound('theirs', 'b'))
world.accounts.set('shop/default', {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'default', namespace: 'shop', uid: 'account' },
})
const drivers: Record<string, string> = { 'csi.of.pod': 'of-driver', 'csi.of.claim': 'of-claim' }
const step = nodeRestriction({
  ...world,
  volumeBehind: (_, claim) =>
    ({
      spec: { csi: { driver: 'csi.of.claim' }, claimRef: { namespace: 'shop', name: claim } },
    }) as PersistentVolume,
  csiDriver: name => ({ spec: { tokenRequests: [{ audience: drivers[name] }] } }) as CSIDriver,
})
const yes = (asked: Asked) => admit(step, { user, ...asked })
const no = (asked: Asked, text: RegExp) =>
  assert.rejects(
    admit(step, { user, ...asked }),
    error => isStatus(error, 'Forbidden') && text.test(error.message),
    String(text),
  )

test('others are not restricted', async () => {
  await admit(step, { resource: 'nodes', object: node('b'), user: userOf('ann') })
})

test('a node writes its own Node, and nothing there that draws pods or deletion', async () => {
  const update = (after: Node, before = node('a')) =>
    ({ operation: 'UPDATE', resource: 'nodes', object: after, oldObject: before }) as const
  await yes({
    resource: 'nodes',
    object: node('a', {}, { taints: [{ key: 'x', effect: 'NoExecute' }] }),
  })
  await no({ resource: 'nodes', object: node('b') }, /node "a" is not allowed to modify node "b"/)
  await no(update(node('b'), node('b')), /not allowed to modify node "b"/)
  await no(
    { ...update(node('b')), resource: 'nodes/status', name: 'b' },
    /not allowed to modify node "b"/,
  )
  const owner = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'u' }]
  await no(
    { resource: 'nodes', object: node('a', { ownerReferences: owner }) },
    /set ownerReferences/,
  )
  await no(update(node('a', { ownerReferences: owner })), /modify ownerReferences/)
  const asStatus = { ...update(node('a', { ownerReferences: owner })), resource: 'nodes/status' }
  await no(asStatus, /modify ownerReferences/)
  const taints = [{ key: 'dedicated', effect: 'NoSchedule' as const }]
  await no(update(node('a'), node('a', {}, { taints })), /not allowed to modify taints/)
  await no(update(node('a', {}, { taints })), /not allowed to modify taints/)
})

test('labels of the cluster are not its to set', async () => {
  const allowed = {
    'kubernetes.io/hostname': 'a',
    'kubernetes.io/os': 'linux',
    'topology.kubernetes.io/zone': 'z',
    'node.kubernetes.io/instance-type': 'm',
    'foo.node.kubernetes.io/x': '1',
    'kubelet.kubernetes.io/x': '1',
    'acme.com/rack': '7',
    plain: 'x',
  }
  await yes({ resource: 'nodes', object: node('a', { labels: allowed }) })
  for (const label of [
    'node-restriction.kubernetes.io/secure',
    'sub.node-restriction.kubernetes.io/secure',
    'node-role.kubernetes.io/control-plane',
    'kubernetes.io/role',
    'x.k8s.io/y',
    'k8s.io/y',
  ]) {
    const labels = { [label]: '1' }
    await no({ resource: 'nodes', object: node('a', { labels }) }, /set the following labels/)
    const change = { operation: 'UPDATE', resource: 'nodes' } as const
    const [bare, with_] = [node('a'), node('a', { labels })]
    await no({ ...change, object: with_, oldObject: bare }, /not allowed to modify labels/)
    await no({ ...change, object: bare, oldObject: with_ }, /not allowed to modify labels/)
    await yes({ ...change, object: with_, oldObject: with_ })
  }
})

test('a node speaks for its own pods', async () => {
  const status = (name: string, nodeName: string, metadata: Pod['metadata'] = {}) =>
    ({
      operation: 'UPDATE',
      resource: 'pods/status',
      object: bound(name, nodeName, metadata),
      oldObject: bound(name, nodeName),
    }) as const
  await yes(status('mine', 'a'))
  await no(status('theirs', 'b'), /can only update pod status for pods with spec.nodeName/)
  await no(status('mine', 'a', { labels: { app: 'x' } }), /cannot update labels through pod status/)
  await yes({ operation: 'DELETE', oldObject: bound('mine', 'a') })
  await no({ operation: 'DELETE', oldObject: bound('theirs', 'b') }, /can only delete pods/)
  await no({ operation: 'DELETE', name: 'theirs' }, /can only delete pods/)
  const object = { apiVersion: 'v1', kind: 'Any', metadata: {} }
  await yes({ resource: 'pods/eviction', name: 'mine', object })
  await no({ resource: 'pods/eviction', name: 'theirs', object }, /can only evict pods/)
  await no(
    { resource: 'pods/binding', name: 'mine', object },
    /only 'status' and 'eviction' are allowed/,
  )
  await no({ operation: 'UPDATE', object: bound('mine', 'a') }, /unexpected operation "UPDATE"/)
})

test('a node makes mirror pods alone, and those reach for nothing', async () => {
  const mirror = (change: (pod: Pod) => void = () => {}) => {
    const pod = bound('static', 'a')
    pod.metadata.annotations = { 'kubernetes.io/config.mirror': 'hash' }
    pod.metadata.ownerReferences = [
      { apiVersion: 'v1', kind: 'Node', name: 'a', uid: 'node-a', controller: true },
    ]
    change(pod)
    return { object: pod }
  }
  await yes(mirror())
  await no({ object: bound('web', 'a') }, /can only create mirror pods/)
  await no(
    mirror(pod => (pod.spec.nodeName = 'b')),
    /spec.nodeName set to itself/,
  )
  await no(
    mirror(pod => (pod.metadata.ownerReferences = [])),
    /owner reference set to itself/,
  )
  const owner = mirror().object.metadata.ownerReferences?.[0]
  assert.ok(owner)
  for (const change of [{ uid: 'x' }, { name: 'b' }, { controller: false }, { kind: 'Pod' }])
    await no(
      mirror(pod => (pod.metadata.ownerReferences = [{ ...owner, ...change }])),
      /owner reference set to itself/,
    )
  await no(
    mirror(pod => (pod.metadata.ownerReferences = [owner, owner])),
    /single owner reference/,
  )
  await no(
    mirror(pod => (pod.spec.serviceAccountName = 'default')),
    /service account/,
  )
  const volumes: [object, RegExp][] = [
    [{ secret: { secretName: 's' } }, /reference secrets/],
    [{ configMap: { name: 'c' } }, /reference configmaps/],
    [{ persistentVolumeClaim: { claimName: 'p' } }, /persistentvolumeclaims/],
    [{ projected: { sources: [{ secret: { name: 's' } }] } }, /reference secrets/],
    [{ projected: { sources: [{ clusterTrustBundle: { path: 'p' } }] } }, /clustertrustbundles/],
    [
      { projected: { sources: [{ serviceAccountToken: { path: 'p' } }] } },
      /serviceaccounts \(via projected volumes\)/,
    ],
  ]
  for (const [volume, text] of volumes)
    await no(
      mirror(pod => (pod.spec.volumes = [{ name: 'v', ...volume }])),
      text,
    )
  await no(
    mirror(pod => {
      pod.spec.ephemeralContainers = [
        { name: 'e', resources: {}, envFrom: [{ secretRef: { name: 's' } }] },
      ]
    }),
    /reference secrets/,
  )
})

const MINE = { kind: 'Pod', apiVersion: 'v1', name: 'mine', uid: 'mine-uid' }
const tokenRequest = (boundObjectRef?: object, audiences: string[] = []) => ({
  resource: 'serviceaccounts/token',
  name: 'default',
  object: {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { audiences, ...(boundObjectRef ? { boundObjectRef } : {}) },
  },
})

test('tokens are made for its own pods only', async () => {
  await yes(tokenRequest(MINE))
  await no(tokenRequest(), /not bound to a pod/)
  await no(tokenRequest({ ...MINE, kind: 'Secret' }), /not bound to a pod/)
  await no(
    tokenRequest({ kind: 'Node', apiVersion: 'v1', name: 'a', uid: 'node-a' }),
    /not bound to a pod/,
  )
  await no(tokenRequest({ ...MINE, uid: '' }), /without a uid/)
  await no(tokenRequest({ ...MINE, uid: 'old' }), /does not match the UID in record/)
  await no(
    tokenRequest({ ...MINE, name: 'theirs', uid: 'theirs-uid' }),
    /scheduled on a different node/,
  )
})

test('and for whom volumes of the pod say, or drivers of these', async () => {
  const audiences = (...of: string[]) => tokenRequest(MINE, of)
  await yes(audiences('vault'))
  await yes(audiences('of-driver'))
  await yes(audiences('of-claim'))
  await no(audiences('bank'), /audience "bank" not found in pod spec volume/)
  await no(audiences('vault', 'of-driver'), /node may only request 0 or 1 audiences/)
})

test('of a claim a node tells what it learns of the volume, and nothing else', async () => {
  const claim = (status: object, more: object = {}): Asked['object'] =>
    ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'c', namespace: 'shop', ...more },
      spec: { volumeName: 'v' },
      status: { phase: 'Bound', ...status },
    }) as Asked['object']
  const update = (after: Asked['object'], resource = 'persistentvolumeclaims/status') =>
    ({ operation: 'UPDATE', resource, object: after, oldObject: claim({}) }) as const
  const conditions = [{ type: 'FileSystemResizePending', status: 'True' }]
  const learned = { capacity: { storage: '2Gi' }, conditions, allocatedResources: {} }
  await yes(update(claim(learned, { resourceVersion: '7', managedFields: [] })))
  const why = /not allowed to update fields other than status.quantity and status.conditions: /
  await no(update(claim({ phase: 'Lost' })), why)
  await no(update(claim({ accessModes: ['ReadWriteOnce'] })), why)
  await no(update(claim({}, { labels: { stolen: 'yes' } })), why)
  await no(update(claim({}), 'persistentvolumeclaims'), /may only update PVC status/)
})

test('a mirror pod has no claims for devices, and no node says what its pods were given', async () => {
  const pod = bound('static', 'a', {
    annotations: { 'kubernetes.io/config.mirror': 'hash' },
    ownerReferences: [
      { apiVersion: 'v1', kind: 'Node', name: 'a', uid: 'node-a', controller: true },
    ],
  })
  pod.spec.resourceClaims = [{ name: 'c', resourceClaimTemplateName: 't' }]
  await no({ object: pod }, /can not create pods that reference resourceclaims/)
  const after = bound('mine', 'a')
  after.status.extendedResourceClaimStatus = { resourceClaimName: 'theirs', requestMappings: [] }
  await no(
    { operation: 'UPDATE', resource: 'pods/status', object: after, oldObject: bound('mine', 'a') },
    /cannot update extended resource claim status/,
  )
})

test('slices and requests for certificates name the node that makes them', async () => {
  const slice = (nodeName?: string) => ({
    resource: 'resourceslices.resource.k8s.io',
    object: {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceSlice',
      metadata: { name: 's' },
      spec: nodeName ? { nodeName } : { allNodes: true },
    },
  })
  await yes(slice('a'))
  await no(slice('b'), /same NodeName as the requesting node/)
  await no(slice(), /same NodeName as the requesting node/)
  const csr = (commonName: string, signerName = 'kubernetes.io/kubelet-serving') => ({
    resource: 'certificatesigningrequests.certificates.k8s.io',
    object: {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'c' },
      spec: { signerName, request: encodedRequest({ commonName }) },
    },
  })
  await yes(csr('system:node:a'))
  await yes(csr('ann', 'example.com/other'))
  await no(csr('system:node:b'), /can only create a node CSR with CN=system:node:a/)
  await no(
    csr('system:node:b', 'kubernetes.io/kube-apiserver-client-kubelet'),
    /can only create a node CSR/,
  )
  const good = {
    podName: 'mine',
    podUID: 'mine-uid',
    nodeName: 'a',
    nodeUID: 'node-a',
    serviceAccountName: 'default',
    serviceAccountUID: 'account',
  }
  const certificate = (change: Partial<typeof good> = {}) => ({
    resource: 'podcertificaterequests.certificates.k8s.io',
    object: {
      apiVersion: 'certificates.k8s.io/v1beta1',
      kind: 'PodCertificateRequest',
      metadata: { name: 'c' },
      spec: { ...good, ...change },
    },
  })
  await yes(certificate())
  await no(certificate({ nodeName: 'b' }), /not the requesting node "a"/)
  await no(certificate({ nodeUID: 'old' }), /inconsistent with the running node/)
  await no(certificate({ podName: 'gone' }), /pod "gone" not found/)
  await no(certificate({ podUID: 'old' }), /contains pod UID/)
  await no(certificate({ podName: 'theirs', podUID: 'theirs-uid' }), /is not running on node "a"/)
  await no(certificate({ serviceAccountName: 'admin' }), /differs from running pod/)
  await no(certificate({ serviceAccountUID: 'old' }), /differs from the running service account/)
})

test('and leases and CSI nodes by its name', async () => {
  const lease = (name: string) => ({ apiVersion: 'v1', kind: 'Lease', metadata: { name } })
  const resource = 'leases.coordination.k8s.io'
  const namespace = 'kube-node-lease'
  await yes({ resource, namespace, object: lease('a') })
  await no({ resource, namespace, object: lease('b') }, /same name as the requesting node/)
  await no({ resource, object: lease('a') }, /"kube-node-lease" system namespace/)
  await no({ operation: 'DELETE', resource, namespace, name: 'b' }, /same name/)
  const csi = 'csinodes.storage.k8s.io'
  await no({ resource: csi, namespace: '', object: lease('b') }, /CSINode with the same name/)
})
