/** Strategic merge patches of what is there and of what is not, with all their directives. */
import type { Asked } from './pair.ts'

/** Of their object's metadata. */
const META: readonly object[] = [
  { annotations: { $patch: 'replace', a: 'b' } },
  { annotations: { $patch: 'delete', a: 'b' } },
  { annotations: { $patch: 'foo', a: 'b' } },
  { annotations: { $retainKeys: ['a'], a: 'b' } },
  { annotations: { $retainKeys: ['c'], a: 'b' } },
  { annotations: { '$deleteFromPrimitiveList/x': ['c'], a: 'b' } },
  { '$deleteFromPrimitiveList/finalizers': ['a'] },
  { finalizers: ['a/b', 'a/c', 'a/b'] },
  { finalizers: [{ $patch: 'replace' }] },
  { labels: { $patch: 'replace', a: null, b: 'c' } },
  { labels: { $patch: 'replace', a: { $patch: 'replace' }, b: 'c' } },
  { labels: 'x' },
  { labels: [{ a: null }] },
  { finalizers: ['x/b', null] },
  { finalizers: null },
  { finalizers: {} },
  { annotations: { q: null, l: null } },
  { ownerReferences: [{ uid: 'u', name: 'n', kind: 'K', apiVersion: 'v1', controller: null }] },
  { managedFields: [{ $patch: 'replace' }] },
]

/** Of the spec of its pods. */
const POD: readonly object[] = [
  {
    hostAliases: [
      { ip: '192.0.2.1', hostnames: ['a'] },
      { ip: '192.0.2.1', hostnames: ['b'] },
      { $patch: 'replace' },
    ],
  },
  { affinity: { nodeAffinity: { $patch: 'replace' }, podAffinity: { $retainKeys: [] } } },
  { affinity: { $patch: 'delete' } },
  { tolerations: [{ key: 'a', operator: 'Exists' }, { $patch: 'delete' }] },
  {
    volumes: [
      { name: 'a', emptyDir: { $patch: 'replace' } },
      { name: 'b', emptyDir: {} },
      { $patch: 'replace' },
    ],
  },
  {
    volumes: [
      { name: 'a', emptyDir: {} },
      { $retainKeys: ['name'], name: 'b', emptyDir: {} },
    ],
  },
  {
    containers: [
      {
        name: 'x',
        env: [
          { name: 'a', valueFrom: { $patch: 'replace', fieldRef: { fieldPath: 'metadata.name' } } },
        ],
        livenessProbe: { $patch: 'delete', exec: { command: ['a'] } },
      },
    ],
  },
  {
    containers: [
      { name: 'new', image: 'z', livenessProbe: { $patch: 'replace', exec: { command: ['a'] } } },
    ],
  },
  {
    containers: [
      {
        name: 'new',
        image: 'z',
        livenessProbe: { $retainKeys: ['exec'], exec: { command: ['a'] } },
        '$setElementOrder/env': [{ name: 'q' }],
        '$deleteFromPrimitiveList/args': ['a'],
      },
    ],
  },
  { containers: [{ name: 'x', command: ['a', null, { $patch: 'replace' }] }] },
  { nodeSelector: { a: null, b: 'c' } },
  { nodeSelector: { $patch: null, b: 'c' } },
  { volumes: [{ name: 'a', emptyDir: {} }, null] },
  { containers: [null] },
  {
    volumes: [
      {
        name: 'p',
        projected: {
          sources: [{ $patch: 'delete' }, { configMap: { name: 'x', $patch: 'replace' } }],
        },
      },
    ],
  },
  { containers: [{ name: 'x', command: [null, { a: null }] }] },
  { containers: [{ name: 'x', command: { $patch: 'replace' } }] },
  {
    containers: [
      {
        name: 'n',
        command: null,
        image: 'q',
        env: [
          { name: 'g', value: null },
          { name: 'h', valueFrom: null },
        ],
      },
    ],
  },
  {
    containers: [
      { name: 'n', image: 'q', env: null, resources: { limits: { cpu: null, memory: '1Gi' } } },
    ],
  },
  { containers: [{ name: 'x', resources: { limits: { cpu: null, memory: '1Gi' } } }] },
  { containers: [{ $patch: 'replace' }, { name: 'n', image: 'q', env: null, args: [null] }] },
  {
    containers: [
      {
        name: 'x',
        env: [
          { name: 'g', value: null },
          { name: 'e', value: null },
        ],
      },
    ],
  },
  { nodeSelector: { a: null } },
  { nodeSelector: { $patch: 'replace', a: null } },
  { nodeSelector: { $patch: 'replace', a: [], b: 'c' } },
  { nodeSelector: { $patch: 'delete', a: 'c' } },
  { volumes: [{ name: 'v', emptyDir: { $patch: 'replace', medium: 'Memory', sizeLimit: null } }] },
  { volumes: [{ name: 'v', emptyDir: null, hostPath: { path: '/x', $patch: 'replace' } }] },
  { volumes: [{ name: 'v', emptyDir: { $patch: 'delete' }, hostPath: { path: '/x' } }] },
  { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] },
  { volumes: [{ name: 'v', $patch: 'delete' }] },
  { volumes: [{ name: 'w', $patch: 'delete' }] },
  { volumes: [{ name: 'w', $patch: null, emptyDir: {} }] },
  { volumes: [{ name: 'v', $patch: null, emptyDir: {} }] },
  { securityContext: { $patch: 'replace', runAsUser: 1 } },
  { affinity: { nodeAffinity: null } },
  { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [null] } } },
  { tolerations: [null, { key: null }] },
]

