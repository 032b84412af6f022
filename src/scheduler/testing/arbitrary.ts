/** Random nodes and pods, small enough that they often get into each other's way. */
import fc from 'fast-check'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'

const ZONE = 'zone'
const HOST = 'kubernetes.io/hostname'
const topologyKey = fc.constantFrom(ZONE, HOST)
const appLabels = fc.record({ app: fc.constantFrom('x', 'y', 'z') }, { requiredKeys: [] })
const podLabels = fc
  .tuple(appLabels, fc.record({ version: fc.constantFrom('1', '2') }, { requiredKeys: [] }))
  .map(([app, version]) => ({ ...app, ...version }))

const selector = fc.oneof(
  fc.constantFrom('x', 'y', 'z').map(app => ({ matchLabels: { app } })),
  fc.constant({ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['x'] }] }),
  fc.constant({ matchExpressions: [{ key: 'version', operator: 'Exists' }] }),
  fc.constant({}),
)

const podTerm = fc
  .tuple(
    topologyKey,
    selector,
    fc.constantFrom(
      {},
      {},
      { namespaces: ['b'] },
      { namespaceSelector: { matchLabels: { team: 'red' } } },
      { namespaceSelector: {} },
    ),
  )
  .map(([topologyKey, labelSelector, where]) => ({ topologyKey, labelSelector, ...where }))

const weightedTerm = fc
  .tuple(fc.integer({ min: 1, max: 100 }), podTerm)
  .map(([weight, podAffinityTerm]) => ({ weight, podAffinityTerm }))

/** Mostly none: a pod with every kind of wish at once fits nowhere, and tests nothing. */
const few = <T>(item: fc.Arbitrary<T>, noneOutOf = 8) =>
  fc.oneof(
    { weight: noneOutOf - 1, arbitrary: fc.constant<T[]>([]) },
    { weight: 1, arbitrary: fc.array(item, { minLength: 1, maxLength: 2 }) },
  )
const seldom = <T>(usual: T, other: T, outOf = 10) =>
  fc.oneof(
    { weight: outOf - 1, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constant(other) },
  )

const podAffinity = fc.tuple(few(podTerm, 6), few(weightedTerm, 4)).map(([needs, wishes]) => ({
  ...(needs.length > 0 ? { requiredDuringSchedulingIgnoredDuringExecution: needs } : {}),
  ...(wishes.length > 0 ? { preferredDuringSchedulingIgnoredDuringExecution: wishes } : {}),
}))

const nodeTerm = fc.constantFrom(
  { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] },
  { matchExpressions: [{ key: 'disk', operator: 'NotIn', values: ['ssd'] }] },
  { matchExpressions: [{ key: ZONE, operator: 'Exists' }] },
  { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] },
  {},
)
const nodeAffinity = fc
  .tuple(few(nodeTerm, 10), few(fc.tuple(fc.integer({ min: 1, max: 100 }), nodeTerm), 4))
  .map(([needs, wishes]) => ({
    ...(needs.length > 0
      ? { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: needs } }
      : {}),
    preferredDuringSchedulingIgnoredDuringExecution: wishes.map(([weight, preference]) => ({
      weight,
      preference,
    })),
  }))

const constraint = fc.record({
  maxSkew: fc.integer({ min: 1, max: 2 }),
  topologyKey,
  whenUnsatisfiable: fc.constantFrom('DoNotSchedule', 'ScheduleAnyway'),
  labelSelector: selector,
  matchLabelKeys: fc.constantFrom([], ['version']),
  nodeAffinityPolicy: fc.constantFrom('Honor', 'Ignore'),
  nodeTaintsPolicy: fc.constantFrom('Honor', 'Ignore'),
  minDomains: fc.constantFrom(1, 1, 3),
})

