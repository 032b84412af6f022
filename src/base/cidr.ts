/** Ranges in CIDR notation, as `--cluster-cidr` and `--service-cluster-ip-range` give them: one, or one of each family. */
import { UserError } from './errors.ts'
import { addressToNumber, isIpv6, numberToAddress } from './ip-address.ts'

export interface Cidr {
  readonly isIpv6: boolean
  /** The first address as an unsigned number. */
  readonly base: bigint
  readonly prefixLength: number
  /** How many addresses there are. */
  readonly size: bigint
}

/** How many bits an address has. */
export const bitsOf = ({ isIpv6 }: Pick<Cidr, 'isIpv6'>): number => (isIpv6 ? 128 : 32)

/** Reads `10.96.0.0/12` or `fd00::/108`; host bits must be zero, as upstream asks. Throws a UserError naming `flag`. */
export function parseCidr(text: string, flag: string): Cidr {
  const [, address = '', digits] = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(text) ?? []
  const number = addressToNumber(address)
  const family = { isIpv6: isIpv6(address) }
  const prefixLength = Number(digits)
  if (number === undefined || prefixLength > bitsOf(family))
    throw new UserError(`${flag} wants a range such as 10.96.0.0/12 or fd00::/108, not "${text}"`)
  const size = 1n << BigInt(bitsOf(family) - prefixLength)
  const base = number - (number % size)
  if (number !== base)
    throw new UserError(
      `${flag} ${text} has bits set behind its prefix; did you mean ${numberToAddress(base, family.isIpv6)}/${prefixLength}?`,
    )
  return { ...family, base, prefixLength, size }
}

/** One range or, with a comma between them, one of each family; the first says which family comes first. Throws a UserError. */
export function parseCidrs(text: string, flag: string): readonly [Cidr, ...Cidr[]] {
  const [first, second, ...more] = text.split(',').map(each => parseCidr(each.trim(), flag))
  if (!first || more.length > 0)
    throw new UserError(`${flag} must not contain more than two entries, not "${text}"`)
  if (!second) return [first]
  if (first.isIpv6 === second.isIpv6)
    throw new UserError(`${flag}[0] and ${flag}[1] must be of different IP family`)
  return [first, second]
}

/** Ranges that stand in one text, with commas between them. */
export const splitRanges = (text: string): string[] => text.split(',').map(each => each.trim())

/** The `index`-th address of the range, counted from 0. */
export function addressAt(cidr: Cidr, index: number | bigint): string {
  return numberToAddress(cidr.base + BigInt(index), cidr.isIpv6)
}

export function contains(cidr: Cidr, address: string): boolean {
  if (cidr.isIpv6 !== address.includes(':')) return false
  const number = addressToNumber(address)
  return number !== undefined && number >= cidr.base && number < cidr.base + cidr.size
}

/** Whether two ranges have an address in common. */
export function overlap(one: Cidr, other: Cidr): boolean {
  return (
    one.isIpv6 === other.isIpv6 &&
    one.base < other.base + other.size &&
    other.base < one.base + one.size
  )
}

/** The `index`-th part of the range with this prefix, which is not shorter than the range's own. */
export function partOf(cidr: Cidr, prefixLength: number, index: number): Cidr {
  const size = 1n << BigInt(bitsOf(cidr) - prefixLength)
  return { isIpv6: cidr.isIpv6, base: cidr.base + size * BigInt(index), prefixLength, size }
}

export function formatCidr(cidr: Cidr): string {
  return `${addressAt(cidr, 0)}/${cidr.prefixLength}`
}

/** The upstream defaults of `--node-cidr-mask-size-ipv4` and `-ipv6`, or the whole range where that is smaller. */
export function nodePrefixLengthOf(cidr: Cidr): number {
  return Math.max(cidr.isIpv6 ? 64 : 24, cidr.prefixLength)
}