const SPEC: readonly object[] = [
  { template: { metadata: { labels: { $patch: null, b: 'c' } } } },
  { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
  { strategy: { $patch: 'replace', type: 'Recreate' } },
  { strategy: { $patch: 'merge' } },
  { replicas: { $patch: 'replace' } },
  { replicas: { a: null } },
  { replicas: [null] },
  {
    selector: {
      matchLabels: { a: 'b' },
      matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }, { $patch: 'delete' }, null],
    },
  },
  { strategy: { rollingUpdate: { $patch: 'replace', maxSurge: null } } },
  { strategy: { rollingUpdate: { $patch: 'delete', maxSurge: null } } },
  { strategy: { rollingUpdate: null, type: 'Recreate' } },
]

const WHOLE: readonly object[] = [
  { $patch: 'replace' },
  { $patch: 'delete' },
  { foo: { x: { $patch: 'replace' } } },
  { foo: [{ $patch: 'replace' }, { a: 1 }] },
  { foo: [[{ $patch: 'replace' }]] },
  {
    zoo: 1,
    ape: 2,
    metadata: { m: 1, b: 2 },
    spec: { z: 1, template: { spec: { y: 2, x: 3 }, q: 1 }, strategy: { f: 1 }, a: 2 },
  },
]

const labels = { a: 'b' }
const container = {
  name: 'x',
  image: 'y',
  command: ['c'],
  env: [{ name: 'e', value: 'f' }],
  volumeMounts: [{ name: 'v', mountPath: '/v' }],
}
const spec = {
  containers: [container],
  volumes: [{ name: 'v', emptyDir: {} }],
  nodeSelector: labels,
}
const AT = '/apis/apps/v1/namespaces/default/deployments'

export const MERGED = [
  AT,
  {
    metadata: { name: 'merged', labels, annotations: labels, finalizers: ['x/a'] },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  },
] as const

export const strategicPatches: readonly Asked[] = [
  ...META.map(metadata => ({ metadata })),
  ...POD.map(spec => ({ spec: { template: { spec } } })),
  ...SPEC.map(spec => ({ spec })),
  ...WHOLE,
].flatMap(body =>
  ['', '&fieldValidation=Strict'].map(
    (query): Asked => ({
      method: 'PATCH',
      path: `${AT}/merged?dryRun=All${query}`,
      body,
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    }),
  ),
)
