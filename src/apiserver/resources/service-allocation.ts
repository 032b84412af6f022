/**
 * Addresses and node ports of services. What is in use is read from the services themselves, through the watch cache, so
 * there is no second book that could disagree after a crash; what is being written right now is held in memory until the cache has it.
 */
import type { AddressFamily } from '#api/core/v1/addresses.ts'
import type { ClusterFamilies } from '#api/core/v1/service.addresses.ts'
import type { Service } from '#api/core/v1/service.ts'
import { type FieldError, invalid as invalidField } from '#api/machinery/field-error.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { internalError, invalid } from '#api/machinery/status.ts'
import { addressAt, type Cidr, formatCidr } from '#base/cidr.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'
import { canHave, isOfServices, ServiceRanges } from './service-ranges.ts'

export interface PortRange {
  readonly first: number
  readonly last: number
}
export const DEFAULT_NODE_PORTS: PortRange = { first: 30_000, last: 32_767 }

/** The lower part of a range is left to those who ask for a certain value: 1/16 of it, within these bounds. */
const MINIMUM_STATIC_BAND = 16
const MAXIMUM_STATIC_BAND = 256
/** Of node ports less is kept, as upstream. */
const MAXIMUM_STATIC_PORTS = 128

/** Of a range, counted from its first, are given without being asked for: far more than there can be services. */
const MOST_ADDRESSES = 2n ** 31n

const KIND = { group: '', kind: 'Service' }
const TAKEN = 'provided port is already allocated'

export interface AllocatorOptions {
  /** Services, which say what is in use. */
  readonly services: ResourceCache
  /** The ranges of the flag, one of each family, which are also the ServiceCIDR `kubernetes`. */
  readonly cidrs: readonly [Cidr, ...Cidr[]]
  readonly ports?: PortRange
  /** ServiceCIDRs, which add further ranges. */
  readonly ranges?: ResourceCache | undefined
  /** IPAddresses; those of others than services are taken, too. */
  readonly addresses?: ResourceCache | undefined
}

/** Node ports for one write. */
interface Taking {
  readonly draft: Service
  readonly held: (() => void)[]
  /** Those that the service has already. */
  readonly own: ReadonlySet<number>
  /** Those taken for it now. */
  readonly mine: Set<number>
}

export class ServiceAllocator {
  readonly #cidrs: readonly [Cidr, ...Cidr[]]
  readonly #ports: PortRange
  readonly #cache: ResourceCache
  readonly #serviceRanges: ServiceRanges
  readonly #foreign: ResourceCache | undefined
  readonly #addresses = new InUse()
  readonly #nodePorts = new InUse()
  #isFollowing = false
  /** Where the search begins next, by range. */
  readonly #nextAddress = new Map<string, number>()
  #nextPort = 0

  constructor({ services, cidrs, ports, ranges, addresses }: AllocatorOptions) {
    this.#cache = services
    this.#cidrs = cidrs
    this.#ports = ports ?? DEFAULT_NODE_PORTS
    this.#serviceRanges = new ServiceRanges(cidrs, ranges)
    this.#foreign = addresses
  }

  /** The ranges in which addresses are, such as `10.96.0.0/12`. */
  get ranges(): string[] {
    return this.#cidrs.map(formatCidr)
  }

  /** Of the ranges, in their order. */
  get families(): ClusterFamilies {
    const [first, ...more] = this.#cidrs
    return [familyOf(first), ...more.map(familyOf)]
  }

