/** Addresses, ranges of them, and addresses of the web, as expressions take them apart. */
import {
  addressFamily,
  canonicalIp,
  isCidr,
  isIp,
  isOrdinaryIp,
  isWithin,
} from '../core/v1/addresses.ts'
import type { Add, Target } from './library.ts'

const IP = 'net.IP'
const RANGE = 'net.CIDR'
const WEB = 'kubernetes.URL'

class Address {
  readonly text: string
  constructor(text: string) {
    if (isIp(text).length > 0) throw new Error(`IP Address ${JSON.stringify(text)} parse error`)
    this.text = canonicalIp(text) ?? text
  }
}

class Range {
  readonly text: string
  readonly length: number
  constructor(text: string) {
    if (isCidr(text).length > 0) throw new Error('network address parse error during conversion')
    const [address = '', length = ''] = text.split('/')
    this.text = `${canonicalIp(address)}/${length}`
    this.length = Number(length)
  }
}

/** Undefined where the text is neither an absolute address nor an absolute path. */
function webAddress(text: string): { url: URL; isPath: boolean } | undefined {
  const isPath = text.startsWith('/')
  const url = URL.parse(isPath ? `http://path${text}` : text)
  return url ? { url, isPath } : undefined
}

class Web {
  readonly url: URL
  /** A path alone, without scheme and host. */
  readonly isPath: boolean
  /** As written, also where it is the usual one of the scheme. */
  readonly port: string
  constructor(text: string) {
    const parsed = webAddress(text)
    if (!parsed) throw new Error(`URL parse error during conversion from string: ${text}`)
    this.url = parsed.url
    this.isPath = parsed.isPath
    this.port = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/i.exec(text)?.[1] ?? ''
  }
  get hostname(): string {
    return this.isPath ? '' : this.url.hostname
  }
}

export function addAddresses(target: Target, add: Add): void {
  target.registerType(IP, { ctor: Address, fields: {} })
  target.registerType(RANGE, { ctor: Range, fields: {} })
  target.registerType(WEB, { ctor: Web, fields: {} })
  class Library {}
  target.registerType('net.IPLibrary', { ctor: Library, fields: {} })
  target.registerConstant('ip', 'net.IPLibrary', new Library())
  add('isIP(string): bool', (text: string) => isIp(text).length === 0)
  add(`ip(string): ${IP}`, (text: string) => new Address(text))
  add('net.IPLibrary.isCanonical(string): bool', (_: Library, text: string) => {
    return new Address(text).text === text
  })
  addKinds(add)
  add('isCIDR(string): bool', (text: string) => isCidr(text).length === 0)
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
  add(`${RANGE}.masked(): ${RANGE}`, (range: Range) => range)
  add(`${RANGE}.prefixLength(): int`, ({ length }: Range) => BigInt(length))
  for (const type of [IP, RANGE]) {
    add(`string(${type}): string`, ({ text }: Address | Range) => text)
    target.registerOperator(
      `${type} == ${type}`,
      (a, b) => (a as Address).text === (b as Address).text,
    )
  }
  addWeb(add)
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

function addWeb(add: Add): void {
  add('isURL(string): bool', (text: string) => webAddress(text) !== undefined)
  add(`url(string): ${WEB}`, (text: string) => new Web(text))
  add(`${WEB}.getScheme(): string`, ({ url, isPath }: Web) =>
    isPath ? '' : url.protocol.slice(0, -1),
  )
  add(`${WEB}.getHost(): string`, ({ hostname, port }: Web) =>
    port ? `${hostname}:${port}` : hostname,
  )
  add(`${WEB}.getHostname(): string`, ({ hostname }: Web) => hostname.replace(/^\[|\]$/g, ''))
  add(`${WEB}.getPort(): string`, ({ port }: Web) => port)
  add(`${WEB}.getEscapedPath(): string`, ({ url }: Web) => url.pathname)
  add(`${WEB}.getQuery(): map<string, list<string>>`, ({ url }: Web) => {
    const query: Record<string, string[]> = Object.create(null)
    for (const [name, value] of url.searchParams) query[name] = [...(query[name] ?? []), value]
    return query
  })
}
