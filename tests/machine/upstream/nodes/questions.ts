/** What a node, or who took its credential, may ask for, put together by chance; nothing of it is carried out. */
import type { Method } from '#client/transport.ts'
import { encodedRequest, requestDer } from '../../../../src/base/pki/testing.ts'
import type { Dice } from '../../../fuzz/random.ts'
import type { Question } from '../access/both.ts'
import { slice } from './world.ts'

/** UIDs of what is there, of each server its own. */
export type Uids = (path: string) => string

interface Place {
  readonly collection: string
  /** With `*` for a node's name. */
  readonly names: readonly string[]
  readonly subresources?: readonly string[]
  readonly fields?: readonly string[]
  readonly bodies?: (dice: Dice, name: string, uid: Uids) => object
}

const NAMESPACED = '/api/v1/namespaces/default'
const meta = (name: string, rest: object = {}) => ({ metadata: { name, ...rest } })

function podBody(dice: Dice, name: string, uid: Uids): object {
  const node = dice.pick(['n1', 'n2'])
  const owner = {
    apiVersion: 'v1',
    kind: 'Node',
    name: dice.pick([node, node, 'n1']),
    uid: uid(`/api/v1/nodes/${dice.pick([node, node, 'n1'])}`),
    ...dice.pick([
      { controller: true },
      { controller: true },
      {},
      { controller: true, blockOwnerDeletion: true },
    ]),
  }
  const spec = dice.pick<object>([
    {},
    {},
    { serviceAccountName: 'sa-n1' },
    { volumes: [{ name: 'v', secret: { secretName: 'secret-n1' } }] },
    { volumes: [{ name: 'v', configMap: { name: 'map-n1' } }] },
    { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'pvc-n1' } }] },
    {
      volumes: [
        { name: 'v', projected: { sources: [{ clusterTrustBundle: { name: 'b', path: 'p' } }] } },
      ],
    },
    { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'p' } }] } }] },
    {
      volumes: [
        {
          name: 'v',
          projected: {
            sources: [
              {
                podCertificate: {
                  signerName: 'a.b/c',
                  keyType: 'ED25519',
                  credentialBundlePath: 'p',
                },
              },
            ],
          },
        },
      ],
    },
    { resourceClaims: [{ name: 'c', resourceClaimName: 'claim-n1' }] },
    { resourceClaims: [{ name: 'c', resourceClaimTemplateName: 'template' }] },
    { imagePullSecrets: [{ name: 'pull-n1' }] },
  ])
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    ...meta(name, {
      annotations: dice.pick<object>([
        { 'kubernetes.io/config.mirror': 'x' },
        { 'kubernetes.io/config.mirror': 'x' },
        {},
      ]),
      ownerReferences: dice.pick<object[]>([
        [owner],
        [owner],
        [],
        [owner, { ...owner, controller: false }],
      ]),
    }),
    spec: {
      nodeName: dice.pick([node, node, '']),
      containers: [{ name: 'c', image: 'i' }],
      ...spec,
    },
  }
}

function tokenBody(dice: Dice, _: string, uid: Uids): object {
  const pod = dice.pick(['pod-n1', 'pod-n2', 'pod-none', 'gone'])
  const of = dice.pick([pod, pod, 'pod-n1'])
  const bound = dice.pick<object>([
    {
      kind: 'Pod',
      apiVersion: 'v1',
      name: pod,
      uid: of === 'gone' ? 'u' : uid(`${NAMESPACED}/pods/${of}`),
    },
    {
      kind: 'Pod',
      apiVersion: 'v1',
      name: pod,
      uid: of === 'gone' ? 'u' : uid(`${NAMESPACED}/pods/${of}`),
    },
    { kind: 'Pod', apiVersion: 'v1', name: pod },
    {
      kind: 'Secret',
      apiVersion: 'v1',
      name: 'secret-n1',
      uid: uid(`${NAMESPACED}/secrets/secret-n1`),
    },
    { kind: 'Node', apiVersion: 'v1', name: 'n1', uid: uid('/api/v1/nodes/n1') },
  ])
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      audiences: dice.pick([
        ['aud-n1'],
        ['aud-n1'],
        ['aud-n2'],
        [],
        ['aud-n1', 'aud-n2'],
        ['csi-aud'],
      ]),
      ...dice.pick([{ boundObjectRef: bound }, { boundObjectRef: bound }, {}]),
    },
  }
}

