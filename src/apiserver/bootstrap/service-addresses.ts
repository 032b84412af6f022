/**
 * An IPAddress for each address that a service has, as programs look them up. They follow the services, which alone decide: what
 * is missing is made and what has no service any more goes, whatever happened in between.
 */
import { addressFamily } from '#api/core/v1/addresses.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { IpAddress } from '#api/networking/v1/ip-address.ts'
import { messageOf } from '#base/errors.ts'
import type { ServerContext } from '../server-context.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'
import { Writer } from './writer.ts'

const GROUP = 'networking.k8s.io'
const PLURAL = 'ipaddresses'
/** Addresses with other managers are none of ours. */
const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by'
const MANAGER = 'ipallocator.k8s.io'
const FAMILY = 'ipaddress.kubernetes.io/ip-family'
/** After a write that failed, or a cache that has to be read anew. */
const RETRY_MS = 1_000

/** Begins; the returned function ends it, and is over when the last write is. */
export function keepServiceAddresses(server: ServerContext): () => Promise<void> {
  const services = server.registry.find('', 'v1', 'services')?.storage?.cache
  const addresses = server.registry.find(GROUP, 'v1', PLURAL)?.storage?.cache
  if (!services || !addresses) return async () => {}
  const keeper = new Keeper(server, services, addresses)
  keeper.follow()
  return () => keeper.stop()
}

class Keeper {
  readonly #server: ServerContext
  readonly #services: ResourceCache
  readonly #addresses: ResourceCache
  readonly #writer: Writer
  /** By address: the service that has it. */
  readonly #owners = new Map<string, Service>()
  readonly #dirty = new Set<string>()
  #running: Promise<void> | undefined
  #isOver = false
  readonly #retries = new Set<() => void>()
  #unfollow = () => {}

  constructor(server: ServerContext, services: ResourceCache, addresses: ResourceCache) {
    this.#server = server
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
  }

  async stop(): Promise<void> {
    this.#isOver = true
    for (const cancel of this.#retries) cancel()
    this.#unfollow()
    await this.#running
  }

  #own(service: Service): void {
    for (const address of addressesOf(service)) {
      this.#owners.set(address, service)
      this.#dirty.add(address)
    }
  }

  #forget(service: Service): void {
    for (const address of addressesOf(service)) {
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
      if (stored && isOurs(stored) && !isOf(stored, owner))
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

  #later(action: () => void): void {
    if (this.#isOver) return
    const cancel = this.#server.clock.after(RETRY_MS, () => {
      this.#retries.delete(cancel)
      action()
    })
    this.#retries.add(cancel)
  }
}

const addressesOf = ({ spec }: Service) =>
  (spec.clusterIPs ?? []).filter(address => addressFamily(address) !== undefined)

const isOurs = ({ metadata }: KubernetesObject) => metadata.labels?.[MANAGED_BY] === MANAGER

function isOf(address: KubernetesObject, service: Service | undefined): boolean {
  const { resource, namespace, name } = (address as IpAddress).spec.parentRef
  if (resource !== 'services' || !service) return false
  return namespace === service.metadata.namespace && name === service.metadata.name
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
