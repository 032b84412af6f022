/**
 * Gives Services of type LoadBalancer one of the cloud's, tells it of changes and of other nodes, and takes it away again. A finalizer keeps a
 * Service that has one until the cloud says that nothing of it is left.
 */
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { type Service, service as serviceKind } from '#api/core/v1/service.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import { exponentialBounds } from '#base/figures.ts'
import type { EventType } from '#client/events.ts'
import { type CloudContext, eachOf, type RunningCloudController, workOnKeys } from '../context.ts'
import {
  isImplementedElsewhere,
  type LoadBalancer,
  type LoadBalancerStatus,
  retryAfterMsOf,
} from '../provider.ts'
import { balancedNodes, mattersToBalancers, namesTold, sameMachines } from './balanced-nodes.ts'
import {
  FINALIZER,
  hasFinalizer,
  needsCleanup,
  needsUpdate,
  wantsBalancer,
} from './balanced-service.ts'

/** Upstream's names of the queues. */
const SERVICES = 'service'
const NODES = 'node'
/** What changed of the nodes concerns every load balancer, so there is one key. */
const ALL_NODES = 'nodes'
/** Clouds charge for calls: upstream's waits after failures. */
const BASE_DELAY_MS = 5_000
const MAXIMUM_DELAY_MS = 300_000
/** From a second to four and a half hours. */
const BOUNDS = exponentialBounds(1, 2, 15)

export interface ServiceLbOptions {
  readonly loadBalancer: LoadBalancer
  readonly concurrentServiceSyncs: number
}

export function startServiceLb(
  context: CloudContext,
  options: ServiceLbOptions,
): RunningCloudController {
  const wakeAll = () => nodeKeys.queue.add(ALL_NODES)
  const controller = new ServiceLb(context, options.loadBalancer, wakeAll)
  const { informers } = context
  const services = informers.for(serviceKind)
  const nodes = informers.for(nodeKind)
  const { concurrentServiceSyncs: workers } = options
  const serviceKeys = workOnKeys(context, {
    name: SERVICES,
    workers,
    baseDelayMs: BASE_DELAY_MS,
    maximumDelayMs: MAXIMUM_DELAY_MS,
    work: (key, signal) => controller.sync(key, signal),
    retryAfterMs: retryAfterMsOf,
  })
  const nodeKeys = workOnKeys(context, {
    name: NODES,
    workers: 1,
    work: async (_, signal) => {
      for (const key of await controller.syncNodes(workers, signal)) serviceKeys.queue.add(key)
    },
  })
  const ends = [
    services.subscribe({
      changed(next, previous) {
        const isNews = previous ? needsUpdate(next, previous) : wantsBalancer(next)
        if (isNews || needsCleanup(next)) serviceKeys.queue.add(keyOf(next))
      },
      // Somebody took the finalizer off: what is known of it is enough to clean up after it.
      deleted: gone => {
        if (controller.knows(keyOf(gone))) serviceKeys.queue.add(keyOf(gone))
      },
    }),
    nodes.subscribe({
      changed(next, previous) {
        if (!previous || mattersToBalancers(next, previous)) wakeAll()
      },
      deleted: wakeAll,
    }),
  ]
  let isOver = false
  // A load balancer that is made before all nodes are known would be told of them one by one.
  void Promise.all([services.synced, nodes.synced]).then(() => {
    if (isOver) return
    serviceKeys.start()
    nodeKeys.start()
  })
  return {
    queues: new Map([
      [SERVICES, serviceKeys.queue],
      [NODES, nodeKeys.queue],
    ]),
    async stop() {
      isOver = true
      for (const end of ends) end()
      await Promise.all([serviceKeys.stop(), nodeKeys.stop()])
      controller.stop()
    },
  }
}

class ServiceLb {
  readonly #context: CloudContext
  readonly #balancer: LoadBalancer
  readonly #services
  readonly #nodes
  readonly #recorder
  readonly #figures
  /** Services that have a load balancer, or may have, as they were last worked on. As many as there are such Services. */
  readonly #known = new Map<string, Service>()
  /** The nodes that each load balancer was last told of. */
  readonly #told = new Map<string, readonly Node[]>()
  /** Keys of Services that are worked on. */
  readonly #syncing = new Set<string>()
  /** Those among them of which other nodes were kept back meanwhile. */
  readonly #missed = new Set<string>()
  /** Load balancers that are being told of nodes; never rejects. */
  readonly #updating = new Map<string, Promise<boolean>>()
  readonly #wakeNodes: () => void

