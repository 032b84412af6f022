/**
 * The cluster as the scheduler sees it: nodes with the pods on them and their sums, kept up to date by every event. Pods that were
 * just placed are on their node at once (assumed), before the server says so.
 */
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { ChangeLog } from './change-log.ts'
import { NodeInfo } from './node-info.ts'
import { type NodeOrder, ordered, zoneOf } from './node-order.ts'
import { type NamespaceLabels, type PodInfo, podInfoOf } from './pod-info.ts'
import { type Amounts, podRequestsOf } from './pod-requests.ts'
import type { Snapshot } from './snapshot.ts'

interface Placed {
  readonly node: NodeInfo
  readonly info: PodInfo
}
/** A pod that was placed here and not yet seen bound. */
export interface Assumed {
  readonly info: PodInfo
  /** When the server said that it is bound; undefined while it has not. */
  boundMs: number | undefined
}

export class ClusterState implements Snapshot {
  readonly changes: ChangeLog = new ChangeLog()
  readonly namespaceLabels: NamespaceLabels
  readonly withAffinity: Set<NodeInfo> = new Set()
  readonly withRequiredAntiAffinity: Set<NodeInfo> = new Set()
  topology = 0
  #layout = 0
  #ordered: NodeOrder | undefined
  readonly #infos = new Map<string, NodeInfo>()
  readonly #placed = new Map<string, Placed>()
  readonly #assumed = new Map<string, Assumed>()
  readonly #imageCounts = new Map<string, number>()

  constructor(namespaceLabels: NamespaceLabels) {
    this.namespaceLabels = namespaceLabels
  }

  get nodes(): readonly NodeInfo[] {
    return this.#order().nodes
  }

  get revisions(): Float64Array {
    return this.#order().revisions
  }

  get layout(): number {
    return this.#layout
  }

  node(name: string): NodeInfo | undefined {
    const info = this.#infos.get(name)
    return info?.node ? info : undefined
  }

  placeOf(uid: string): NodeInfo | undefined {
    return this.#placed.get(uid)?.node
  }

  nodesWithImage(name: string): number {
    return this.#imageCounts.get(name) ?? 0
  }

  /** Counts of what is known here, for metrics. */
  get sizes(): { nodes: number; pods: number; assumedPods: number } {
    return {
      nodes: this.nodes.length,
      pods: this.#placed.size,
      assumedPods: this.#assumed.size,
    }
  }

  setNode(node: Node): void {
    const info = this.#infoOf(node.metadata.name ?? '')
    const before = info.node
    if (before && schedulingText(before) === schedulingText(node)) {
      info.node = node
      return
    }
    const zone = before && zoneOf(info)
    const topology = before && topologyText(before)
    this.#countImages(info, -1)
    info.setNode(node)
    this.#countImages(info, 1)
    this.#track(info)
    if (!before || zone !== zoneOf(info)) this.#rearrange()
    if (topology !== topologyText(node)) this.topology++
    this.changes.push({ node: info, pod: undefined, by: 0 })
  }

  removeNode(name: string): void {
    const info = this.#infos.get(name)
    if (!info?.node) return
    this.#countImages(info, -1)
    info.images = new Map()
    info.node = undefined
    info.displace()
    this.#track(info)
    this.#rearrange()
    this.topology++
    this.#dropIfUnused(info)
  }

  /** Namespaces have other labels now. */
  namespacesChanged(): void {
    this.topology++
  }

  /** Other pods hope for the node than before. */
  nominationsChanged(nodeName: string): void {
    const node = this.#infos.get(nodeName)
    if (!node) return
    node.touch()
    this.changes.push({ node, pod: undefined, by: 0 })
  }

  /** A pod is on the node that its spec names. */
  setPod(pod: Pod): void {
    const uid = pod.metadata.uid ?? ''
    const node = this.#infoOf(pod.spec.nodeName ?? '')
    const before = this.#placed.get(uid)
    if (before?.node === node && sameForScheduling(before.info, pod)) {
      // The sums stay as they are; only the newest object is kept.
      const info = { ...before.info, pod }
      node.replace(info)
      this.#placed.set(uid, { node, info })
      this.#assumed.delete(uid)
      return
    }
    this.removePod(uid)
    this.#put(podInfoOf(pod), this.#infoOf(node.name))
  }

  removePod(uid: string): void {
    const placed = this.#placed.get(uid)
    if (!placed) return
    this.#placed.delete(uid)
    this.#assumed.delete(uid)
    const { node } = placed
    const pod = node.remove(uid)
    if (!pod) return
    this.#track(node)
    this.changes.push({ node, pod, by: -1 })
    this.#dropIfUnused(node)
  }

  /** Puts a pod on a node before the server knows. */
  assume(info: PodInfo, nodeName: string): void {
    this.#put(info, this.#infoOf(nodeName))
    this.#assumed.set(info.uid, { info, boundMs: undefined })
  }

