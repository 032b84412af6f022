/** Ranges of addresses and of ports as nftables takes them: sorted, and none overlaps another. Pure. */
import { addressBytes } from '#base/pki/address.ts'

export type Family = 4 | 6

/** Both ends belong to it. */
export interface Range<N extends number | bigint> {
  readonly first: N
  readonly last: N
}

export type AddressRanges = readonly Range<bigint>[]
export type PortRanges = readonly Range<number>[]

const BITS = { 4: 32n, 6: 128n } as const

export const familyOf = (address: string): Family => (address.includes(':') ? 6 : 4)

/**
 * A CIDR less those that are left out of it; bits behind the prefix do not count. One walk over the holes in their order: whoever may write a policy may
 * name tens of thousands.
 */
export function blockOf(cidr: string, except: readonly string[] = []): AddressRanges {
  const family = familyOf(cidr)
  const { first, last } = rangeOf(cidr)
  const holes = mergeAddresses(except.filter(hole => familyOf(hole) === family).map(rangeOf))
  const left: Range<bigint>[] = []
  let next = first
  for (const hole of holes) {
    if (hole.last < next) continue
    if (hole.first > last) break
    if (hole.first > next) left.push({ first: next, last: hole.first - 1n })
    next = hole.last + 1n
  }
  if (next <= last) left.push({ first: next, last })
  return left
}

function rangeOf(cidr: string): Range<bigint> {
  const [address = '', prefix = ''] = cidr.split('/')
  const bits = BITS[familyOf(cidr)]
  const size = 1n << (bits - BigInt(prefix === '' ? bits : prefix))
  const number = numberOf(address)
  const first = number - (number % size)
  return { first, last: first + size - 1n }
}

export function mergeAddresses(ranges: AddressRanges): Range<bigint>[] {
  return merge(ranges, 1n)
}

export function mergePorts(ranges: PortRanges): PortRanges {
  return merge(ranges, 1)
}

/** Those that touch become one. */
function merge<N extends number | bigint>(ranges: readonly Range<N>[], step: N): Range<N>[] {
  const merged: Range<N>[] = []
  for (const range of ranges.toSorted((a, b) => (a.first < b.first ? -1 : 1))) {
    const before = merged.at(-1)
    const touches = before && range.first <= (((before.last as never) + (step as never)) as N)
    if (!touches) merged.push(range)
    else if (range.last > before.last)
      merged[merged.length - 1] = { first: before.first, last: range.last }
  }
  return merged
}

/** `10.0.0.0-10.0.0.9`, or one address. */
export function addressText({ first, last }: Range<bigint>, family: Family): string {
  const low = textOf(first, family)
  return first === last ? low : `${low}-${textOf(last, family)}`
}

export function portText({ first, last }: Range<number>): string {
  return first === last ? `${first}` : `${first}-${last}`
}

/** The one form of an address in which it is compared, and which nft takes. */
export function canonicalAddress(address: string): string {
  return address.includes(':') ? textOf(numberOf(address), 6) : address
}

export function numberOf(address: string): bigint {
  return addressBytes(address).reduce((number, byte) => (number << 8n) | BigInt(byte), 0n)
}

function textOf(number: bigint, family: Family): string {
  const width = family === 4 ? 8n : 16n
  const parts: string[] = []
  for (let shift = BITS[family] - width; shift >= 0n; shift -= width)
    parts.push(((number >> shift) & ((1n << width) - 1n)).toString(family === 4 ? 10 : 16))
  return parts.join(family === 4 ? '.' : ':')
}