function nodeBody(dice: Dice, name: string): object {
  return {
    ...meta(name, {
      labels: dice.pick<object>([
        {},
        {},
        { 'kubernetes.io/hostname': 'x' },
        { 'node-restriction.kubernetes.io/a': 'b' },
        { 'kubernetes.io/x': 'y', 'k8s.io/z': 'z' },
        { 'kubelet.kubernetes.io/a': 'b', 'a.node.kubernetes.io/c': 'd' },
        { 'node-role.kubernetes.io/control-plane': '' },
        { 'example.com/a': 'b' },
      ]),
      ownerReferences: dice.pick<object[]>([
        [],
        [],
        [{ apiVersion: 'v1', kind: 'Node', name: 'n2', uid: 'u' }],
      ]),
    }),
    spec: dice.pick<object>([
      {},
      {},
      { taints: [{ key: 'a', effect: 'NoSchedule' }] },
      { unschedulable: true },
      { podCIDR: '10.1.0.0/24', podCIDRs: ['10.1.0.0/24'] },
    ]),
  }
}

const statusOf = (dice: Dice): object => ({
  ...meta('', {
    ...dice.pick([{}, { labels: { a: 'b' } }]),
  }),
  status: dice.pick<object>([
    { phase: 'Running' },
    { phase: 'Running' },
    { resourceClaimStatuses: [{ name: 'made', resourceClaimName: 'made-n2' }] },
    { resourceClaimStatuses: null },
    {
      extendedResourceClaimStatus: {
        resourceClaimName: 'made-n2',
        requestMappings: [{ containerName: 'main', resourceName: 'a.b/c', requestName: 'r' }],
      },
    },
    { nominatedNodeName: 'n2' },
    { capacity: { storage: '2Gi' } },
    { capacity: { cpu: '2' } },
  ]),
})

const csr = (dice: Dice): object => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  ...meta('', { name: undefined, generateName: 'csr-' }),
  spec: {
    request: dice.pick([
      Buffer.from('garbage').toString('base64'),
      NODE_REQUEST,
      NODE_REQUEST,
      OTHER_REQUEST,
    ]),
    signerName: dice.pick([
      'kubernetes.io/kubelet-serving',
      'kubernetes.io/kube-apiserver-client-kubelet',
      'kubernetes.io/kube-apiserver-client',
      'example.com/other',
    ]),
    usages: ['digital signature', dice.pick(['server auth', 'client auth'])],
  },
})
const requestFor = (commonName: string) =>
  encodedRequest({ commonName, organizations: ['system:nodes'] })
const STUB = requestDer({ commonName: '' }).toString('base64')
const [NODE_REQUEST, OTHER_REQUEST] = [requestFor('system:node:n1'), requestFor('system:node:n3')]

