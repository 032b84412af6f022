/**
 * Registers this machine as a Node, keeps its status right and renews its lease. The lease says
 * "alive" every ten seconds and is small; the status is written when it changes, and every five
 * minutes at least.
 */
import { type Lease, lease as leaseKind } from '#api/coordination/v1/lease.ts'
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { isStatus } from '#api/machinery/status.ts'
import { Pauses, rfc3339Micro } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Amounts } from '../devices/resources.ts'
import type { NodeConditions } from '../eviction/pressure-refusal.ts'
import type { KubeletContext } from '../options.ts'
import type { Image, RuntimeVersion } from '../runtime.ts'
import { sameJson } from '../status/status-writer.ts'
import { untilTick } from '../ticks.ts'
import { type NodeNews, newsBetween } from './node-news.ts'
import {
  type NodeHealth,
  type NodeStatus,
  nodeAnnotations,
  nodeLabels,
  nodeSpecOf,
  nodeStatusOf,
  withoutHeartbeats,
} from './node-object.ts'
import type { RuntimeAbilities } from './runtime-health.ts'

const LEASE_NAMESPACE = 'kube-node-lease'
/** In the time that the lease lasts, so that one that fails makes nobody worry. */
const LEASE_RENEWALS = 4
const RETRY_MS = 500
const RETRY_LIMIT_MS = 7_000

export interface NodeAgentParts {
  readonly context: KubeletContext
  readonly health: () => NodeHealth
  readonly abilities: () => RuntimeAbilities
  /** The same object while nothing changes. */
  readonly pressure: () => NodeConditions
  /** The volumes that the control plane must not take from the node. */
  readonly volumesInUse: () => readonly string[]
  /** What plugins have; the same object while nothing changes. */
  readonly devices: () => Amounts
  /** The node has other addresses than at the last look, and so have its pods. */
  readonly moved: () => void
  /** Told as an Event of the node. */
  readonly tell: (node: Node, news: NodeNews) => void
}

/** What the status is made of. */
interface Seen {
  readonly node?: Node
  readonly health: NodeHealth
  readonly pressure: NodeConditions
  readonly version: RuntimeVersion
  readonly abilities: RuntimeAbilities
  readonly images: readonly Image[]
  readonly addresses: readonly string[]
  readonly volumesInUse: readonly string[]
  readonly devices: Amounts
}

export class NodeAgent {
  readonly #parts: NodeAgentParts
  readonly #checks: Pauses
  readonly #renewals: Pauses
  readonly #loops: Promise<void>[] = []
  #version: RuntimeVersion = { runtimeName: 'unknown', runtimeVersion: '' }
  #images: readonly Image[] = []
  /** What the last look found to be written already. */
  #settled: Seen | undefined
  /** Nothing was heard of this node for so long that others may have taken it for lost, and said so in its status. */
  #isDoubted = false
  #lease: Lease | undefined
  #addresses: readonly string[] | undefined
  #writtenAt = 0
  /** The Node as the API last answered it. */
  node: Node | undefined

  constructor(parts: NodeAgentParts) {
    this.#parts = parts
    this.#checks = new Pauses(parts.context.clock)
    this.#renewals = new Pauses(parts.context.clock)
  }

