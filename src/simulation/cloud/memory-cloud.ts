/**
 * A cloud in memory: machines, load balancers with addresses, and routes, all of which a test may look at and have fail. Machines are those that it
 * launched, and whatever node comes and asks; hollow nodes of the same process go off and on with their machines.
 */
import type { Node } from '#api/core/v1/node.ts'
import type { Service } from '#api/core/v1/service.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { addressAt, parseCidr } from '#base/cidr.ts'
import { type Clock, sleep } from '#base/clock.ts'
import {
  type CloudProvider,
  defaultLoadBalancerName,
  type InstanceMetadata,
  type LoadBalancerStatus,
  type NodeAddress,
  type Route,
} from '#cloud/provider.ts'

export const MEMORY_CLOUD = 'memory'

/** On a Node: `off`, `on` or `terminated`, what its machine is to be. */
export const POWER_ANNOTATION = 'cloud.proa.dev/power'
/** On a Service or a Node: what the cloud answers instead of doing anything for it. */
export const ERROR_ANNOTATION = 'cloud.proa.dev/error'

export type CloudRequest =
  | 'InstanceExists'
  | 'InstanceShutdown'
  | 'InstanceMetadata'
  | 'GetLoadBalancer'
  | 'EnsureLoadBalancer'
  | 'UpdateLoadBalancer'
  | 'EnsureLoadBalancerDeleted'
  | 'ListRoutes'
  | 'CreateRoute'
  | 'DeleteRoute'

export interface MemoryCloudOptions {
  readonly clock: Clock
  readonly region?: string
  /** Machines are spread over them in turn. */
  readonly zones?: readonly string[]
  readonly instanceType?: string
  /** Addresses of load balancers: `198.19.128.0/17` by default, which are nobody's. */
  readonly loadBalancerCidr?: string
  /** ExternalIPs of machines; `198.19.0.0/17` by default. */
  readonly externalCidr?: string
  /** Whether a node that nobody launched has a machine as soon as it asks; true by default. */
  readonly adoptsNodes?: boolean
}

/** A machine as it is now. */
export interface Machine {
  readonly name: string
  /** `terminated` ones are not there any more for anybody who asks. */
  readonly power: 'on' | 'off' | 'terminated'
  readonly providerID: string
  readonly instanceType: string
  readonly zone: string
  readonly region: string
  readonly addresses: readonly NodeAddress[]
  readonly labels: Readonly<Record<string, string>>
}

export interface Balancer {
  readonly name: string
  /** Of its Service: `namespace/name`. */
  readonly service: string
  /** Names of the nodes behind it. */
  readonly nodes: readonly string[]
  readonly status: LoadBalancerStatus
}

export interface Call {
  readonly request: CloudRequest
  /** The node, the Service (`namespace/name`) or the range it is about. */
  readonly about: string
}

/** So that a cluster that lives for days does not fill the memory with them. */
const CALLS_KEPT = 1_000

export class MemoryCloud implements CloudProvider {
  readonly name = MEMORY_CLOUD
  readonly #clock: Clock
  readonly #options: MemoryCloudOptions
  readonly #machines = new Map<string, Machine>()
  readonly #balancers = new Map<string, Balancer>()
  readonly #routes = new Map<string, Route>()
  readonly #calls: Call[] = []
  readonly #failures = new Map<CloudRequest, Error>()
  readonly #delays = new Map<CloudRequest, number>()
  readonly #watchers = new Set<{ readonly changed: (machine: Machine) => void }>()
  readonly #loadBalancerAddresses: Addresses
  readonly #externalAddresses: Addresses
  #launched = 0

  constructor(options: MemoryCloudOptions) {
    const { loadBalancerCidr = '198.19.128.0/17', externalCidr = '198.19.0.0/17' } = options
    this.#clock = options.clock
    this.#options = options
    this.#loadBalancerAddresses = new Addresses(loadBalancerCidr)
    this.#externalAddresses = new Addresses(externalCidr)
  }

  /** By name, which is that of the node. */
  get machines(): ReadonlyMap<string, Machine> {
    return this.#machines
  }
  /** By name: `a` and the Service's UID. */
  get balancers(): ReadonlyMap<string, Balancer> {
    return this.#balancers
  }
  /** By the range that leads to a node. */
  get routeTable(): ReadonlyMap<string, Route> {
    return this.#routes
  }
  /** The last thousand requests, the newest last. */
  get calls(): readonly Call[] {
    return this.#calls
  }