const leases = (namespace: string): Place => ({
  collection: `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
  names: ['*', 'new'],
  bodies: (_, name) => ({ ...meta(name), spec: { leaseDurationSeconds: 40 } }),
})
const slices = (version: string): Place => ({
  collection: `/apis/resource.k8s.io/${version}/resourceslices`,
  names: ['slice-*', 'slice-*', 'slice-none', 'new'],
  fields: [
    'spec.nodeName=*',
    'spec.nodeName=*',
    'spec.nodeName==*',
    'spec.nodeName!=*',
    'spec.driver=gpu.example.com',
    'spec.nodeName=*,spec.driver=gpu.example.com',
    'metadata.name=slice-*',
    '',
  ],
  bodies: (dice, name) => ({
    ...slice(
      name,
      dice.pick<object>([
        { nodeName: 'n1' },
        { nodeName: 'n1' },
        { nodeName: 'n2' },
        { allNodes: true },
        { perDeviceNodeSelection: true },
        {},
      ]),
    ),
    apiVersion: `resource.k8s.io/${version}`,
  }),
})
const readable = (resource: string, ...names: string[]): Place => ({
  collection: `${NAMESPACED}/${resource}`,
  names,
  subresources: ['', '', '', 'status'],
  fields: names
    .flatMap(name => [`metadata.name=${name}`, `metadata.name=${name}`, `metadata.name!=${name}`])
    .concat(''),
})
const cluster = (collection: string, ...names: string[]): Place => ({
  collection,
  names,
  subresources: ['', '', '', 'status'],
  fields: [...names.map(name => `metadata.name=${name}`), ''],
})

const PLACES: readonly Place[] = [
  readable('secrets', 'secret-*', 'pull-*', 'publish-*', 'stage-pvc-*', 'controller-pvc-*'),
  readable('configmaps', 'map-*', 'kube-root-ca.crt'),
  readable('persistentvolumeclaims', 'pvc-*', 'pod-*-scratch'),
  {
    collection: `${NAMESPACED}/persistentvolumeclaims`,
    names: ['pvc-*'],
    subresources: ['status'],
    bodies: dice => statusOf(dice),
  },
  cluster('/api/v1/persistentvolumes', 'pv-*', 'pv-none'),
  cluster('/apis/storage.k8s.io/v1/volumeattachments', 'va-*'),
  {
    ...cluster('/apis/storage.k8s.io/v1/csinodes', '*', 'new'),
    bodies: (_, name) => ({ ...meta(name), spec: { drivers: [] } }),
  },
  {
    collection: '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims',
    names: ['claim-*', 'made-*', 'claim-none'],
    subresources: ['', '', '', 'status', 'binding', 'driver'],
    fields: ['metadata.name=claim-*', ''],
  },
  slices('v1'),
  slices('v1'),
  slices('v1beta1'),
  {
    collection: `${NAMESPACED}/serviceaccounts`,
    names: ['sa-*', 'default'],
    subresources: ['', 'token'],
    fields: ['metadata.name=sa-*', ''],
  },
  {
    collection: `${NAMESPACED}/serviceaccounts`,
    names: ['sa-*'],
    subresources: ['token'],
    bodies: tokenBody,
  },
  leases('kube-node-lease'),
  leases('default'),
  {
    collection: '/api/v1/nodes',
    names: ['*', '*', 'n3'],
    subresources: ['', '', 'status', 'proxy', 'proxy/metrics', 'pods', 'log', 'configz'],
    fields: [
      'metadata.name=*',
      'metadata.name=*',
      'metadata.name!=*',
      'spec.unschedulable=true',
      '',
    ],
    bodies: nodeBody,
  },
  {
    collection: `${NAMESPACED}/pods`,
    names: ['pod-*', 'pod-none', 'gone', 'new'],
    subresources: [
      '',
      '',
      '',
      'log',
      'exec',
      'ephemeralcontainers',
      'resize',
      'binding',
      'eviction',
    ],
    fields: ['spec.nodeName=*', 'spec.nodeName=*', 'spec.nodeName!=*', 'metadata.name=pod-*', ''],
    bodies: podBody,
  },
  {
    collection: `${NAMESPACED}/pods`,
    names: ['pod-*'],
    subresources: ['status', 'status', 'eviction'],
    bodies: dice => statusOf(dice),
  },
  {
    collection: '/api/v1/pods',
    names: ['pod-*'],
    fields: ['spec.nodeName=*', 'spec.nodeName=', 'status.phase=Running', ''],
  },
  { collection: '/api/v1/secrets', names: ['x'], fields: ['metadata.name=secret-*', ''] },
  { collection: '/api/v1/configmaps', names: ['x'], fields: ['metadata.name=map-*', ''] },
  {
    collection: '/apis/certificates.k8s.io/v1/certificatesigningrequests',
    names: ['x'],
    subresources: ['', 'approval'],
    bodies: csr,
  },
  {
    collection: '/apis/certificates.k8s.io/v1beta1/namespaces/default/podcertificaterequests',
    names: ['pcr-*', 'new'],
    subresources: ['', '', 'status'],
    fields: ['spec.nodeName=*', 'spec.nodeName=*', 'spec.podName=pod-*', 'metadata.name=pcr-*', ''],
    bodies: (dice, name, uid) => ({
      ...meta(name),
      apiVersion: 'certificates.k8s.io/v1beta1',
      kind: 'PodCertificateRequest',
      spec: {
        signerName: 'example.com/x',
        podName: dice.pick(['pod-n1', 'pod-n1', 'pod-n2', 'gone']),
        podUID: uid(`${NAMESPACED}/pods/${dice.pick(['pod-n1', 'pod-n1', 'pod-n2'])}`),
        serviceAccountName: dice.pick(['sa-n1', 'sa-n1', 'sa-n2', 'gone']),
        serviceAccountUID: uid(
          `${NAMESPACED}/serviceaccounts/${dice.pick(['sa-n1', 'sa-n1', 'sa-n2'])}`,
        ),
        nodeName: dice.pick(['n1', 'n1', 'n2']),
        nodeUID: uid(`/api/v1/nodes/${dice.pick(['n1', 'n1', 'n2'])}`),
        stubPKCS10Request: STUB,
      },
    }),
  },
  cluster('/api/v1/services', 'x'),
  cluster('/api/v1/namespaces', 'default'),
  cluster('/apis/storage.k8s.io/v1/csidrivers', 'x'),
  cluster('/apis/storage.k8s.io/v1/storageclasses', 'x'),
  cluster('/apis/node.k8s.io/v1/runtimeclasses', 'x'),
  cluster('/apis/resource.k8s.io/v1/deviceclasses', 'x'),
  cluster('/apis/certificates.k8s.io/v1beta1/clustertrustbundles', 'x'),
  cluster('/apis/networking.k8s.io/v1/servicecidrs', 'kubernetes'),
  { collection: `${NAMESPACED}/events`, names: ['x'] },
  { collection: `${NAMESPACED}/endpoints`, names: ['x'] },
  { collection: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', names: ['x'] },
  { collection: '/apis/apps/v1/namespaces/default/deployments', names: ['x'] },
]

export interface NodeQuestion extends Question {
  /** Of upstream's objects; the other server's are in `ofProa`. */
  readonly ofProa: Question
}

/** `uids` are of upstream and of Proa. */
export function nodeQuestion(
  seed: number,
  diceOf: (seed: number) => Dice,
  uids: readonly [Uids, Uids],
) {
  const [upstream, proa] = uids.map(uid => asked(diceOf(seed), uid))
  return [upstream, proa] as [Question, Question]
}

function asked(dice: Dice, uid: Uids): Question {
  const place = dice.pick(PLACES)
  const node = () => dice.pick(['n1', 'n1', 'n2'])
  const token = `${dice.pick(['n1', 'n1', 'n1', 'n1', 'n2', 'n2', 'odd', 'out'])}-token`
  const name = dice.pick(place.names).replace('*', node())
  const subresource = dice.pick(place.subresources ?? [''])
  const path = `${place.collection}/${name}${subresource ? `/${subresource}` : ''}`
  const body = (named: string) => place.bodies?.(dice, named, uid) ?? meta(named)
  const field = () => {
    const chosen = dice.pick(place.fields ?? ['']).replaceAll('*', node())
    return chosen ? `&fieldSelector=${encodeURIComponent(chosen)}` : ''
  }
  const dry = 'dryRun=All'
  // A watch lasts a second; those whose bodies are judged are mostly written.
  const how =
    dice.below(60) < 1
      ? 3
      : dice.pick(place.bodies ? [0, 2, 4, 5, 6, 7, 7, 7, 8, 8, 9] : [0, 1, 2, 2, 4, 5, 6, 8, 9])
  const of = (
    method: Method,
    target: string,
    sent?: object,
    headers?: Question['headers'],
  ): Question => ({
    method,
    path: target,
    token,
    ...(sent ? { body: sent } : {}),
    ...(headers ? { headers } : {}),
  })
  if (how < 2) return of('GET', path)
  if (how === 2) return of('GET', `${place.collection}?${field()}`)
  if (how === 3) return of('GET', `${place.collection}?watch=1&timeoutSeconds=1${field()}`)
  if (how === 4) return of('DELETE', `${place.collection}?${dry}${field()}`)
  if (how === 5) return of('DELETE', `${path}?${dry}`)
  if (how === 6 && !subresource)
    return of('POST', `${place.collection}?${dry}`, body(dice.pick([name, 'new'])))
  if (how === 6 || how === 7)
    return of('POST', `${subresource ? path : place.collection}?${dry}`, body(name))
  if (how === 8)
    return of('PATCH', `${path}?${dry}`, body(name), {
      'content-type': dice.pick([
        'application/merge-patch+json',
        'application/strategic-merge-patch+json',
      ]),
    })
  return of('PUT', `${path}?${dry}`, body(name))
}
