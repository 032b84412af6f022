/** The ranges from which services get addresses: those of the flag, and those of ServiceCIDRs that are ready. */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { ServiceCidr } from '#api/networking/v1/service-cidr.ts'
import { type Cidr, formatCidr, parseCidr } from '#base/cidr.ts'
import { addressToNumber } from '#base/ip-address.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'

const DEFAULT_NAME = 'kubernetes'
const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by'
export const ADDRESS_MANAGER = 'ipallocator.k8s.io'

export class ServiceRanges {
  readonly #default: readonly Cidr[]
  readonly #cache: ResourceCache | undefined
  #made: readonly Cidr[] = []
  #madeAt = -1

  constructor(cidrs: readonly Cidr[], cache: ResourceCache | undefined) {
    this.#default = cidrs
    this.#cache = cache
  }

  /** Those from which addresses are given, of both families; those of the flag first. */
  ready(): readonly Cidr[] {
    if (!this.#cache) return this.#default
    if (this.#madeAt !== this.#cache.lastChange) {
      this.#made = this.#read(this.#cache)
      this.#madeAt = this.#cache.lastChange
    }
    return this.#made
  }

  #read(cache: ResourceCache): Cidr[] {
    const objects = cache.list('').map(({ object }) => object as ServiceCidr)
    const isGoing = objects.some(
      ({ metadata }) => metadata.name === DEFAULT_NAME && metadata.deletionTimestamp,
    )
    const own = this.#default.map(formatCidr)
    const others = objects
      .filter(each => !each.metadata.deletionTimestamp && isReady(each))
      .flatMap(({ spec }) => spec.cidrs ?? [])
      .filter(text => !own.includes(text))
    const ranges = [...new Set(others)].toSorted().map(text => parseCidr(text, 'spec.cidrs'))
    return isGoing ? ranges : [...this.#default, ...ranges]
  }
}

const isReady = ({ status }: ServiceCidr) =>
  (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')

/** Whether a service can have the address: not the network's own, and of IPv4 not the one for all. */
export function canHave({ base, size, isIpv6 }: Cidr, address: string): boolean {
  const number = addressToNumber(address)
  if (number === undefined || isIpv6 !== address.includes(':')) return false
  return number > base && number < base + size - (isIpv6 ? 0n : 1n)
}

/** Whether the IPAddress follows from a service, whatever becomes of it. */
export const isOfServices = ({ metadata }: KubernetesObject): boolean =>
  metadata.labels?.[MANAGED_BY] === ADDRESS_MANAGER
