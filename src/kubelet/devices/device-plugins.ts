/**
 * The node's devices, as plugins on its machine tell them: they register at the kubelet's socket, the kubelet calls them back, counts
 * what they have on the Node, gives devices to containers when their pod is admitted, and keeps what was given for as long as the pod lives,
 * over its own restarts too. As upstream, a plugin that goes leaves its devices unhealthy, and after a while its resource empty.
 */
import { quantityToNumber } from '#api/machinery/quantity.ts'
import { messageOf } from '#base/errors.ts'
import { GrpcError, grpcCode, rpcErrorText } from '../cri/grpc.ts'
import type { GrpcServer } from '../grpc/grpc-server.ts'
import type { GrpcSockets } from '../grpc/grpc-sockets.ts'
import type { KubeletContext } from '../options.ts'
import type { Plugin, PluginHandler } from '../plugin-registration/plugin-registration.ts'
import { type AnyContainer, containersOf, type Pod, uidOf } from '../pod-types.ts'
import { Rounds } from '../rounds.ts'
import type { PodFailure } from '../status/pod-status.ts'
import { type Allocated, Allocations } from './allocations.ts'
import { AllocationsFile } from './allocations-file.ts'
import { featuresOf, refusalOf } from './asking-to-register.ts'
import { NO_NUMA_NODE } from './checkpoint.ts'
import { chooseDevices } from './choose-devices.ts'
import { additionsOf, type ContainerAdditions } from './container-additions.ts'
import type { Device } from './device.ts'
import { isNear } from './device-hints.ts'
import * as messages from './messages.ts'
import { PluginConnection } from './plugin-connection.ts'
import { PluginHints } from './plugin-hints.ts'
import { Resources } from './resources.ts'

export interface DevicePluginsParts {
  readonly context: KubeletContext
  readonly sockets: GrpcSockets
  /** The Node has other devices than before. */
  readonly changed: () => void
  /** So have these pods, by UID, or theirs fare otherwise. */
  readonly affected: (uids: Iterable<string>) => void
}