  /** The address of `kubernetes.default`. */
  get firstAddress(): string {
    return addressAt(this.#cidrs[0], 1)
  }

  /**
   * Fills in what the service needs and takes what it asks for. `release` ends the hold; call it when the write is over,
   * however it ended. Throws Invalid where something is taken or out of range.
   */
  allocate(draft: Service, previous?: Service): { release: () => void; hasTaken: boolean } {
    if (!this.#isFollowing) this.#follow()
    const held: (() => void)[] = []
    const release = () => {
      for (const end of held) end()
    }
    try {
      this.#allocateAddresses(draft, previous, held)
      this.#allocatePorts(draft, previous, held)
    } catch (thrown) {
      release()
      throw thrown
    }
    return { release, hasTaken: held.length > 0 }
  }

  /** One for each of its families, those that are asked for checked first. */
  #allocateAddresses(draft: Service, previous: Service | undefined, held: (() => void)[]): void {
    const { spec } = draft
    if (spec.type === 'ExternalName' || spec.clusterIP === 'None') return
    const wanted = spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : [])
    const families = spec.ipFamilies?.length ? spec.ipFamilies : [this.families[0]]
    // Of a service that has some, what is asked for in their place is judged with the rest.
    const has = previous?.spec.type === 'ExternalName' ? [] : (previous?.spec.clusterIPs ?? [])
    // Who may not have another first address is told that, and not what becomes of the second.
    if (has.length > 0 && wanted[0] !== has[0]) return
    const settled = wanted.slice(0, has.length)
    const addresses = families.map((family, at) => {
      const asked = wanted[at] ?? ''
      if (at < settled.length) return asked
      if (asked !== '') this.#checkAddress(draft, asked)
      const address = asked || this.#freeAddress(draft, family as AddressFamily)
      held.push(this.#addresses.hold(address))
      return address
    })
    if (has.length > 0 && held.length === 0) return
    spec.clusterIP = addresses[0] ?? ''
    spec.clusterIPs = addresses
  }

  #checkAddress(draft: Service, address: string): void {
    const wrong = (detail: string) =>
      refuse(draft, invalidField('spec.clusterIPs', draft.spec.clusterIPs ?? [address], detail))
    const isInRange = this.#serviceRanges.ready().some(range => canHave(range, address))
    if (!isInRange)
      throw wrong(
        `failed to allocate IP ${address}: the provided network does not match the current range`,
      )
    if (this.#isTaken(address))
      throw wrong(`failed to allocate IP ${address}: provided IP is already allocated`)
  }

  #freeAddress(draft: Service, family: AddressFamily): string {
    for (const range of this.#serviceRanges.ready()) {
      if (familyOf(range) !== family) continue
      const address = this.#freeIn(range)
      if (address !== undefined) return address
    }
    throw internalError(`failed to allocate a serviceIP for ${draft.metadata.name}: range is full`)
  }

  /** First the upper band, then, when that is full, the one for certain values. */
  #freeIn(range: Cidr): string | undefined {
    // Neither the network's own address, nor the first (kubernetes.default), nor IPv4's broadcast address.
    const first = range === this.#cidrs[0] ? 2 : 1
    const size = Number(range.isIpv6 ? least(range.size, MOST_ADDRESSES) : range.size - 1n)
    const band = staticBand(size, MAXIMUM_STATIC_BAND)
    const find = (from: number, to: number, start: number) =>
      scan(from, to, start, at => !this.#isTaken(addressAt(range, at)))
    const name = formatCidr(range)
    const next = this.#nextAddress.get(name) ?? 0
    const at = find(Math.max(band, first), size, next) ?? find(first, band, first)
    if (at === undefined) return undefined
    this.#nextAddress.set(name, at + 1)
    return addressAt(range, at)
  }

  #isTaken(address: string): boolean {
    if (this.#addresses.has(address)) return true
    const object = this.#foreign?.get('', address)?.object
    return object !== undefined && !isOfServices(object)
  }