  constructor(context: CloudContext, balancer: LoadBalancer, wakeNodes: () => void) {
    this.#wakeNodes = wakeNodes
    const { informers, figures } = context
    this.#context = context
    this.#balancer = balancer
    this.#services = informers.for(serviceKind)
    this.#nodes = informers.for(nodeKind)
    this.#recorder = context.recorder('service-controller')
    const histogram = (name: string, help: string) =>
      figures.histogram(`service_controller_${name}`, help, BOUNDS)
    this.#figures = {
      syncs: figures.counter(
        'service_controller_loadbalancer_sync_total',
        'How often a load balancer was told of other nodes.',
      ),
      nodeSyncErrors: figures.counter(
        'service_controller_nodesync_error_total',
        'How often that failed.',
      ),
      nodeSyncs: histogram(
        'nodesync_latency_seconds',
        'How long it takes until all load balancers were told of other nodes.',
      ),
      hostUpdates: histogram(
        'update_loadbalancer_host_latency_seconds',
        'How long it takes until one was.',
      ),
    }
  }

  knows(key: string): boolean {
    return this.#known.has(key)
  }

  stop(): void {
    this.#recorder.stop()
  }

  /** No two calls about one Service are under way at a time. */
  async sync(key: string, signal: AbortSignal): Promise<void> {
    await this.#updating.get(key)
    this.#syncing.add(key)
    try {
      await this.#sync(key, signal)
    } finally {
      this.#syncing.delete(key)
      if (this.#missed.delete(key)) this.#wakeNodes()
    }
  }

  async #sync(key: string, signal: AbortSignal): Promise<void> {
    const service = this.#services.get(key)
    const known = this.#known.get(key)
    // Gone without our consent, and perhaps made anew.
    if (known && known.metadata.uid !== service?.metadata.uid) await this.#bury(key, known, signal)
    if (!service) return
    this.#known.set(key, service)
    try {
      if (wantsBalancer(service) && !needsCleanup(service)) await this.#ensure(service, signal)
      else {
        await this.#cleanUp(service, signal)
        this.#forget(key)
      }
    } catch (error) {
      if (!signal.aborted)
        this.#tell(
          service,
          'Warning',
          'SyncLoadBalancerFailed',
          `Error syncing load balancer: ${messageOf(error)}`,
        )
      throw error
    }
  }

  /** Tells load balancers of the nodes that are there now; gives the keys of those that could not be told. */
  async syncNodes(concurrent: number, signal: AbortSignal): Promise<readonly string[]> {
    const { clock } = this.#context
    const fromMs = clock.monotonicMs()
    const failed: string[] = []
    await eachOf([...this.#known], concurrent, async ([key, service]) => {
      // Whoever works on it now may have looked at the nodes already, and is over some day.
      if (this.#syncing.has(key)) return void this.#missed.add(key)
      const telling = this.#tellNodes(key, service, signal)
      this.#updating.set(key, telling)
      if (!(await telling)) failed.push(key)
      this.#updating.delete(key)
    })
    this.#figures.nodeSyncs.observe([], (clock.monotonicMs() - fromMs) / 1000)
    return failed
  }

  async #ensure(service: Service, signal: AbortSignal): Promise<void> {
    this.#tell(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer')
    await this.#patch(
      service,
      { metadata: { finalizers: [FINALIZER] } },
      hasFinalizer(service),
    ).catch(prefixed('failed to add load balancer cleanup finalizer'))
    const nodes = balancedNodes(this.#nodes.list())
    if (nodes.length === 0) this.#tellNoNodes(service)
    this.#told.set(keyOf(service), nodes)
    let status: LoadBalancerStatus
    try {
      status = await this.#balancer.ensureLoadBalancer(this.#clusterName, service, nodes, signal)
    } catch (error) {
      if (isImplementedElsewhere(error)) return
      throw new Error(`failed to ensure load balancer: ${messageOf(error)}`, { cause: error })
    }
    this.#tell(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer')
    await this.#writeStatus(service, status)
  }

  async #cleanUp(service: Service, signal: AbortSignal): Promise<void> {
    const exists = await this.#balancer
      .getLoadBalancer(this.#clusterName, service, signal)
      .catch(prefixed('failed to check if load balancer exists before cleanup'))
    if (exists) {
      this.#tell(service, 'Normal', 'DeletingLoadBalancer', 'Deleting load balancer')
      await this.#delete(service, signal).catch(prefixed('failed to delete load balancer'))
    }
    const without = { metadata: { '$deleteFromPrimitiveList/finalizers': [FINALIZER] } }
    await this.#patch(service, without, !hasFinalizer(service)).catch(
      prefixed('failed to remove load balancer cleanup finalizer'),
    )
    this.#tell(service, 'Normal', 'DeletedLoadBalancer', 'Deleted load balancer')
    await this.#writeStatus(service, {})
  }

  /** Of a Service that is not there any more. */
  async #bury(key: string, service: Service, signal: AbortSignal): Promise<void> {
    this.#tell(service, 'Normal', 'DeletingLoadBalancer', 'Deleting load balancer')
    try {
      await this.#delete(service, signal)
    } catch (error) {
      const message = `Error deleting load balancer: ${messageOf(error)}`
      this.#tell(service, 'Warning', 'DeleteLoadBalancerFailed', message)
      throw error
    }
    this.#tell(service, 'Normal', 'DeletedLoadBalancer', 'Deleted load balancer')
    this.#forget(key)
  }

  async #delete(service: Service, signal: AbortSignal): Promise<void> {
    try {
      await this.#balancer.ensureLoadBalancerDeleted(this.#clusterName, service, signal)
    } catch (error) {
      if (!isImplementedElsewhere(error)) throw error
    }
  }

  /** False where it could not be told; its Service is then worked on as a whole. */
  async #tellNodes(key: string, service: Service, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || !wantsBalancer(service)) return true
    const nodes = balancedNodes(this.#nodes.list())
    const before = this.#told.get(key)
    // One that was told of none yet will be of all, once it is made.
    if (!before || sameMachines(before, nodes)) return true
    this.#told.set(key, nodes)
    const { clock } = this.#context
    const fromMs = clock.monotonicMs()
    this.#figures.syncs.add([])
    try {
      await this.#balancer.updateLoadBalancer(this.#clusterName, service, nodes, signal)
      if (nodes.length === 0) this.#tellNoNodes(service)
      else
        this.#tell(service, 'Normal', 'UpdatedLoadBalancer', 'Updated load balancer with new hosts')
      return true
    } catch (error) {
      if (isImplementedElsewhere(error)) return true
      // One that is gone meanwhile needs no nodes.
      const exists = await this.#exists(service, signal)
      if (!exists || signal.aborted) return true
      this.#tell(
        service,
        'Warning',
        'UpdateLoadBalancerFailed',
        `Error updating load balancer with new hosts ${namesTold(nodes)} [node names limited, total number of nodes: ${nodes.length}], error: ${messageOf(error)}`,
      )
      this.#figures.nodeSyncErrors.add([])
      return false
    } finally {
      this.#figures.hostUpdates.observe([], (clock.monotonicMs() - fromMs) / 1000)
    }
  }

  async #exists(service: Service, signal: AbortSignal): Promise<boolean> {
    try {
      const found = await this.#balancer.getLoadBalancer(this.#clusterName, service, signal)
      return found !== undefined
    } catch {
      return true
    }
  }

  get #clusterName(): string {
    return this.#context.clusterName
  }

  #tellNoNodes(service: Service): void {
    const message = 'There are no available nodes for LoadBalancer'
    this.#tell(service, 'Warning', 'UnAvailableLoadBalancer', message)
  }

  #tell(service: Service, type: EventType, reason: string, message: string): void {
    this.#recorder.record(service, type, reason, { message })
  }

  /** By way of the status, for that is all that the role of service controllers may write. */
  async #patch(service: Service, patch: object, isSo: boolean): Promise<void> {
    if (isSo) return
    const { name = '', namespace = '' } = service.metadata
    await this.#context.client.patch(serviceKind, { name, namespace }, 'strategic', patch, STATUS)
  }

  async #writeStatus(service: Service, status: LoadBalancerStatus): Promise<void> {
    // Programs in other languages write null for a list of nothing.
    const ingress = status.ingress ?? []
    const before = service.status?.loadBalancer?.ingress ?? []
    if (JSON.stringify(before) === JSON.stringify(ingress)) return
    const { name = '', namespace = '' } = service.metadata
    const patch = { status: { loadBalancer: { ingress: ingress.length > 0 ? ingress : null } } }
    try {
      await this.#context.client.patch(serviceKind, { name, namespace }, 'merge', patch, STATUS)
    } catch (error) {
      // Without its finalizer it may be gone already.
      if (!isStatus(error, 'NotFound'))
        throw new Error(`failed to update load balancer status: ${messageOf(error)}`)
    }
  }

  #forget(key: string): void {
    this.#known.delete(key)
    this.#told.delete(key)
  }
}

const STATUS = { subresource: 'status' }

const prefixed =
  (what: string) =>
  (error: unknown): never => {
    throw new Error(`${what}: ${messageOf(error)}`)
  }
