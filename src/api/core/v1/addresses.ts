/** Checks of IP addresses and ranges as they stand in objects. */
import { ipv4Bytes, ipv6Groups, ipv6Text, isIpv4 } from '#base/ip-address.ts'

const VALID_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const LEADING_ZEROS = 'must not have leading 0s'
const notCanonical = (text: string) => `must be in canonical form (${JSON.stringify(text)})`
const VALID_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

export type AddressFamily = 'IPv4' | 'IPv6'

/** The family of a well-formed address, else undefined. Leading zeros are refused: they once meant octal. */
export function addressFamily(text: string): AddressFamily | undefined {
  if (isIpv4(text)) return 'IPv4'
  return ipv6Groups(text) ? 'IPv6' : undefined
}

/** The same where zeros in front are no harm, which are told by themselves. */
export const looseFamily = (text: string): AddressFamily | undefined =>
  addressFamily(withoutZeros(text))

/** The one way to write the address (RFC 5952); IPv4 in IPv6 clothes as IPv4. Undefined if the text is no address. */
export function canonicalIp(text: string): string | undefined {
  if (isIpv4(text)) return text
  const groups = ipv6Groups(text)
  if (!groups) return undefined
  if (groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff)
    return ipv4Of(groups).join('.')
  return ipv6Text(groups)
}

/** `192.168.0.1/24`: an address of an interface, with the length of its network, in canonical form. */
export function isInterfaceAddress(text: string): string[] {
  const range = rangeOf(text)
  if (!range) return ['must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)']
  const { address, isMapped, length } = range
  const whole = `${address}/${isMapped && length > 32 ? length - 96 : length}`
  return text === whole ? [] : [notCanonical(whole)]
}

/** An address in any of the ways to write it, but none that different programs read differently. */
export function isIp(text: string): string[] {
  if (!addressFamily(text)) return [addressFamily(withoutZeros(text)) ? LEADING_ZEROS : VALID_IP]
  return isMappedIp(text) ? ['must not be an IPv4-mapped IPv6 address'] : []
}

/** An address in its canonical form. */
export function isCanonicalIp(text: string): string[] {
  const wrong = isIp(text)
  const canonical = canonicalIp(text) ?? text
  return wrong.length > 0 || text === canonical ? wrong : [notCanonical(canonical)]
}

/** A range in any of the ways to write it, but none that different programs read differently. */
export function isCidr(text: string): string[] {
  const range = rangeOf(text)
  if (!range) {
    const [address = '', length = ''] = text.split('/')
    const plain = text.replace(address, withoutZeros(address)).replace(/\/0+(?=\d)/, '/')
    return [
      length !== '' && rangeOf(plain) ? `${LEADING_ZEROS} in IP or prefix length` : VALID_CIDR,
    ]
  }
  if (range.isMapped) return ['must not have an IPv4-mapped IPv6 address']
  return range.address === range.network ? [] : ['must not have bits set beyond the prefix length']
}

/** A range in its canonical form. */
export function isCanonicalCidr(text: string): string[] {
  const wrong = isCidr(text)
  const { network = '', length = 0 } = rangeOf(text) ?? {}
  const whole = `${network}/${length}`
  return wrong.length > 0 || text === whole ? wrong : [notCanonical(whole)]
}

/** What is told of an address that is right, but not written as it should be. */
export function addressWarnings(field: string, text: string): string[] {
  const canonical = canonicalIp(text)
  if (addressFamily(text) !== 'IPv6' || canonical === text) return []
  return [
    `${field}: IPv6 address ${JSON.stringify(text)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`,
  ]
}

/** What is told of a range that is right, but not written as it should be. */
export function cidrWarnings(field: string, text: string): string[] {
  const range = rangeOf(text)
  const canonical = `${range?.network}/${range?.length}`
  if (isCidr(text).length > 0 || text === canonical) return []
  return [
    `${field}: IPv6 CIDR value ${JSON.stringify(text)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`,
  ]
}

/** Whether the range `inner` lies wholly in the range `outer`. */
export function isWithin(inner: string, outer: string): boolean {
  const [small, large] = [rangeOf(inner), rangeOf(outer)]
  return small?.family === large?.family && Boolean(large && small?.prefix.startsWith(large.prefix))
}

/** Of a range; undefined where it is none. */
export const rangeFamily = (text: string): AddressFamily | undefined => rangeOf(text)?.family

interface Range {
  readonly family: AddressFamily
  /** The address as it stands, and the first of the range; both canonical. */
  readonly address: string
  readonly network: string
  readonly length: number
  readonly isMapped: boolean
  /** The binary digits that all addresses of the range share. */
  readonly prefix: string
}

function rangeOf(text: string): Range | undefined {
  const [address = '', digits = '', ...more] = text.split('/')
  const family = addressFamily(address)
  const isV4 = family === 'IPv4'
  const length = Number(digits)
  if (!family || more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined
  if (length > (isV4 ? 32 : 128)) return undefined
  const parts = isV4 ? ipv4Bytes(address) : (ipv6Groups(address) ?? [])
  const width = isV4 ? 8 : 16
  const bits = parts.map(part => part.toString(2).padStart(width, '0')).join('')
  const prefix = bits.slice(0, length)
  const masked = prefix.padEnd(bits.length, '0')
  const first = parts.map((_, at) =>
    Number.parseInt(masked.slice(at * width, (at + 1) * width), 2).toString(isV4 ? 10 : 16),
  )
  return {
    family,
    address: canonicalIp(address) ?? address,
    network: canonicalIp(first.join(isV4 ? '.' : ':')) ?? address,
    length,
    isMapped: isMappedIp(address),
    prefix,
  }
}

/** IPv4 in IPv6 clothes, which some programs take for the one and some for the other. */
const isMappedIp = (text: string) =>
  addressFamily(text) === 'IPv6' && isIpv4(canonicalIp(text) ?? text)

/** Without the zeros before numbers of IPv4, which some programs read as octal. */
const withoutZeros = (text: string) =>
  text.replace(/\d+(\.\d+){3}$/, quad => quad.replace(/(^|\.)0+(?=\d)/g, '$1'))

/** Addresses that can't stand for an endpoint or an external address, since they mean something else everywhere. */
export function isOrdinaryIp(text: string): string[] {
  return addressFamily(text) ? isNotSpecialIp(text) : isIp(text)
}

/** The same rule alone, which has its own words for what is no address, and does not mind zeros in front. */
export function isNotSpecialIp(text: string): string[] {
  const address = withoutZeros(text)
  const family = addressFamily(address)
  if (!family) return ['must be a valid IP address']
  const groups = family === 'IPv4' ? ipv4Bytes(address) : (ipv6Groups(address) ?? [])
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

/** The last four bytes of an IPv6 address. */
const ipv4Of = (groups: readonly number[]) =>
  groups.slice(6).flatMap(group => [group >> 8, group & 0xff])
