/** IPv4 ranges in CIDR notation, as `--cluster-cidr` and `--service-cluster-ip-range` give them. */
import { UserError } from './errors.ts'

export interface Cidr {
  /** The first address as an unsigned number. */
  readonly base: number
  readonly prefixLength: number
  /** How many addresses there are. */
  readonly size: number
}

/** Reads `10.96.0.0/12`; host bits must be zero, as upstream asks. Throws a UserError naming `flag`. */
export function parseCidr(text: string, flag: string): Cidr {
  const match = /^(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\/(\d{1,2})$/.exec(text)
  const base = match?.[1] === undefined ? undefined : addressToNumber(match[1])
  const prefixLength = Number(match?.[2])
  if (base === undefined || prefixLength > 32)
    throw new UserError(`${flag} wants an IPv4 range such as 10.96.0.0/12, not "${text}"`)
  const size = 2 ** (32 - prefixLength)
  if (base % size !== 0)
    throw new UserError(
      `${flag} ${text} has bits set behind its prefix; did you mean ${numberToAddress(base - (base % size))}/${prefixLength}?`,
    )
  return { base, prefixLength, size }
}

/** The `index`-th address of the range, counted from 0. */
export function addressAt(cidr: Cidr, index: number): string {
  return numberToAddress(cidr.base + index)
}

export function contains(cidr: Cidr, address: string): boolean {
  const number = addressToNumber(address)
  return number !== undefined && number >= cidr.base && number < cidr.base + cidr.size
}

/** Whether two ranges have an address in common. */
export function overlap(one: Cidr, other: Cidr): boolean {
  return one.base < other.base + other.size && other.base < one.base + one.size
}

export function formatCidr(cidr: Cidr): string {
  return `${numberToAddress(cidr.base)}/${cidr.prefixLength}`
}

/** An IPv4 address in its one canonical form as a number, undefined for anything else. */
export function addressToNumber(address: string): number | undefined {
  const parts = address.split('.')
  if (parts.length !== 4) return undefined
  let number = 0
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    number = number * 256 + Number(part)
  }
  return number
}

export function numberToAddress(number: number): string {
  return [24, 16, 8, 0].map(shift => Math.floor(number / 2 ** shift) % 256).join('.')
}
