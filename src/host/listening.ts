/** On which ports programs of this machine listen, as Linux tells it. */
import { readFileSync } from 'node:fs'
import { addressBytes } from '#base/pki/address.ts'

const TABLES = [
  { path: '/proc/net/tcp', protocol: 'TCP', listening: '0A' },
  { path: '/proc/net/tcp6', protocol: 'TCP', listening: '0A' },
  { path: '/proc/net/udp', protocol: 'UDP', listening: '07' },
  { path: '/proc/net/udp6', protocol: 'UDP', listening: '07' },
] as const

/** Such as `22/TCP`: those that `address` (IPv4) is reached at, on it alone or on all addresses. None where the system does not say. */
export function listeningPorts(address: string, read = readTable): ReadonlySet<string> {
  const own = hexOf(address)
  const ports = new Set<string>()
  for (const { path, protocol, listening } of TABLES)
    for (const line of read(path).split('\n').slice(1)) {
      const [, local = '', , state] = line.trim().split(/\s+/)
      const [host = '', port = ''] = local.split(':')
      const isHere = /^0+$/.test(host) || host.endsWith(own)
      if (state === listening && isHere) ports.add(`${Number.parseInt(port, 16)}/${protocol}`)
    }
  return ports
}

/** In the order in which this machine keeps the bytes of a number; the last eight letters of an IPv4 address written as IPv6, too. */
const hexOf = (address: string) =>
  Buffer.from(addressBytes(address)).reverse().toString('hex').toUpperCase()

function readTable(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