  /** Begins; resolves with the first registration, or when stopped before. */
  async start(): Promise<void> {
    const registered = this.#register()
    this.#loops.push(
      registered.then(() => this.#checkForever()),
      registered.then(() => this.#renewForever()),
    )
    await registered
  }

  async stop(): Promise<void> {
    this.#checks.end()
    this.#renewals.end()
    await Promise.all(this.#loops)
  }

  /** How the node is now, maybe since somebody else wrote it: what follows from it is told with the next look. */
  seen(node: Node): void {
    if (this.node && revisionOf(node) > revisionOf(this.node)) this.node = node
  }

  /** Something about the node is so different that it should be told at once. */
  hurry(): void {
    this.checkStatus().catch((error: Error) =>
      this.#parts.context.log.debug('node status not written', { error: messageOf(error) }),
    )
  }

  async #checkForever(): Promise<void> {
    const { clock, log, options } = this.#parts.context
    for (;;) {
      await this.#checks.take(untilTick(clock.monotonicMs(), options.nodeStatusUpdateMs))
      if (this.#checks.isOver) return
      await this.checkStatus().catch((error: Error) =>
        log.debug('node status not written', { error: messageOf(error) }),
      )
    }
  }

  async #register(): Promise<void> {
    const { log } = this.#parts.context
    let delayMs = RETRY_MS
    while (!this.#checks.isOver)
      try {
        await this.#askRuntime()
        await this.#createOrAdopt()
        return
      } catch (error) {
        log.warn('the node could not be registered yet', { error: messageOf(error) })
        await this.#checks.take(delayMs)
        delayMs = Math.min(delayMs * 2, RETRY_LIMIT_MS)
      }
  }

  async #askRuntime(): Promise<void> {
    const { runtime } = this.#parts.context.options
    try {
      this.#version = await runtime.version()
      this.#images = await runtime.listImages()
    } catch {
      // Its absence shows in the Ready condition.
    }
  }

  async #createOrAdopt(): Promise<void> {
    const { context } = this.#parts
    const { client, options } = context
    const wanted: Partial<Node> = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: options.nodeName,
        labels: nodeLabels(context),
        annotations: nodeAnnotations(context),
      },
      spec: nodeSpecOf(context.options),
      status: this.#statusOver(undefined),
    }
    try {
      this.node = await client.create(nodeKind, wanted)
      this.#writtenAt = context.clock.monotonicMs()
      if (this.node.status?.conditions?.length) return
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists')) throw error
      this.node = await client.get(nodeKind, options.nodeName)
      await this.#keepLabels()
    }
    await this.checkStatus()
  }

  /** A node that was registered before keeps what others set on it, and gets our labels and annotations anew. */
  async #keepLabels(): Promise<void> {
    const { context } = this.#parts
    const node = this.node as Node
    const metadata = {
      ...node.metadata,
      labels: { ...node.metadata.labels, ...nodeLabels(context) },
      annotations: { ...node.metadata.annotations, ...nodeAnnotations(context) },
    }
    if (sameJson(metadata, node.metadata)) return
    this.node = await context.client.update(nodeKind, { ...node, metadata })
  }

  #statusOver(previous: NodeStatus | undefined): NodeStatus {
    const { context, health, abilities, pressure, devices } = this.#parts
    return nodeStatusOf({
      context,
      health: health(),
      pressure: pressure(),
      volumesInUse: this.#parts.volumesInUse(),
      version: this.#version,
      abilities: abilities(),
      images: this.#images,
      devices: devices(),
      previous,
      now: context.clock.now(),
    })
  }

  /** Labels and taints are others' to write: `node` shows those of the last time that it was read or written. */
  async read(): Promise<void> {
    const { client, options } = this.#parts.context
    this.node = await client.get(nodeKind, options.nodeName)
    this.#isDoubted = false
  }

  /** Writes the status if it changed or is due. */
  async checkStatus(): Promise<void> {
    const { context, health, abilities, pressure, devices } = this.#parts
    const { client, clock } = context
    await this.#askRuntime()
    const due = clock.monotonicMs() - this.#writtenAt >= context.options.nodeStatusReportMs
    // Nearly every look finds what the one before it found.
    const seen: Seen = {
      health: health(),
      pressure: pressure(),
      version: this.#version,
      abilities: abilities(),
      images: this.#images,
      addresses: [...context.options.nodeAddresses],
      volumesInUse: this.#parts.volumesInUse(),
      devices: devices(),
    }
    this.#noteAddresses(seen.addresses)
    if (!due && !this.#isDoubted && this.#isSettled(seen)) return
    for (let attempt = 0; attempt < 3; attempt++) {
      const known = this.node
      if (!known || due || this.#isDoubted || attempt > 0) await this.read()
      const node = this.node as Node
      const status = this.#statusOver(node.status)
      const changed = !sameJson(
        withoutHeartbeats(status),
        withoutHeartbeats(node.status ?? ({} as NodeStatus)),
      )
      if (!changed && !due) {
        this.#settled = { node, ...seen }
        return
      }
      try {
        this.node = await client.update(nodeKind, { ...node, status }, { subresource: 'status' })
        this.#writtenAt = clock.monotonicMs()
        for (const news of newsBetween(node, status)) this.#parts.tell(node, news)
        return
      } catch (error) {
        if (isStatus(error, 'NotFound')) return this.#createOrAdopt()
        if (!isStatus(error, 'Conflict')) throw error
      }
    }
  }

  /** The list is changed in place when the machine comes to another network. */
  #noteAddresses(addresses: readonly string[]): void {
    const known = this.#addresses
    this.#addresses = addresses
    if (known && !sameJson(known, addresses)) this.#parts.moved()
  }

  /** In the order of what it costs to compare: a node that was not written is the same object. */
  #isSettled(seen: Seen): boolean {
    const known = this.#settled
    return (
      known !== undefined &&
      sameJson(seen.health, known.health) &&
      sameJson(seen.pressure, known.pressure) &&
      sameJson(seen.devices, known.devices) &&
      sameJson(seen.version, known.version) &&
      seen.abilities === known.abilities &&
      sameJson(seen.addresses, known.addresses) &&
      sameJson(seen.volumesInUse, known.volumesInUse) &&
      sameJson(this.node, known.node) &&
      sameJson(seen.images, known.images)
    )
  }

  async #renewForever(): Promise<void> {
    const { clock, log, random, options } = this.#parts.context
    const leaseMs = options.nodeLeaseSeconds * 1000
    const renewMs = leaseMs / LEASE_RENEWALS
    // Nodes that started together renew at different times: the first period is cut by chance.
    let periodMs = 1 + random.integer(renewMs)
    let retryMs = RETRY_MS
    let renewedMs = clock.monotonicMs()
    while (!this.#renewals.isOver) {
      let delayMs = periodMs
      try {
        await this.#renew()
        if (clock.monotonicMs() - renewedMs >= leaseMs) this.#isDoubted = true
        renewedMs = clock.monotonicMs()
        delayMs = untilTick(clock.monotonicMs(), periodMs)
        periodMs = renewMs
        retryMs = RETRY_MS
      } catch (error) {
        this.#lease = undefined
        log.debug('lease not renewed', { error: messageOf(error) })
        delayMs = retryMs
        retryMs = Math.min(retryMs * 2, RETRY_LIMIT_MS)
      }
      await this.#renewals.take(delayMs)
    }
  }

  async #renew(): Promise<void> {
    const { client, clock, options } = this.#parts.context
    const name = options.nodeName
    const renewTime = rfc3339Micro(clock.now())
    if (!this.#lease)
      try {
        this.#lease = await client.get(leaseKind, name, LEASE_NAMESPACE)
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error
        this.#lease = await client.create(leaseKind, this.#newLease(renewTime))
        return
      }
    const spec = {
      ...this.#lease.spec,
      holderIdentity: name,
      leaseDurationSeconds: options.nodeLeaseSeconds,
      renewTime,
    }
    this.#lease = await client.update(leaseKind, { ...this.#lease, spec })
  }

  #newLease(renewTime: string): Partial<Lease> {
    const { options } = this.#parts.context
    const uid = this.node?.metadata.uid
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: options.nodeName,
        namespace: LEASE_NAMESPACE,
        ...(uid
          ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: options.nodeName, uid }] }
          : {}),
      },
      spec: {
        holderIdentity: options.nodeName,
        leaseDurationSeconds: options.nodeLeaseSeconds,
        renewTime,
      },
    }
  }
}

const revisionOf = ({ metadata }: Node) => Number(metadata.resourceVersion ?? 0)
