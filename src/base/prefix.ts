/** Ranges of addresses as ServiceCIDRs have them, which were validated; `cidr.ts` has those of flags. */
import { addressBytes } from './pki/address.ts'

export interface Prefix {
  readonly isIpv6: boolean
  /** The first address. */
  readonly base: bigint
  readonly length: number
}

/** Reads `10.96.0.0/12` or `fd00::/108`, which must have been validated. */
export function prefixOf(text: string): Prefix {
  const [address = '', length = ''] = text.split('/')
  return { isIpv6: address.includes(':'), base: numberOf(address), length: Number(length) }
}

function numberOf(address: string): bigint {
  return addressBytes(address).reduce((number, byte) => (number << 8n) | BigInt(byte), 0n)
}

const sizeOf = ({ isIpv6, length }: Prefix) => 1n << BigInt((isIpv6 ? 128 : 32) - length)

export function overlaps(one: Prefix, other: Prefix): boolean {
  return (
    one.isIpv6 === other.isIpv6 &&
    one.base < other.base + sizeOf(other) &&
    other.base < one.base + sizeOf(one)
  )
}

export function containsPrefix(one: Prefix, other: Prefix): boolean {
  return overlaps(one, other) && one.length <= other.length
}

/** Whether a service can have the address from this range: neither the network's own nor the broadcast address. */
export function canAssign(prefix: Prefix, address: string): boolean {
  if (prefix.isIpv6 !== address.includes(':')) return false
  const offset = numberOf(address) - prefix.base
  const size = sizeOf(prefix)
  return offset > 0n && offset < (prefix.isIpv6 ? size : size - 1n)
}
