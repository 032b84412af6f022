/** Checks of IP addresses and ranges as they stand in objects. */

const VALID_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const VALID_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

export type AddressFamily = 'IPv4' | 'IPv6'

/** The family of a well-formed address, else undefined. Leading zeros are refused: they once meant octal. */
export function addressFamily(text: string): AddressFamily | undefined {
  if (isIpv4(text)) return 'IPv4'
  return ipv6Groups(text) ? 'IPv6' : undefined
}

/** The one way to write the address (RFC 5952); IPv4 in IPv6 clothes as IPv4. Undefined if the text is no address. */
export function canonicalIp(text: string): string | undefined {
  if (isIpv4(text)) return text
  const groups = ipv6Groups(text)
  if (!groups) return undefined
  if (groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff)
    return ipv4Of(groups).join('.')
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

/** `192.168.0.1/24`: an address of an interface, with the length of its network, in canonical form. */
export function isInterfaceAddress(text: string): string[] {
  const [address = '', length = ''] = text.split('/')
  const canonical = isCidr(text).length === 0 ? canonicalIp(address) : undefined
  if (canonical === undefined)
    return ['must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)']
  const isMapped = addressFamily(address) === 'IPv6' && addressFamily(canonical) === 'IPv4'
  const whole = `${canonical}/${isMapped && Number(length) > 32 ? Number(length) - 96 : length}`
  return text === whole ? [] : [`must be in canonical form (${JSON.stringify(whole)})`]
}

export function isIp(text: string): string[] {
  return addressFamily(text) ? [] : [VALID_IP]
}

export function isCidr(text: string): string[] {
  const [address = '', length = '', ...more] = text.split('/')
  const family = addressFamily(address)
  const most = family === 'IPv4' ? 32 : 128
  const isLength = /^(0|[1-9]\d{0,2})$/.test(length) && Number(length) <= most
  return family && isLength && more.length === 0 ? [] : [VALID_CIDR]
}

/** Addresses that can't stand for an endpoint or an external address, since they mean something else everywhere. */
export function isOrdinaryIp(text: string): string[] {
  const family = addressFamily(text)
  if (!family) return [VALID_IP]
  const groups = family === 'IPv4' ? ipv4Bytes(text) : (ipv6Groups(text) ?? [])
  return family === 'IPv4' ? specialIpv4(groups) : specialIpv6(groups)
}

const UNSPECIFIED = (text: string) => `may not be unspecified (${text})`
const LOOPBACK = 'may not be in the loopback range (127.0.0.0/8, ::1/128)'
const LINK_LOCAL = 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'
const LINK_LOCAL_MULTICAST =
  'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'

function specialIpv4(bytes: readonly number[]): string[] {
  const [first = 0, second = 0, third = 0] = bytes
  if (bytes.every(byte => byte === 0)) return [UNSPECIFIED('0.0.0.0')]
  if (first === 127) return [LOOPBACK]
  if (first === 169 && second === 254) return [LINK_LOCAL]
  if (first === 224 && second === 0 && third === 0) return [LINK_LOCAL_MULTICAST]
  return []
}

function specialIpv6(groups: readonly number[]): string[] {
  const first = groups[0] ?? 0
  if (groups.every(group => group === 0)) return [UNSPECIFIED('::')]
  if (groups.slice(0, 7).every(group => group === 0) && groups[7] === 1) return [LOOPBACK]
  if ((first & 0xffc0) === 0xfe80) return [LINK_LOCAL]
  if ((first & 0xff0f) === 0xff02) return [LINK_LOCAL_MULTICAST]
  // An IPv4 address in IPv6 clothes is judged as what it is.
  if (groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff)
    return specialIpv4(ipv4Of(groups))
  return []
}

const byte = '(0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])'
const ipv4 = new RegExp(`^${byte}(\\.${byte}){3}$`)
const isIpv4 = (text: string) => ipv4.test(text)
const ipv4Bytes = (text: string) => text.split('.').map(Number)
/** The last four bytes of an IPv6 address. */
const ipv4Of = (groups: readonly number[]) =>
  groups.slice(6).flatMap(group => [group >> 8, group & 0xff])

/** The eight groups of an IPv6 address, undefined if the text is none. */
function ipv6Groups(text: string): number[] | undefined {
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
