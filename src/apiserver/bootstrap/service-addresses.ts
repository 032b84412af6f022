/**
 * An IPAddress for each address that a service has, as programs look them up. They follow the services, which alone decide: what
 * is missing is made and what has no service any more goes, whatever happened in between. Where somebody else had a hand in it, people
 * are told, in the words of upstream's repairing loops.
 */
import { addressFamily } from '#api/core/v1/addresses.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { IpAddress } from '#api/networking/v1/ip-address.ts'
import type { ServiceCidr } from '#api/networking/v1/service-cidr.ts'
import { messageOf } from '#base/errors.ts'
import { DEFAULT_NODE_PORTS } from '../resources/service-allocation.ts'
import { isOfServices as isOurs, ADDRESS_MANAGER as MANAGER } from '../resources/service-ranges.ts'
import type { ServerContext } from '../server-context.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'
import type { ServerEvents } from './server-events.ts'
import { addressFindings, clusterAddresses, portFindings } from './service-findings.ts'
import { Writer } from './writer.ts'

const GROUP = 'networking.k8s.io'
const PLURAL = 'ipaddresses'
/** Addresses with other managers are none of ours. */
const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by'
const ADDRESSES = 'ipallocator-repair-controller'
const PORTS = 'portallocator-repair-controller'
const FAMILY = 'ipaddress.kubernetes.io/ip-family'
/** After a write that failed, or a cache that has to be read anew. */
const RETRY_MS = 1_000
/** How often all services are looked at; upstream's interval. */
const CHECK_MS = 3 * 60_000

/** Begins; the returned function ends it, and is over when the last write is. */
export function keepServiceAddresses(
  server: ServerContext,
  events: ServerEvents,
): () => Promise<void> {
  const services = server.registry.find('', 'v1', 'services')?.storage?.cache
  const addresses = server.registry.find(GROUP, 'v1', PLURAL)?.storage?.cache
  if (!services || !addresses) return async () => {}
  const keeper = new Keeper(server, events, { services, addresses })
  keeper.follow()
  keeper.check()
  return () => keeper.stop()
}

class Keeper {
  readonly #server: ServerContext
  readonly #services: ResourceCache
  readonly #addresses: ResourceCache
  readonly #events: ServerEvents
  readonly #writer: Writer
  /** By address: the service that has it. */
  readonly #owners = new Map<string, Service>()
  readonly #dirty = new Set<string>()
  /** Addresses whose objects somebody wrote or removed. */
  readonly #touched = new Set<string>()
  #running: Promise<void> | undefined
  #isOver = false
  readonly #retries = new Set<() => void>()
  #unfollow = () => {}
  #unfollowAddresses = () => {}

  constructor(
    server: ServerContext,
    events: ServerEvents,
    { services, addresses }: { services: ResourceCache; addresses: ResourceCache },
  ) {
    this.#server = server
    this.#events = events
    this.#services = services
    this.#addresses = addresses
    this.#writer = new Writer(server)
  }

