/** On which ports programs of this machine listen, as Linux tells it. */
import { readFileSync } from 'node:fs'
import { addressBytes } from '#base/pki/address.ts'

const TABLES = [
  { path: '/proc/net/tcp', protocol: 'TCP', listening: '0A' },
  { path: '/proc/net/tcp6', protocol: 'TCP', listening: '0A' },
  { path: '/proc/net/udp', protocol: 'UDP', listening: '07' },
  { path: '/proc/net/udp6', protocol: 'UDP', listening: '07' },
] as const

/** Such as `22/TCP`: those that `address` is reached at, on it alone or on all addresses. None where the system does not say. */
export function listeningPorts(address: string, read = readTable): ReadonlySet<string> {
  const own = hexOf(address)
  const ports = new Set<string>()
  // Who listens on IPv6 alone or on both is in one table; who does on IPv4 alone is not reached at an address of IPv6.
  const tables = address.includes(':') ? TABLES.filter(({ path }) => path.endsWith('6')) : TABLES
  for (const { path, protocol, listening } of tables)
    for (const line of read(path).split('\n').slice(1)) {
      const [, local = '', , state] = line.trim().split(/\s+/)
      const [host = '', port = ''] = local.split(':')
      const isHere = /^0+$/.test(host) || host.endsWith(own)
      if (state === listening && isHere) ports.add(`${Number.parseInt(port, 16)}/${protocol}`)
    }
  return ports
}

/** In the order in which this machine keeps the bytes of a number of 32 bits; the last eight letters of an IPv4 address written as IPv6, too. */
function hexOf(address: string): string {
  const bytes = Buffer.from(addressBytes(address))
  const words = Array.from({ length: bytes.length / 4 }, (_, at) =>
    bytes.subarray(4 * at, 4 * at + 4),
  )
  return words.map(word => word.reverse().toString('hex').toUpperCase()).join('')
}

function readTable(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