  /** The server has confirmed the binding; its event is yet to come. */
  finishBinding(uid: string, nowMs: number): void {
    const assumed = this.#assumed.get(uid)
    if (assumed) assumed.boundMs = nowMs
  }

  /** Pods whose binding was confirmed before, and of which no event ever told. */
  boundBefore(timeMs: number): PodInfo[] {
    const late: PodInfo[] = []
    for (const { info, boundMs } of this.#assumed.values())
      if (boundMs !== undefined && boundMs < timeMs) late.push(info)
    return late
  }

  /** Takes an assumed pod off again; a pod that the server has bound meanwhile stays. */
  forget(uid: string): void {
    if (this.isAssumed(uid)) this.removePod(uid)
  }

  /** Takes a pod off for a trial; what it gives puts it back as it was. */
  lift(uid: string): () => void {
    const placed = this.#placed.get(uid)
    if (!placed) return () => {}
    const assumed = this.#assumed.get(uid)
    const { node, info } = placed
    this.removePod(uid)
    return () => {
      this.#put(info, this.#infoOf(node.name))
      if (assumed) this.#assumed.set(uid, assumed)
    }
  }

  isPlaced(uid: string): boolean {
    return this.#placed.has(uid)
  }

  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid)
  }

  #put(info: PodInfo, node: NodeInfo): void {
    this.#placed.set(info.uid, { node, info })
    node.add(info)
    this.#track(node)
    this.changes.push({ node, pod: info, by: 1 })
  }

  #order(): NodeOrder {
    this.#ordered ??= ordered([...this.#existing()])
    return this.#ordered
  }

  *#existing(): Iterable<NodeInfo> {
    for (const info of this.#infos.values()) if (info.node) yield info
  }

  #rearrange(): void {
    this.#ordered = undefined
    this.#layout++
  }

  #infoOf(name: string): NodeInfo {
    let info = this.#infos.get(name)
    if (!info) {
      info = new NodeInfo(name)
      this.#infos.set(name, info)
    }
    return info
  }

  #track(info: NodeInfo): void {
    // Pods on nodes that do not exist (yet) are in no domain.
    const { withAffinity, withRequiredAntiAffinity } = this
    if (info.node && info.podsWithAffinity > 0) withAffinity.add(info)
    else withAffinity.delete(info)
    if (info.node && info.podsWithRequiredAntiAffinity > 0) withRequiredAntiAffinity.add(info)
    else withRequiredAntiAffinity.delete(info)
  }

  #dropIfUnused(info: NodeInfo): void {
    if (!info.node && info.pods.size === 0) this.#infos.delete(info.name)
  }

  #countImages({ images }: NodeInfo, by: 1 | -1): void {
    for (const name of images.keys()) {
      const count = (this.#imageCounts.get(name) ?? 0) + by
      if (count > 0) this.#imageCounts.set(name, count)
      else this.#imageCounts.delete(name)
    }
  }
}

/** All of a node that plugins read; heartbeats say nothing new. */
function schedulingText({ metadata, spec, status }: Node): string {
  const { allocatable, images, declaredFeatures } = status
  return JSON.stringify([
    metadata.labels,
    metadata.annotations,
    spec,
    allocatable,
    images,
    declaredFeatures,
  ])
}

function topologyText({ metadata, spec }: Node): string {
  return JSON.stringify([metadata.labels, spec.taints, spec.unschedulable])
}

/** Whether what plugins read of a pod on a node is the same as before. */
function sameForScheduling({ pod: before, requests }: PodInfo, pod: Pod): boolean {
  if (before === pod) return true
  return (
    before.metadata.generation === pod.metadata.generation &&
    Boolean(before.metadata.deletionTimestamp) === Boolean(pod.metadata.deletionTimestamp) &&
    JSON.stringify(before.metadata.labels) === JSON.stringify(pod.metadata.labels) &&
    (resizeText(before) === resizeText(pod) || sameAmounts(requests, podRequestsOf(pod).requests))
  )
}

/** Of a status, what a resize changes. */
function resizeText({ status }: Pod): string {
  const of = (statuses: Pod['status']['containerStatuses']) =>
    statuses?.map(({ resources, allocatedResources }) => [resources?.requests, allocatedResources])
  const { containerStatuses, initContainerStatuses, conditions } = status
  if (!containerStatuses?.length && !initContainerStatuses?.length) return ''
  const pending = conditions?.find(({ type }) => type === 'PodResizePending')?.reason
  return JSON.stringify([of(containerStatuses), of(initContainerStatuses), pending])
}

function sameAmounts(a: Amounts, b: Amounts): boolean {
  if (a.size !== b.size) return false
  for (const [resource, amount] of a) if (b.get(resource) !== amount) return false
  return true
}
