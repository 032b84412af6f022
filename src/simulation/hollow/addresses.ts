/**
 * Pod addresses of one hollow node, from a range such as 10.244.3.0/24, or one of each family with a comma between them; asked in turn, so
 * that one is not reused at once.
 */
import { addressAt, type Cidr, parseCidrs } from '#base/cidr.ts'
import { addressToNumber } from '#base/ip-address.ts'
import type { AddressPool } from './hollow-runtime.ts'

/** Far more than a node has pods. */
const MOST_ADDRESSES = 2n ** 31n

export function createAddressPool(cidrs: string): AddressPool {
  const families = parseCidrs(cidrs, 'podCIDR').map(cidr => new Family(cidr))
  return {
    take: () => families.map(family => family.take()),
    giveBack: address => families.some(family => family.giveBack(address)),
  }
}

class Family {
  readonly #cidr: Cidr
  readonly #size: number
  readonly #taken = new Set<number>()
  /** The first is the network's, the second the node's bridge, the last of IPv4 for all. */
  #next = 2

  constructor(cidr: Cidr) {
    this.#cidr = cidr
    this.#size = Number(cidr.size < MOST_ADDRESSES ? cidr.size : MOST_ADDRESSES)
  }

  take(): string {
    for (let tries = 0; tries < this.#size; tries++) {
      const offset = this.#next
      this.#next = this.#next + 1 >= this.#size - 1 ? 2 : this.#next + 1
      if (this.#taken.has(offset)) continue
      this.#taken.add(offset)
      return addressAt(this.#cidr, offset)
    }
    throw new Error(
      `no pod address is left in ${addressAt(this.#cidr, 0)}/${this.#cidr.prefixLength}`,
    )
  }

  giveBack(address: string): boolean {
    const number = addressToNumber(address)
    if (number === undefined || address.includes(':') !== this.#cidr.isIpv6) return false
    return this.#taken.delete(Number(number - this.#cidr.base))
  }
}