  /** A machine for a node of that name; another one where one was terminated. What is not said is chosen. */
  launch(name: string, more: Partial<Omit<Machine, 'name' | 'power'>> = {}): Machine {
    const { region = 'memory-1', instanceType = 'm1.medium' } = this.#options
    const zones = this.#options.zones ?? [`${region}a`, `${region}b`, `${region}c`]
    const before = this.#machines.get(name)
    const count = this.#launched++
    const machine: Machine = {
      providerID: `memory://${name}`,
      instanceType,
      region,
      zone: zones[count % zones.length] ?? region,
      labels: {},
      addresses: before?.addresses ?? [
        { type: 'ExternalIP', address: this.#externalAddresses.take(name) },
      ],
      ...more,
      name,
      power: 'on',
    }
    return this.#put(machine)
  }

  /** What a hollow node tells of itself when it starts. */
  launched({ name, address }: { readonly name: string; readonly address: string }): void {
    if (this.#machines.has(name)) return
    const internal = { type: 'InternalIP', address } as const
    const machine = this.launch(name)
    this.#put({ ...machine, addresses: [internal, ...machine.addresses] })
  }

  /** Switches it off: it is there, and its node is not ready any more. Throws for one that is unknown. */
  shutDown(name: string): void {
    this.#put({ ...this.#known(name), power: 'off' })
  }
  powerOn(name: string): void {
    this.#put({ ...this.#known(name), power: 'on' })
  }
  /** It is gone for good; its routes lead nowhere. */
  terminate(name: string): void {
    this.#put({ ...this.#known(name), power: 'terminated' })
    for (const [cidr, route] of this.#routes)
      if (route.targetNode === name) this.#routes.set(cidr, { ...route, blackhole: true })
  }
  setAddresses(name: string, addresses: readonly NodeAddress[]): void {
    this.#put({ ...this.#known(name), addresses })
  }

  /** Every such request fails with it, until it is undefined. A text is the message of an ordinary error. */
  fail(request: CloudRequest, why: string | Error | undefined): void {
    if (why === undefined) this.#failures.delete(request)
    else this.#failures.set(request, typeof why === 'string' ? new Error(why) : why)
  }
  /** Every such request takes that long from now on. */
  delay(request: CloudRequest, milliseconds: number): void {
    this.#delays.set(request, milliseconds)
  }

  /** Told of each machine that changes. Returns what ends it. */
  watchMachines(changed: (machine: Machine) => void): () => void {
    const watcher = { changed }
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** A node as it is now: its annotation says what its machine is to be. */
  nodeChanged({ metadata }: Node): void {
    const { name = '', annotations } = metadata
    const machine = this.#machines.get(name)
    const wanted = annotations?.[POWER_ANNOTATION]
    if (!machine || machine.power === 'terminated' || machine.power === wanted) return
    if (wanted === 'off') this.shutDown(name)
    if (wanted === 'on') this.powerOn(name)
    if (wanted === 'terminated') this.terminate(name)
  }

  readonly instances = {
    instanceExists: async (node: Node, signal: AbortSignal): Promise<boolean> => {
      await this.#asked('InstanceExists', node, signal)
      return this.#machineOf(node) !== undefined
    },
    instanceShutdown: async (node: Node, signal: AbortSignal): Promise<boolean> => {
      await this.#asked('InstanceShutdown', node, signal)
      return this.#machineOf(node)?.power === 'off'
    },
    instanceMetadata: async (node: Node, signal: AbortSignal): Promise<InstanceMetadata> => {
      await this.#asked('InstanceMetadata', node, signal)
      const machine = this.#machineOf(node)
      if (!machine) throw new Error('instance not found')
      const { providerID, instanceType, zone, region, addresses, labels } = machine
      const additionalLabels = labels
      return { providerID, instanceType, zone, region, nodeAddresses: addresses, additionalLabels }
    },
  }

  readonly loadBalancer = {
    getLoadBalancer: async (_cluster: string, service: Service, signal: AbortSignal) => {
      await this.#asked('GetLoadBalancer', service, signal)
      return this.#balancers.get(defaultLoadBalancerName(service))?.status
    },
    ensureLoadBalancer: async (
      _cluster: string,
      service: Service,
      nodes: readonly Node[],
      signal: AbortSignal,
    ): Promise<LoadBalancerStatus> => {
      await this.#asked('EnsureLoadBalancer', service, signal)
      const name = defaultLoadBalancerName(service)
      const wished = service.spec.loadBalancerIP
      const ip = wished || this.#loadBalancerAddresses.take(name)
      const status: LoadBalancerStatus = { ingress: [{ ip, ipMode: 'VIP' }] }
      this.#balancers.set(name, { name, service: keyOf(service), nodes: namesOf(nodes), status })
      return status
    },
    updateLoadBalancer: async (
      _cluster: string,
      service: Service,
      nodes: readonly Node[],
      signal: AbortSignal,
    ): Promise<void> => {
      await this.#asked('UpdateLoadBalancer', service, signal)
      const name = defaultLoadBalancerName(service)
      const balancer = this.#balancers.get(name)
      if (!balancer) throw new Error(`load balancer ${name} not found`)
      this.#balancers.set(name, { ...balancer, nodes: namesOf(nodes) })
    },
    ensureLoadBalancerDeleted: async (_cluster: string, service: Service, signal: AbortSignal) => {
      await this.#asked('EnsureLoadBalancerDeleted', service, signal)
      const name = defaultLoadBalancerName(service)
      this.#balancers.delete(name)
      this.#loadBalancerAddresses.giveBack(name)
    },
  }

  readonly routes = {
    listRoutes: async (_cluster: string, signal: AbortSignal) => {
      await this.#asked('ListRoutes', '', signal)
      return [...this.#routes.values()]
    },
    createRoute: async (_cluster: string, hint: string, route: Route, signal: AbortSignal) => {
      const { destinationCIDR, targetNode } = route
      await this.#asked('CreateRoute', destinationCIDR, signal)
      this.#routes.set(destinationCIDR, { name: `route-${hint}`, targetNode, destinationCIDR })
    },
    deleteRoute: async (_cluster: string, { destinationCIDR }: Route, signal: AbortSignal) => {
      await this.#asked('DeleteRoute', destinationCIDR, signal)
      this.#routes.delete(destinationCIDR)
    },
  }

  /** Notes the request; takes its time, and fails where it is to. */
  async #asked(
    request: CloudRequest,
    about: Node | Service | string,
    signal: AbortSignal,
  ): Promise<void> {
    const isText = typeof about === 'string'
    this.#calls.push({ request, about: isText ? about : keyOf(about) })
    if (this.#calls.length > CALLS_KEPT) this.#calls.shift()
    const delayMs = this.#delays.get(request)
    if (delayMs) await sleep(this.#clock, delayMs, signal)
    const failure = this.#failures.get(request)
    if (failure) throw failure
    const told = isText ? undefined : about.metadata.annotations?.[ERROR_ANNOTATION]
    if (told) throw new Error(told)
  }

  #machineOf({ metadata, status }: Node): Machine | undefined {
    const { name = '' } = metadata
    const found = this.#machines.get(name)
    if (found) return found.power === 'terminated' ? undefined : found
    if (this.#options.adoptsNodes === false) return undefined
    const internal = (status?.addresses ?? []).find(({ type }) => type === 'InternalIP')
    if (internal) this.launched({ name, address: internal.address })
    else this.launch(name)
    return this.#machines.get(name)
  }

  #known(name: string): Machine {
    const machine = this.#machines.get(name)
    if (!machine) throw new Error(`the cloud has no machine ${name}`)
    return machine
  }

  #put(machine: Machine): Machine {
    const frozen = Object.freeze(machine)
    this.#machines.set(machine.name, frozen)
    for (const { changed } of [...this.#watchers]) changed(frozen)
    return frozen
  }
}

const namesOf = (nodes: readonly Node[]): string[] =>
  nodes.map(({ metadata }) => metadata.name ?? '')

/** Of a range, each whose for as long as they want. */
class Addresses {
  readonly #cidr
  readonly #byOwner = new Map<string, number>()
  readonly #taken = new Set<number>()

  constructor(cidr: string) {
    this.#cidr = parseCidr(cidr, 'the range of a cloud')
  }

  /** The same one for the same owner. */
  take(owner: string): string {
    const known = this.#byOwner.get(owner)
    if (known !== undefined) return addressAt(this.#cidr, known)
    // The first is the network, the last for everybody.
    for (let index = 1; index < Number(this.#cidr.size) - 1; index++) {
      if (this.#taken.has(index)) continue
      this.#taken.add(index)
      this.#byOwner.set(owner, index)
      return addressAt(this.#cidr, index)
    }
    throw new Error('no address is left')
  }

  giveBack(owner: string): void {
    const known = this.#byOwner.get(owner)
    if (known === undefined) return
    this.#byOwner.delete(owner)
    this.#taken.delete(known)
  }
}
