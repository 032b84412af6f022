/** What differs between the rules for IPv4 and those for IPv6: each family has a table of its own. */
import { bracketed } from '#base/host-port.ts'

export type Family = 4 | 6

export const FAMILIES: readonly Family[] = [4, 6]

export const familyOf = (address: string): Family => (address.includes(':') ? 6 : 4)

interface Words {
  /** Of the table, and of expressions. */
  readonly ip: 'ip' | 'ip6'
  readonly addressType: string
  readonly loopback: string
  /** As EndpointSlices and figures say it. */
  readonly name: 'IPv4' | 'IPv6'
}

const WORDS: Readonly<Record<Family, Words>> = {
  4: { ip: 'ip', addressType: 'ipv4_addr', loopback: '127.0.0.0/8', name: 'IPv4' },
  6: { ip: 'ip6', addressType: 'ipv6_addr', loopback: '::1', name: 'IPv6' },
}

export const wordsOf = (family: Family): Words => WORDS[family]

/** A host as rules name where packets go. */
export const target = (ip: string, port: number): string => `${bracketed(ip)}:${port}`

/** An address as a part of a chain's name, which may have no colons. */
export const inName = (ip: string): string => ip.replaceAll(':', '_')