  #allocatePorts(draft: Service, previous: Service | undefined, held: (() => void)[]): void {
    const { spec } = draft
    const taking = { draft, held, own: portsOf(previous?.spec), mine: new Set<number>() }
    if (usesNodePorts(spec) && previous) this.#portsOfChanged(taking)
    else if (usesNodePorts(spec)) this.#portsOfNew(taking)
    if (!takesHealthPort(spec)) return
    if (previous && takesHealthPort(previous.spec) && spec.healthCheckNodePort) return
    spec.healthCheckNodePort = this.#take(
      taking,
      spec.healthCheckNodePort,
      'spec.healthCheckNodePort',
    )
  }

  /** Ports of one number share a node port, whatever their protocols. */
  #portsOfNew(taking: Taking): void {
    const { spec } = taking.draft
    const ports = spec.ports ?? []
    const byNumber = new Map<number, number>()
    for (const [at, port] of ports.entries()) {
      if (!port.nodePort && !wantsNodePorts(spec)) continue
      const field = `spec.ports[${at}].nodePort`
      const known = byNumber.get(port.port)
      if (known === undefined) {
        const said = ports.find(other => other.port === port.port && other.nodePort)?.nodePort
        port.nodePort = this.#take(taking, said, field)
        byNumber.set(port.port, port.nodePort)
      } else if (!port.nodePort) port.nodePort = known
      else if (port.nodePort !== known) this.#take(taking, port.nodePort, field)
    }
  }

  /** What stands twice is judged with the rest. */
  #portsOfChanged(taking: Taking): void {
    const { spec } = taking.draft
    for (const [at, port] of (spec.ports ?? []).entries()) {
      const { nodePort } = port
      if (!nodePort && !wantsNodePorts(spec)) continue
      if (nodePort && (taking.own.has(nodePort) || taking.mine.has(nodePort))) continue
      port.nodePort = this.#take(taking, nodePort, `spec.ports[${at}].nodePort`)
    }
  }

  /** The port that is asked for, or a free one. */
  #take({ draft, held, mine }: Taking, wanted: number | undefined, field: string): number {
    if (wanted && mine.has(wanted)) throw refuse(draft, invalidField(field, wanted, TAKEN))
    if (wanted) this.#checkPort(draft, wanted, field)
    const port = wanted || this.#freePort(mine)
    mine.add(port)
    held.push(this.#nodePorts.hold(String(port)))
    return port
  }

  #checkPort(draft: Service, port: number, field: string): void {
    const { first, last } = this.#ports
    if (port < first || port > last)
      throw refuse(
        draft,
        invalidField(
          field,
          port,
          `provided port is not in the valid range. The range of valid ports is ${first}-${last}`,
        ),
      )
    if (this.#nodePorts.has(String(port))) throw refuse(draft, invalidField(field, port, TAKEN))
  }

  #freePort(mine: ReadonlySet<number>): number {
    const { first, last } = this.#ports
    const size = last - first + 1
    const band = staticBand(size, MAXIMUM_STATIC_PORTS)
    const isFree = (at: number) => !this.#nodePorts.has(String(first + at)) && !mine.has(first + at)
    const at = scan(band, size, this.#nextPort, isFree) ?? scan(0, band, 0, isFree)
    if (at === undefined) throw internalError('failed to allocate a nodePort: range is full')
    this.#nextPort = at + 1
    return first + at
  }

  #follow(): void {
    this.#isFollowing = true
    this.#addresses.clear()
    this.#nodePorts.clear()
    for (const stored of this.#cache.list('')) this.#count(stored.object as Service, 1)
    this.#cache.watchers.add({
      filter: { namespace: '' },
      notify: (event, as) => {
        if (event.previous) this.#count(event.previous.object as Service, -1)
        if (as !== 'DELETED') this.#count(event.current.object as Service, 1)
      },
      end: () => {
        this.#isFollowing = false
      },
    })
  }

  #count(service: Service, difference: 1 | -1): void {
    for (const address of service.spec.clusterIPs ?? [])
      if (address !== 'None') this.#addresses.count(address, difference)
    for (const port of [...portsOf(service.spec), service.spec.healthCheckNodePort ?? 0])
      if (port > 0) this.#nodePorts.count(String(port), difference)
  }
}

const familyOf = ({ isIpv6 }: Cidr): AddressFamily => (isIpv6 ? 'IPv6' : 'IPv4')
const least = (one: bigint, other: bigint) => (one < other ? one : other)

/** Values in use by stored services, and those held by writes under way. */
class InUse {
  readonly #stored = new Map<string, number>()
  readonly #held = new Map<string, number>()

  has(value: string): boolean {
    return this.#stored.has(value) || this.#held.has(value)
  }
  count(value: string, difference: 1 | -1): void {
    add(this.#stored, value, difference)
  }
  hold(value: string): () => void {
    add(this.#held, value, 1)
    return () => add(this.#held, value, -1)
  }
  clear(): void {
    this.#stored.clear()
  }
}

function add(counts: Map<string, number>, value: string, difference: number): void {
  const count = (counts.get(value) ?? 0) + difference
  if (count > 0) counts.set(value, count)
  else counts.delete(value)
}

const usesNodePorts = ({ type }: Service['spec']) => type === 'NodePort' || type === 'LoadBalancer'

const takesHealthPort = ({ type, externalTrafficPolicy }: Service['spec']) =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local'

/** Without being asked for each. */
const wantsNodePorts = ({ type, allocateLoadBalancerNodePorts }: Service['spec']) =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false)

const portsOf = (spec: Service['spec'] | undefined): Set<number> =>
  new Set((spec?.ports ?? []).flatMap(({ nodePort }) => nodePort || []))

function staticBand(size: number, maximum: number): number {
  const band = Math.min(Math.max(MINIMUM_STATIC_BAND, Math.floor(size / 16)), maximum)
  return band < size ? band : Math.min(2, size)
}

/** The first good number in [from, to), beginning at `start` and around. */
function scan(
  from: number,
  to: number,
  start: number,
  isGood: (at: number) => boolean,
): number | undefined {
  const begin = start >= from && start < to ? start : from
  for (let at = begin; at < to; at++) if (isGood(at)) return at
  for (let at = from; at < begin; at++) if (isGood(at)) return at
  return undefined
}

const refuse = (draft: KubernetesObject, error: FieldError) =>
  invalid(KIND, draft.metadata.name ?? '', [error])
