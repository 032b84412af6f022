/**
 * The cluster as the scheduler sees it: nodes with the pods on them and their sums, kept up to date by every event, so that
 * placing a pod looks at nodes only. Pods that were just placed are on their node at once (assumed), before the server says so.
 */
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { type Amounts, amountOf, type PodInfo, podInfoOf } from './pod-info.ts'

export interface NodeInfo {
  readonly name: string
  /** Undefined for a node that only pods speak of. */
  node: Node | undefined
  allocatable: Amounts
  allowedPods: number
  readonly pods: Map<string, PodInfo>
  readonly requested: Map<string, number>
  nonZeroCpuMilli: number
  nonZeroMemoryBytes: number
  /** How many pods on it use a host port; most nodes have none. */
  podsWithPorts: number
  podsWithAffinity: number
  podsWithRequiredAntiAffinity: number
  /** Sizes of the images on it, in bytes, by every name. */
  images: ReadonlyMap<string, number>
}

export interface Snapshot {
  /** Nodes that exist, in a stable order. */
  readonly nodes: readonly NodeInfo[]
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>
  /** How many nodes have an image of this name. */
  readonly nodesWithImage: (name: string) => number
  /** Nodes that have pods with terms about other pods, so that most clusters skip that work. */
  readonly withAffinity: () => readonly NodeInfo[]
  readonly withRequiredAntiAffinity: () => readonly NodeInfo[]
}

export interface ClusterState extends Snapshot {
  setNode(node: Node): void
  removeNode(name: string): void
  /** A pod is on the node that its spec names. */
  setPod(pod: Pod): void
  removePod(uid: string): void
  /** Puts a pod on a node before the server knows. */
  assume(info: PodInfo, node: string): void
  /** Takes an assumed pod off again; a pod that the server has bound meanwhile stays. */
  forget(uid: string): void
  isPlaced(uid: string): boolean
}

export function createClusterState(
  namespaceLabels: (namespace: string) => Readonly<Record<string, string>>,
): ClusterState {
  const infos = new Map<string, NodeInfo>()
  const placed = new Map<string, { node: string; assumed: boolean; pod: Pod | undefined }>()
  const imageCounts = new Map<string, number>()
  const withAffinity = new Set<NodeInfo>()
  const withRequiredAntiAffinity = new Set<NodeInfo>()
  let listed: NodeInfo[] | undefined

  const infoOf = (name: string): NodeInfo => {
    let info = infos.get(name)
    if (!info) {
      info = emptyNodeInfo(name)
      infos.set(name, info)
    }
    return info
  }
  const countImages = (images: ReadonlyMap<string, number>, by: 1 | -1) => {
    for (const name of images.keys()) {
      const count = (imageCounts.get(name) ?? 0) + by
      if (count > 0) imageCounts.set(name, count)
      else imageCounts.delete(name)
    }
  }
  const track = (info: NodeInfo) => {
    if (info.podsWithAffinity > 0) withAffinity.add(info)
    else withAffinity.delete(info)
    if (info.podsWithRequiredAntiAffinity > 0) withRequiredAntiAffinity.add(info)
    else withRequiredAntiAffinity.delete(info)
    if (!info.node && info.pods.size === 0) infos.delete(info.name)
  }
  const put = (pod: PodInfo, nodeName: string) => {
    const info = infoOf(nodeName)
    account(info, pod, 1)
    info.pods.set(pod.uid, pod)
    track(info)
  }
  const take = (uid: string) => {
    const place = placed.get(uid)
    if (!place) return
    placed.delete(uid)
    const info = infos.get(place.node)
    const pod = info?.pods.get(uid)
    if (!info || !pod) return
    account(info, pod, -1)
    info.pods.delete(uid)
    track(info)
  }

  return {
    get nodes() {
      listed ??= [...infos.values()]
        .filter(({ node }) => node !== undefined)
        .sort((a, b) => (a.name < b.name ? -1 : 1))
      return listed
    },
    namespaceLabels,
    nodesWithImage: name => imageCounts.get(name) ?? 0,
    withAffinity: () => [...withAffinity].filter(({ node }) => node !== undefined),
    withRequiredAntiAffinity: () =>
      [...withRequiredAntiAffinity].filter(({ node }) => node !== undefined),
    setNode(node) {
      const info = infoOf(node.metadata.name ?? '')
      if (!info.node) listed = undefined
      info.node = node
      const allocatable = new Map<string, number>()
      for (const [resource, quantity] of Object.entries(node.status.allocatable ?? {}))
        allocatable.set(resource, amountOf(resource, quantity))
      info.allocatable = allocatable
      info.allowedPods = allocatable.get('pods') ?? 0
      countImages(info.images, -1)
      info.images = imagesOf(node)
      countImages(info.images, 1)
    },
    removeNode(name) {
      const info = infos.get(name)
      if (!info) return
      countImages(info.images, -1)
      info.images = new Map()
      info.node = undefined
      listed = undefined
      track(info)
    },
    setPod(pod) {
      const uid = pod.metadata.uid ?? ''
      const node = pod.spec.nodeName ?? ''
      const before = placed.get(uid)
      // A status says nothing new; the sums follow spec and labels only.
      const same =
        before?.node === node &&
        before.pod?.metadata.generation === pod.metadata.generation &&
        sameLabels(before.pod, pod)
      if (before && same && !before.assumed) return
      take(uid)
      placed.set(uid, { node, assumed: false, pod })
      put(podInfoOf(pod), node)
    },
    removePod: take,
    assume(pod, node) {
      placed.set(pod.uid, { node, assumed: true, pod: undefined })
      put(pod, node)
    },
    forget(uid) {
      if (placed.get(uid)?.assumed) take(uid)
    },
    isPlaced: uid => placed.has(uid),
  }
}

function sameLabels(a: Pod | undefined, b: Pod): boolean {
  return JSON.stringify(a?.metadata.labels) === JSON.stringify(b.metadata.labels)
}

function emptyNodeInfo(name: string): NodeInfo {
  return {
    name,
    node: undefined,
    allocatable: new Map(),
    allowedPods: 0,
    pods: new Map(),
    requested: new Map(),
    nonZeroCpuMilli: 0,
    nonZeroMemoryBytes: 0,
    podsWithPorts: 0,
    podsWithAffinity: 0,
    podsWithRequiredAntiAffinity: 0,
    images: new Map(),
  }
}

function account(info: NodeInfo, pod: PodInfo, by: 1 | -1): void {
  for (const [resource, amount] of pod.requests) {
    const sum = (info.requested.get(resource) ?? 0) + by * amount
    info.requested.set(resource, sum)
  }
  info.nonZeroCpuMilli += by * pod.nonZeroCpuMilli
  info.nonZeroMemoryBytes += by * pod.nonZeroMemoryBytes
  if (pod.hostPorts.length > 0) info.podsWithPorts += by
  if (pod.requiredAntiAffinity.length > 0) info.podsWithRequiredAntiAffinity += by
  const terms = pod.requiredAffinity.length + pod.preferredAffinity.length
  if (terms + pod.preferredAntiAffinity.length + pod.requiredAntiAffinity.length > 0)
    info.podsWithAffinity += by
}

function imagesOf({ status }: Node): ReadonlyMap<string, number> {
  const images = new Map<string, number>()
  for (const { names, sizeBytes = 0 } of status.images ?? [])
    for (const name of names ?? []) images.set(name, sizeBytes)
  return images
}
