/** A node with the pods on it and their sums. Only the cluster's state changes one; others may change a clone. */
import type { Node } from '#api/core/v1/node.ts'
import { hasAffinity, type PodInfo } from './pod-info.ts'
import { type Amounts, amountOf } from './pod-requests.ts'

export class NodeInfo {
  readonly name: string
  /** Undefined for a node that only pods speak of. */
  node: Node | undefined
  /** Its place in `Snapshot.nodes`; -1 while it has none. */
  position = -1
  #revision = 0
  /** Where the revision stands once more, at the node's position. */
  #revisions: Float64Array | undefined
  allocatable: Amounts = new Map()
  allowedPods = 0
  readonly pods: Map<string, PodInfo>
  readonly requested: Map<string, number>
  nonZeroCpuMilli = 0
  nonZeroMemoryBytes = 0
  /** How many pods on it use a host port; most nodes have none. */
  podsWithPorts = 0
  podsWithAffinity = 0
  podsWithRequiredAntiAffinity = 0
  /** Sizes of the images on it, in bytes, by every name. */
  images: ReadonlyMap<string, number> = new Map()

  constructor(
    name: string,
    pods: ReadonlyMap<string, PodInfo> = new Map(),
    requested: Amounts = new Map(),
  ) {
    this.name = name
    this.pods = new Map(pods)
    this.requested = new Map(requested)
  }

  /** Grows with every change of the node, of the pods on it, and of those that hope for it. */
  get revision(): number {
    return this.#revision
  }

  /** Gives the node its place in `Snapshot.nodes` and in `Snapshot.revisions`. */
  place(position: number, revisions: Float64Array): void {
    this.position = position
    this.#revisions = revisions
    revisions[position] = this.#revision
  }

  /** The node has no place any more. */
  displace(): void {
    this.position = -1
    this.#revisions = undefined
  }

  /** Whatever was found out about the node has to be found out anew. */
  touch(): void {
    this.#revision++
    if (this.#revisions) this.#revisions[this.position] = this.#revision
  }

  get labels(): Readonly<Record<string, string>> {
    return this.node?.metadata.labels ?? NO_LABELS
  }

  setNode(node: Node): void {
    this.touch()
    this.node = node
    const allocatable = new Map<string, number>()
    // A node that claims less than nothing has nothing.
    for (const [resource, quantity] of Object.entries(node.status.allocatable ?? {}))
      allocatable.set(resource, Math.max(0, amountOf(resource, quantity)))
    this.allocatable = allocatable
    this.allowedPods = allocatable.get('pods') ?? 0
    this.images = imagesOf(node)
  }

  add(pod: PodInfo): void {
    this.pods.set(pod.uid, pod)
    this.#account(pod, 1)
  }

  /** A newer state of a pod on it that asks for the same. */
  replace(pod: PodInfo): void {
    this.touch()
    this.pods.set(pod.uid, pod)
  }

  remove(uid: string): PodInfo | undefined {
    const pod = this.pods.get(uid)
    if (!pod) return undefined
    this.pods.delete(uid)
    this.#account(pod, -1)
    return pod
  }

  clone(): NodeInfo {
    const clone = new NodeInfo(this.name, this.pods, this.requested)
    clone.node = this.node
    clone.position = this.position
    clone.allocatable = this.allocatable
    clone.allowedPods = this.allowedPods
    clone.nonZeroCpuMilli = this.nonZeroCpuMilli
    clone.nonZeroMemoryBytes = this.nonZeroMemoryBytes
    clone.podsWithPorts = this.podsWithPorts
    clone.podsWithAffinity = this.podsWithAffinity
    clone.podsWithRequiredAntiAffinity = this.podsWithRequiredAntiAffinity
    clone.images = this.images
    return clone
  }

  #account(pod: PodInfo, by: 1 | -1): void {
    this.touch()
    for (const [resource, amount] of pod.requests)
      this.requested.set(resource, (this.requested.get(resource) ?? 0) + by * amount)
    this.nonZeroCpuMilli += by * pod.nonZeroCpuMilli
    this.nonZeroMemoryBytes += by * pod.nonZeroMemoryBytes
    if (pod.hostPorts.length > 0) this.podsWithPorts += by
    if (pod.requiredAntiAffinity.length > 0) this.podsWithRequiredAntiAffinity += by
    if (hasAffinity(pod)) this.podsWithAffinity += by
  }
}
const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({})

function imagesOf({ status }: Node): ReadonlyMap<string, number> {
  const images = new Map<string, number>()
  for (const { names, sizeBytes = 0 } of status.images ?? [])
    for (const name of names ?? []) images.set(name, sizeBytes)
  return images
}