const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export class DevicePlugins implements PluginHandler {
  readonly #parts: DevicePluginsParts
  readonly #directory: string
  readonly #file: AllocationsFile
  readonly #allocations = new Allocations()
  readonly #resources: Resources
  /** From where devices could come. */
  readonly hints: PluginHints
  /** By pod that is admitted and by resource, what its init containers are done with. */
  readonly #reusable = new Map<string, ReadonlyMap<string, ReadonlySet<string>>>()
  /** One at a time chooses, so that none chooses what another is about to get. */
  #choosing: Promise<unknown> = Promise.resolve()
  /** What is known is in the file then. */
  readonly #saving = new Rounds(() => this.#save())
  #server: GrpcServer | undefined
  #isOver = false

  constructor(parts: DevicePluginsParts) {
    this.#parts = parts
    const { clock, options } = parts.context
    this.#directory = `${options.rootDirectory}/device-plugins`
    this.#file = new AllocationsFile(this.#directory, options.hostAccess.files, parts.context.log)
    this.#resources = new Resources(clock, resource => this.#changed(resource))
    this.hints = new PluginHints({
      ...{ resources: this.#resources, allocations: this.#allocations },
      wishesOf: (pod, container) => this.#wishesOf(pod, container),
      reusableOf: (uid, resource) => [...(this.#reusable.get(uid)?.get(resource) ?? [])],
      nodeIds: () => options.division?.nodeIds ?? [],
    })
  }

  /** Knows what was given before, and listens for plugins; without a place to listen it only knows. */
  async start(): Promise<void> {
    const { context, sockets } = this.#parts
    const { log, options } = context
    const { files } = options.hostAccess
    await files.makeDirectory(this.#directory, 0o750)
    const known = await this.#file.read()
    for (const entry of known?.entries ?? []) this.#allocations.set(entry)
    this.#resources.recall(known?.registered.keys() ?? [])
    try {
      // A plugin that finds its socket gone registers anew.
      for (const name of await files.names(this.#directory))
        if ((await files.facts(`${this.#directory}/${name}`))?.kind === 'socket')
          await files.removeTree(`${this.#directory}/${name}`)
      this.#server = await sockets.serve(`${this.#directory}/kubelet.sock`, {
        [`/${messages.DEVICE_PLUGIN_VERSION}.Registration/Register`]: request =>
          this.#registerAsked(request),
      })
    } catch (error) {
      log.warn('device plugins can not register', { error: messageOf(error) })
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true
    this.#resources.stop()
    await this.#server?.close()
    await this.#saving.settled()
  }

  /** One that comes by the way of all other kinds of plugins. */
  validate({ name, supportedVersions }: Plugin): void {
    const [version = ''] = supportedVersions
    const refusal = refusalOf({
      version: supportedVersions.includes(messages.DEVICE_PLUGIN_VERSION)
        ? messages.DEVICE_PLUGIN_VERSION
        : version,
      endpoint: 'socket',
      resource: name,
    })
    if (refusal) throw new Error(refusal)
  }

  register({ name, endpoint }: Plugin): Promise<void> {
    return this.connect(name, endpoint)
  }

  /** The end of its list says that it is gone. */
  deregister(): void {}

  /** What the Node says of them; the same object while nothing changes. */
  get amounts() {
    return this.#resources.amounts
  }

  wants(pod: Pod): boolean {
    return containersOf(pod).some(
      ({ kind, container }) => kind !== 'ephemeral' && this.#wishesOf(pod, container).length > 0,
    )
  }

  /**
   * Gives devices to all containers of a pod that want some; or why it can't run here. `place` is called with each container before it gets
   * any, and may say on which memory nodes they are to be; rejects with what it throws.
   */
  async admit(pod: Pod, place?: Place): Promise<PodFailure | undefined> {
    const uid = uidOf(pod)
    const reusable = new Map<string, Set<string>>()
    this.#reusable.set(uid, reusable)
    let isMisplaced = false
    try {
      let gave = false
      for (const { kind, container } of containersOf(pod)) {
        if (kind === 'ephemeral') continue
        isMisplaced = true
        const nodes = place?.(container)
        isMisplaced = false
        for (const { resource, count } of this.#wishesOf(pod, container)) {
          const before = reusable.get(resource) ?? new Set()
          reusable.set(resource, before)
          const wish = { resource, count, reusable: [...before], nodes }
          const { ids, isNew } = await this.#give(pod, container, wish)
          gave ||= isNew
          // What an init container had is there for those after it; a sidecar runs on with its own.
          for (const id of ids)
            if (kind === 'init') before.add(id)
            else before.delete(id)
        }
      }
      if (gave) await this.#saving.run()
      return undefined
    } catch (error) {
      this.release(uid)
      if (isMisplaced) throw error
      return {
        reason: 'UnexpectedAdmissionError',
        message: `Allocate failed due to ${rpcErrorText(error)}, which is unexpected`,
      }
    } finally {
      this.#reusable.delete(uid)
    }
  }

  /** What a container that is about to start gets; its plugins are told where they wish to be. */
  async prepare(pod: Pod, container: AnyContainer): Promise<ContainerAdditions> {
    const uid = uidOf(pod)
    for (const { resource, count } of this.#wishesOf(pod, container)) {
      // Of a container that ran already under a kubelet which kept no file of it.
      if (!this.#allocations.of(uid, container.name).has(resource)) {
        await this.#give(pod, container, { resource, count, reusable: [] })
        await this.#saving.run()
      }
      const { ids } = this.#allocations.of(uid, container.name).get(resource) as Allocated
      await this.#preStart(resource, ids)
    }
    const given = this.#allocations.of(uid, container.name)
    return additionsOf([...given.values()].map(({ response }) => response))
  }

  async #preStart(resource: string, ids: readonly string[]): Promise<void> {
    const plugin = this.#resources.get(resource)?.plugin
    if (!plugin?.features.preStart) return
    try {
      await plugin.preStart(ids)
    } catch (error) {
      throw new Error(`device plugin PreStartContainer rpc failed with err: ${rpcErrorText(error)}`)
    }
  }

  /** Nothing of the pod runs any more. */
  release(uid: string): void {
    if (this.#allocations.delete(uid)) void this.#saving.run()
  }

  /** Pods of which nothing is known any more have nothing. */
  keepOnly(isKnown: (uid: string) => boolean): void {
    for (const uid of this.#allocations.uids()) if (!isKnown(uid)) this.release(uid)
  }

  /** Resources with the devices that a container has of them. */
  devicesOf(uid: string, container: string) {
    return this.#allocations.of(uid, container)
  }

  /** Healthy ones, by resource. */
  healthyDevices(): ReadonlyMap<string, readonly Device[]> {
    return this.#resources.healthy()
  }

  /** How each device of a container is, by resource. */
  healthsOf(uid: string, container: string) {
    return [...this.#allocations.of(uid, container)].map(([name, { ids }]) => ({
      name,
      resources: ids.map(id => ({ resourceID: id, health: this.#healthOf(name, id) })),
    }))
  }

  /** `Healthy`, `Unhealthy` or `Unknown`. */
  #healthOf(resource: string, id: string): string {
    const device = this.#resources.get(resource)?.devices.get(id)
    if (!device) return 'Unknown'
    return device.healthy ? 'Healthy' : 'Unhealthy'
  }

  /** What the container wants of resources that plugins of this node have, or had. */
  #wishesOf(pod: Pod, { name, resources }: AnyContainer & { resources?: Wanted }) {
    const given = this.#allocations.of(uidOf(pod), name)
    return Object.entries(resources?.limits ?? {})
      .filter(([resource]) => this.#resources.get(resource) || given.has(resource))
      .map(([resource, quantity]) => ({ resource, count: quantityToNumber(quantity) }))
      .filter(({ count }) => count > 0)
  }

  async #give(
    pod: Pod,
    container: AnyContainer,
    { resource, count, reusable, nodes }: DevicesWanted,
  ): Promise<{ readonly ids: readonly string[]; readonly isNew: boolean }> {
    const uid = uidOf(pod)
    const known = this.#resources.get(resource)
    const given = this.#allocations.of(uid, container.name).get(resource)
    const healthy = this.#resources.healthyIds(resource)
    if (!known) throw new Error(`cannot allocate unregistered device ${resource}`)
    if (healthy.length === 0)
      throw new Error(`no healthy devices present; cannot allocate unhealthy devices ${resource}`)
    if (given) {
      if (given.ids.length !== count)
        throw new Error(
          `pod "${uid}" container "${container.name}" changed request for resource "${resource}" from ${given.ids.length} to ${count}`,
        )
      if (!given.ids.every(id => healthy.includes(id)))
        throw new Error(
          `previously allocated devices are no longer healthy; cannot allocate unhealthy devices ${resource}`,
        )
      return { ids: given.ids, isNew: false }
    }
    const { plugin } = known
    if (!plugin)
      throw new Error(`endpoint not found in cache for a registered resource: ${resource}`)
    const choose = async () => {
      const { devices } = this.#resources.get(resource) ?? known
      const ids = await chooseDevices({
        ...{ resource, count, reusable },
        isNear: nodes === undefined ? undefined : id => isNear(devices.get(id), nodes),
        healthy: this.#resources.healthyIds(resource),
        taken: this.#allocations.taken(resource),
        ...(plugin.features.preferredAllocation
          ? { preferred: (available, must, size) => plugin.preferred(available, must, size) }
          : {}),
      })
      return this.#allocations.reserve({ uid, resource, ids })
    }
    const chosen = this.#choosing.then(choose)
    this.#choosing = chosen.catch(() => {})
    const reservation = await chosen
    const { ids } = reservation
    try {
      const response = await this.#allocate(plugin, ids)
      if (!this.#allocations.isReserved(reservation)) throw new Error('the pod has ended meanwhile')
      this.#keep(uid, container.name, resource, ids, response)
      return { ids, isNew: true }
    } finally {
      this.#allocations.letGo(reservation)
    }
  }

  async #allocate(plugin: PluginConnection, ids: readonly string[]) {
    const { clock, options } = this.#parts.context
    const started = clock.monotonicMs()
    const response = await plugin.allocate(ids)
    options.figures
      .histogram(
        'kubelet_device_plugin_alloc_duration_seconds',
        'How long plugins took to give devices, by resource',
        DURATION_BOUNDS,
        ['resource_name'],
      )
      .observe([plugin.resource], (clock.monotonicMs() - started) / 1000)
    return response
  }

  #keep(
    uid: string,
    container: string,
    resource: string,
    ids: readonly string[],
    response: messages.ContainerAllocateResponse,
  ): void {
    const { devices } = this.#resources.get(resource) ?? {}
    const numaNodeOf = new Map(
      ids.map(id => [id, devices?.get(id)?.numaNodes[0] ?? NO_NUMA_NODE] as const),
    )
    this.#allocations.set({ uid, container, resource, allocated: { ids, numaNodeOf, response } })
  }

  async #registerAsked(bytes: Uint8Array): Promise<Uint8Array> {
    const { log, options } = this.#parts.context
    const { version, endpoint, resourceName: resource } = messages.registerRequest.decode(bytes)
    options.figures
      .counter('kubelet_device_plugin_registration_total', 'Registrations of device plugins', [
        'resource_name',
      ])
      .add([resource])
    const refusal = refusalOf({ version, endpoint, resource })
    if (refusal) {
      log.warn('a device plugin was refused', { resource, why: refusal })
      throw new GrpcError(grpcCode.unknown, refusal)
    }
    await this.connect(resource, `${this.#directory}/${endpoint}`)
    return new Uint8Array(0)
  }

  /** Takes the place of the plugin that had the resource so far. Rejects where nobody answers at the socket. */
  async connect(resource: string, socketPath: string): Promise<void> {
    const { context, sockets } = this.#parts
    const peer = `the device plugin of ${resource}`
    const grpc = sockets.connect(socketPath, peer)
    const features = await featuresOf(grpc).catch(error => {
      grpc.close()
      throw error
    })
    const plugin = new PluginConnection(resource, features, grpc)
    if (this.#isOver || !this.#resources.register(resource, plugin)) {
      plugin.close()
      throw new GrpcError(grpcCode.resourceExhausted, 'there are too many resources on this node')
    }
    context.log.info('a device plugin registered', { resource })
    plugin.watch(
      devices => this.#resources.update(plugin, devices),
      error => {
        context.log.warn('a device plugin is gone', {
          resource,
          why: error ? rpcErrorText(error) : 'it ended its list of devices',
        })
        this.#resources.ended(plugin)
      },
    )
  }

  #changed(resource: string): void {
    if (this.#isOver) return
    void this.#saving.run()
    this.#parts.changed()
    this.#parts.affected(this.#allocations.usersOf(resource))
  }

  #save(): Promise<void> {
    return this.#file.save({
      entries: [...this.#allocations.entries()],
      registered: this.#resources.healthyIdsByResource(),
    })
  }
}

type Place = (container: AnyContainer) => number | undefined

interface DevicesWanted {
  readonly resource: string
  readonly count: number
  readonly reusable: readonly string[]
  /** On which memory nodes they are to be, where that matters. */
  readonly nodes?: number | undefined
}

interface Wanted {
  readonly limits?: Readonly<Record<string, string>>
}
