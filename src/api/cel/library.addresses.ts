/** Addresses and ranges of them, as expressions take them apart. */
import { addressFamily, canonicalIp, isIp, isOrdinaryIp, isWithin } from '../core/v1/addresses.ts'
import type { Add, Target } from './library.ts'

const IP = 'net.IP'
const RANGE = 'net.CIDR'

class Address {
  readonly text: string
  constructor(text: string) {
    if (isIp(text).length > 0)
      throw new Error(
        `IP Address ${JSON.stringify(text)} parse error during conversion from string`,
      )
    this.text = canonicalIp(text) ?? text
  }
}

class Range {
  readonly text: string
  readonly length: number
  constructor(text: string) {
    if (!isRange(text)) throw new Error('network address parse error during conversion from string')
    const [address = '', length = ''] = text.split('/')
    this.text = `${canonicalIp(address)}/${length}`
    this.length = Number(length)
  }
}

/** Here the address need not be the first of the range. */
const isRange = (text: string) => {
  const [address = '', length = '', ...more] = text.split('/')
  return (
    isIp(address).length === 0 &&
    /^(?:0|[1-9]\d*)$/.test(length) &&
    Number(length) <= (addressFamily(address) === 'IPv4' ? 32 : 128) &&
    more.length === 0
  )
}

/** The range of the address, whose bits behind the length are not looked at. */
function masked({ text, length }: Range): Range {
  const [address = ''] = text.split('/')
  const width = addressFamily(address) === 'IPv4' ? 32 : 128
  const rest = BigInt(width - length)
  return new Range(`${addressOf((bitsOf(address) >> rest) << rest, width)}/${length}`)
}

function bitsOf(address: string): bigint {
  if (!address.includes(':'))
    return address.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n)
  const [before = [], after = []] = address
    .split('::')
    .map(half => half.split(':').filter(group => group !== ''))
  const gap = Array<string>(8 - before.length - after.length).fill('0')
  return [...before, ...gap, ...after].reduce(
    (bits, group) => (bits << 16n) | BigInt(`0x${group}`),
    0n,
  )
}

function addressOf(bits: bigint, width: number): string {
  const size = width === 32 ? 8 : 16
  const parts = Array.from({ length: width / size }, (_, at) =>
    BigInt.asUintN(size, bits >> BigInt(width - size * (at + 1))),
  )
  return width === 32 ? parts.join('.') : parts.map(part => part.toString(16)).join(':')
}

export function addAddresses(target: Target, add: Add): void {
  target.registerType(IP, { ctor: Address, fields: {} })
  target.registerType(RANGE, { ctor: Range, fields: {} })
  class Library {}
  target.registerType('net.IPLibrary', { ctor: Library, fields: {} })
  target.registerConstant('ip', 'net.IPLibrary', new Library())
  add('isIP(string): bool', (text: string) => isIp(text).length === 0)
  add(`ip(string): ${IP}`, (text: string) => new Address(text))
  add('net.IPLibrary.isCanonical(string): bool', (_: Library, text: string) => {
    return new Address(text).text === text
  })
  addKinds(add)
  add('isCIDR(string): bool', isRange)
  add(`cidr(string): ${RANGE}`, (text: string) => new Range(text))
  const holds = (range: Range, text: string) =>
    isWithin(`${text}/${addressFamily(text) === 'IPv4' ? 32 : 128}`, range.text)
  add(`${RANGE}.containsIP(${IP}): bool`, (range: Range, ip: Address) => holds(range, ip.text))
  add(`${RANGE}.containsIP(string): bool`, (range: Range, text: string) =>
    holds(range, new Address(text).text),
  )
  add(`${RANGE}.containsCIDR(${RANGE}): bool`, (range: Range, other: Range) =>
    isWithin(other.text, range.text),
  )
  add(`${RANGE}.containsCIDR(string): bool`, (range: Range, text: string) =>
    isWithin(new Range(text).text, range.text),
  )
  add(`${RANGE}.ip(): ${IP}`, ({ text }: Range) => new Address(text.split('/')[0] ?? ''))
  add(`${RANGE}.masked(): ${RANGE}`, masked)
  add(`${RANGE}.prefixLength(): int`, ({ length }: Range) => BigInt(length))
  for (const type of [IP, RANGE]) {
    add(`string(${type}): string`, ({ text }: Address | Range) => text)
    target.registerOperator(
      `${type} == ${type}`,
      (a, b) => (a as Address).text === (b as Address).text,
    )
  }
}

/** Which of the addresses that mean something special it is; the words are those of the rules of objects. */
function addKinds(add: Add): void {
  const special = ({ text }: Address) => isOrdinaryIp(text)[0] ?? ''
  const isMulticast = (text: string) => /^(?:22[4-9]|23\d)\.|^ff/.test(text)
  add(`${IP}.family(): int`, ({ text }: Address) => (addressFamily(text) === 'IPv4' ? 4n : 6n))
  add(`${IP}.isUnspecified(): bool`, (ip: Address) => special(ip).includes('unspecified'))
  add(`${IP}.isLoopback(): bool`, (ip: Address) => special(ip).includes('loopback'))
  add(`${IP}.isLinkLocalMulticast(): bool`, (ip: Address) =>
    special(ip).includes('link-local multicast'),
  )
  add(`${IP}.isLinkLocalUnicast(): bool`, (ip: Address) => special(ip).includes('link-local range'))
  add(
    `${IP}.isGlobalUnicast(): bool`,
    (ip: Address) => special(ip) === '' && ip.text !== '255.255.255.255' && !isMulticast(ip.text),
  )
}
