/** Addresses of both families: as numbers, and in the one way to write them (RFC 5952). */

const byte = '(0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])'
const ipv4 = new RegExp(`^${byte}(\\.${byte}){3}$`)

/** Four numbers without zeros in front. */
export const isIpv4 = (text: string): boolean => ipv4.test(text)

export const isIpv6 = (text: string): boolean => ipv6Groups(text) !== undefined

export const ipv4Bytes = (text: string): number[] => text.split('.').map(Number)

/** The eight groups of an IPv6 address, undefined if the text is none. */
export function ipv6Groups(text: string): number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = [groupsOf(halves[0] ?? ''), groupsOf(halves[1] ?? '')]
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 1) return missing === 0 ? head : undefined
  return missing >= 1 ? [...head, ...Array<number>(missing).fill(0), ...tail] : undefined
}

function groupsOf(text: string): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && isIpv4(part)) {
      const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(part)
      groups.push(a * 256 + b, c * 256 + d)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

/** Of eight groups; the longest run of zeros is left out. */
export function ipv6Text(groups: readonly number[]): string {
  const parts = groups.map(group => group.toString(16))
  const { start, length } = longestZeros(groups)
  if (length < 2) return parts.join(':')
  return `${parts.slice(0, start).join(':')}::${parts.slice(start + length).join(':')}`
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start }
  }
  return best
}

/** An unsigned number of 32 or 128 bits; undefined for what is no address. */
export function addressToNumber(address: string): bigint | undefined {
  const [parts, width] = isIpv4(address)
    ? ([ipv4Bytes(address), 8n] as const)
    : ([ipv6Groups(address), 16n] as const)
  return parts?.reduce((number, part) => (number << width) | BigInt(part), 0n)
}

export function numberToAddress(number: bigint, isOfIpv6: boolean): string {
  const part = (shift: number, mask: bigint) => Number((number >> BigInt(shift)) & mask)
  if (!isOfIpv6) return [24, 16, 8, 0].map(shift => part(shift, 0xffn)).join('.')
  return ipv6Text([112, 96, 80, 64, 48, 32, 16, 0].map(shift => part(shift, 0xffffn)))
}