  follow(): void {
    if (this.#isOver) return
    this.#owners.clear()
    this.#unfollow = this.#services.watchers.add({
      filter: { namespace: '' },
      notify: (event, as) => {
        if (event.previous) this.#forget(event.previous.object as Service)
        if (as !== 'DELETED') this.#own(event.current.object as Service)
        this.#run()
      },
      end: () => this.#later(() => this.follow()),
    })
    for (const { object } of this.#services.list('')) this.#own(object as Service)
    for (const { object } of this.#addresses.list(''))
      if (isOurs(object)) this.#dirty.add(object.metadata.name ?? '')
    this.#run()
    this.#followAddresses()
  }

  /** What only people can mend is told again and again. */
  check(): void {
    const services = this.#services.list('').map(({ object }) => object as Service)
    const ranges = this.#server.registry.find(GROUP, 'v1', 'servicecidrs')?.storage?.cache
    const listed = (ranges?.list('') ?? []).map(({ object }) => object as ServiceCidr)
    for (const finding of addressFindings(services, listed)) this.#events.warn(ADDRESSES, finding)
    for (const finding of portFindings(services, DEFAULT_NODE_PORTS))
      this.#events.warn(PORTS, finding)
    this.#later(() => this.check(), CHECK_MS)
  }

  #followAddresses(): void {
    this.#unfollowAddresses()
    this.#unfollowAddresses = this.#addresses.watchers.add({
      filter: { namespace: '' },
      notify: event => {
        const { object } = event.current
        const address = object.metadata.name ?? ''
        const owner = this.#owners.get(address)
        const isGone = this.#addresses.get('', address) === undefined
        // Our own writes make it so that there is nothing to do.
        if (isGone ? !owner : isOurs(object) && isOf(object, owner)) return
        if (!owner && !isOurs(object)) return
        this.#touched.add(address)
        this.#dirty.add(address)
        this.#run()
      },
      end: () => this.#later(() => this.#followAddresses()),
    })
  }

  async stop(): Promise<void> {
    this.#isOver = true
    for (const cancel of this.#retries) cancel()
    this.#unfollow()
    this.#unfollowAddresses()
    await this.#running
  }

  #own(service: Service): void {
    for (const address of clusterAddresses(service)) {
      this.#owners.set(address, service)
      this.#dirty.add(address)
    }
  }

  #forget(service: Service): void {
    for (const address of clusterAddresses(service)) {
      // Another service may have it by now.
      if (this.#owners.get(address)?.metadata.uid === service.metadata.uid)
        this.#owners.delete(address)
      this.#dirty.add(address)
    }
  }

  #run(): void {
    if (this.#running || this.#isOver) return
    this.#running = this.#drain().finally(() => {
      this.#running = undefined
    })
  }

  async #drain(): Promise<void> {
    while (this.#dirty.size > 0 && !this.#isOver) {
      const batch = [...this.#dirty]
      this.#dirty.clear()
      await Promise.all(batch.map(address => this.#settle(address)))
    }
  }

  async #settle(address: string): Promise<void> {
    try {
      const owner = this.#owners.get(address)
      const stored = this.#addresses.get('', address)?.object
      const isRight = stored && isOurs(stored) && isOf(stored, owner)
      if (this.#touched.delete(address) && !isRight) this.#tell(address, stored, owner)
      if (stored && !isRight && (isOurs(stored) || owner))
        await this.#writer.remove(GROUP, PLURAL, stored)
      if (owner) await this.#writer.ensure(GROUP, PLURAL, addressOf(address, owner))
    } catch (thrown) {
      // Somebody else was faster, or will be again: what is then is looked at anew.
      if (!isStatus(thrown, 'NotFound'))
        this.#server.log.warn('the address of a service could not be noted', {
          address,
          error: messageOf(thrown),
        })
      this.#later(() => {
        this.#dirty.add(address)
        this.#run()
      })
    }
  }

  #tell(address: string, stored: KubernetesObject | undefined, owner: Service | undefined): void {
    const family = `[${addressFamily(address)}]`
    const parent = (stored as IpAddress | undefined)?.spec.parentRef
    const at = parent && `${parent.namespace ?? ''}/${parent.name}`
    const about = owner ?? stored
    if (!about) return
    const tell = (reason: string, message: string) => {
      const action = owner ? 'ClusterIPAllocation' : 'IPAddressAllocation'
      this.#events.warn(ADDRESSES, { about, reason, action, message })
    }
    const { namespace, name } = owner?.metadata ?? {}
    if (!owner) {
      const exists = parent && this.#services.get(parent.namespace ?? '', parent.name)
      if (exists)
        tell(
          'IPAddressWrongReference',
          `IPAddress: ${address} for Service ${at} has a wrong reference; cleaning up`,
        )
      else
        tell(
          'IPAddressNotAllocated',
          `IPAddress: ${address} for Service ${at} appears to have leaked: cleaning up`,
        )
    } else if (!stored)
      tell('ClusterIPNotAllocated', `Cluster IP ${family}: ${address} is not allocated; repairing`)
    else if (!isOf(stored, owner))
      tell(
        'ClusterIPNotAllocated',
        `the ClusterIP ${family}: ${address} for Service ${namespace}/${name} has a wrong reference; repairing`,
      )
  }

  #later(action: () => void, delayMs = RETRY_MS): void {
    if (this.#isOver) return
    const cancel = this.#server.clock.after(delayMs, () => {
      this.#retries.delete(cancel)
      action()
    })
    this.#retries.add(cancel)
  }
}

function isOf(address: KubernetesObject, service: Service | undefined): boolean {
  const { parentRef } = (address as IpAddress).spec
  if (parentRef?.resource !== 'services' || !service) return false
  const { namespace, name } = service.metadata
  return parentRef.namespace === namespace && parentRef.name === name
}

/** The IPAddress of a service's address. */
export function addressOf(
  address: string,
  { metadata }: Pick<KubernetesObject, 'metadata'>,
): KubernetesObject {
  const { namespace = '', name = '' } = metadata
  const labels = { [FAMILY]: addressFamily(address) ?? '', [MANAGED_BY]: MANAGER }
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'IPAddress',
    metadata: { name: address, labels },
    spec: { parentRef: { resource: 'services', namespace, name } },
  } as KubernetesObject
}