const requests = fc.record(
  {
    cpu: fc.constantFrom('0', '100m', '300m', '1'),
    memory: fc.constantFrom('64Mi', '256Mi', '1Gi'),
    'example.com/gpu': seldom('0', '1', 5),
  },
  { requiredKeys: [] },
)
const port = fc.record(
  {
    containerPort: fc.constant(1),
    hostPort: fc.constantFrom(80, 81),
    protocol: fc.constantFrom('TCP', 'UDP'),
    hostIP: fc.constantFrom('', '0.0.0.0', '127.0.0.1'),
  },
  { requiredKeys: ['containerPort'] },
)
const container = fc
  .tuple(requests, few(port), fc.constantFrom('small', 'big'))
  .map(([requests, ports, image]) => ({ name: 'c', image, ports, resources: { requests } }))

const toleration = fc.constantFrom(
  { operator: 'Exists' },
  { key: 'k', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'k', operator: 'Equal', value: 'v' },
  { key: 'soft', operator: 'Exists', effect: 'PreferNoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists' },
)

/** A pod without a node; its name and uid are given later. */
export const arbitraryPod: fc.Arbitrary<Pod> = fc
  .record({
    namespace: fc.constantFrom('a', 'b'),
    labels: podLabels,
    containers: fc.array(container, { minLength: 1, maxLength: 2 }),
    initContainers: few(container),
    tolerations: few(toleration),
    affinity: fc.record({ nodeAffinity, podAffinity, podAntiAffinity: podAffinity }),
    topologySpreadConstraints: few(constraint, 3),
    nodeSelector: seldom<object>({}, { disk: 'ssd' }),
    overhead: fc.constantFrom(undefined, undefined, { cpu: '100m' }),
    whole: fc.constantFrom(undefined, undefined, undefined, { requests: { cpu: '1' } }),
    isTerminating: seldom(false, true),
  })
  .map(({ namespace, labels, isTerminating, whole, overhead, ...spec }) => ({
    metadata: {
      namespace,
      labels,
      ...(isTerminating ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      ...spec,
      ...(overhead ? { overhead } : {}),
      ...(whole ? { resources: whole } : {}),
    },
    status: {},
  })) as unknown as fc.Arbitrary<Pod>

const taint = fc.constantFrom(
  { key: 'k', value: 'v', effect: 'NoSchedule' },
  { key: 'k', value: 'w', effect: 'NoExecute' },
  { key: 'soft', effect: 'PreferNoSchedule' },
)
const MEBIBYTE = 2 ** 20
const image = fc.constantFrom(
  { names: ['big:latest'], sizeBytes: 700 * MEBIBYTE },
  { names: ['small:latest'], sizeBytes: 60 * MEBIBYTE },
)

/** A node whose name is given later. */
export const arbitraryNode: fc.Arbitrary<Node> = fc
  .record({
    labels: fc.record(
      { [ZONE]: fc.constantFrom('1', '2', '3'), disk: fc.constantFrom('ssd', 'hdd') },
      { requiredKeys: [] },
    ),
    hasHostname: seldom(true, false, 12),
    unschedulable: seldom(false, true),
    taints: few(taint),
    images: few(image),
    allocatable: fc.record({
      cpu: fc.constantFrom('2', '8', '16'),
      memory: fc.constantFrom('4Gi', '16Gi'),
      pods: seldom('20', '2'),
      'example.com/gpu': fc.constantFrom('0', '2'),
    }),
  })
  .map(({ labels, hasHostname, unschedulable, taints, images, allocatable }) => ({
    metadata: { labels: { ...labels, ...(hasHostname ? { [HOST]: '' } : {}) } },
    spec: { taints, ...(unschedulable ? { unschedulable } : {}) },
    status: { allocatable, images },
  })) as unknown as fc.Arbitrary<Node>

export function namedNode(node: Node, name: string): Node {
  const labels: Record<string, string> = { ...node.metadata.labels }
  if (labels[HOST] !== undefined) labels[HOST] = name
  return { ...node, metadata: { ...node.metadata, name, labels } }
}

export function namedPod(pod: Pod, name: string, nodeName = ''): Pod {
  return {
    ...pod,
    metadata: { ...pod.metadata, name, uid: name },
    spec: { ...pod.spec, ...(nodeName ? { nodeName } : {}) },
  }
}
