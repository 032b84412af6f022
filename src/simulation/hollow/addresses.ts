/**
 * Pod addresses of one hollow node, from a range such as 10.244.3.0/24; asked in turn, so that one
 * is not reused at once.
 */
import type { AddressPool } from './hollow-runtime.ts'

export function createAddressPool(cidr: string): AddressPool {
  const [base = '', bits = '24'] = cidr.split('/')
  const first = toNumber(base)
  const size = 2 ** (32 - Number(bits))
  const taken = new Set<number>()
  // .0 is the network, .1 the node's bridge, the last the broadcast.
  let next = 2
  return {
    take() {
      for (let tries = 0; tries < size; tries++) {
        const offset = next
        next = next + 1 >= size - 1 ? 2 : next + 1
        if (taken.has(offset)) continue
        taken.add(offset)
        return toText(first + offset)
      }
      throw new Error(`no pod address is left in ${cidr}`)
    },
    giveBack: address => taken.delete(toNumber(address) - first),
  }
}

const toNumber = (address: string) =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

const toText = (value: number) =>
  `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
