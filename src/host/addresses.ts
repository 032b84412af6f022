/** The addresses under which others reach this machine. */
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { addressBytes } from '#base/pki/address.ts'

export type AddressFamily = 'IPv4' | 'IPv6'

const LOOPBACK = { IPv4: '127.0.0.1', IPv6: '::1' } as const
const LOCAL = /^(127\.|::1$|fe[89ab].:)/i

/**
 * The machine's addresses of a family, that of the interface with the default route first; then the others that are neither of the loopback
 * nor of a link alone. `127.0.0.1` or `::1` where there is none.
 */
export function machineAddresses(family: AddressFamily = 'IPv4'): string[] {
  // A network may have a router of IPv4 alone; its addresses of IPv6 come first all the same.
  const preferred = (family === 'IPv6' ? defaultInterface6() : undefined) ?? defaultInterface()
  const found = Object.entries(networkInterfaces())
    .sort(([a], [b]) => Number(b === preferred) - Number(a === preferred))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(each => each.family === family && !each.internal && !LOCAL.test(each.address))
    .map(({ address }) => address)
  const passing = family === 'IPv6' ? passingAddresses() : new Set<string>()
  found.sort((a, b) => Number(passing.has(hexOf(a))) - Number(passing.has(hexOf(b))))
  return found.length > 0 ? [...new Set(found)] : [LOOPBACK[family]]
}

/**
 * Where others find who listens on an address: for one of the loopback that is the machine's own of the family, as upstream tells it. Undefined
 * where there is none, as on a machine without a network.
 */
export function addressForOthers(
  listening: string,
  family: AddressFamily = 'IPv4',
): string | undefined {
  if (!/^(127\.|::1$|0\.0\.0\.0$|::$)/.test(listening)) return listening
  return machineAddresses(family).find(address => !LOCAL.test(address))
}

/**
 * The address that a machine goes on under which is known under `held`: that one for as long as it is the machine's own, so that another network
 * beside it changes nothing. The address of `link`, which only pods know, is for machines without a network, and gives way to any other.
 */
export function addressToday(
  held: string,
  link: string,
  addresses: readonly string[] = machineAddresses(held.includes(':') ? 'IPv6' : 'IPv4'),
): string {
  if (held !== link && addresses.includes(held)) return held
  return addresses.find(address => address !== link && !LOCAL.test(address)) ?? held
}

/** Whether an interface of this machine that is up has this address. */
export function isOwnAddress(ip: string): boolean {
  return Object.values(networkInterfaces()).some(addresses =>
    addresses?.some(({ address }) => address === ip),
  )
}

/** The interface of the default route with the lowest metric, from the kernel's table. */
function defaultInterface(): string | undefined {
  const routes = readTable()
    .map(line => line.split('\t'))
    .filter(([, destination, , , , , , mask]) => destination === ANYWHERE && mask === ANYWHERE)
    .sort((a, b) => Number(a[METRIC_COLUMN]) - Number(b[METRIC_COLUMN]))
  return routes[0]?.[0]
}

/** The same of IPv6. */
function defaultInterface6(): string | undefined {
  const routes = readTable6()
    .filter(
      ({ destination, length, name }) => !/[1-9a-f]/.test(destination + length) && name !== 'lo',
    )
    .sort((a, b) => a.metric - b.metric)
  return routes[0]?.name
}

/** Whether there is such an interface, up or down. Not by `/sys`, which shows those of whoever mounted it. */
export function hasLink(name: string): boolean {
  return read('/proc/net/dev').some(line => line.trimStart().startsWith(`${name}:`))
}

/** Whether the kernel sends what goes to a range, `10.96.0.0/16`, through this interface. */
export function hasRoute(cidr: string, name: string): boolean {
  const [address = '', length = ''] = cidr.split('/')
  if (address.includes(':')) {
    const wanted = hexOf(address)
    return readTable6().some(
      route =>
        route.name === name &&
        route.destination === wanted &&
        Number.parseInt(route.length, 16) === Number(length),
    )
  }
  const mask = [0, 8, 16, 24].map(from => {
    const ones = Math.min(8, Math.max(0, Number(length) - from))
    return 256 - 2 ** (8 - ones)
  })
  const network = address.split('.').map((byte, at) => Number(byte) & (mask[at] ?? 0))
  const wanted = [inTable(network), inTable(mask)]
  return readTable()
    .map(line => line.split('\t'))
    .some(
      ([by, destination, , , , , , its]) =>
        by === name && destination === wanted[0] && its === wanted[1],
    )
}

/** As the kernel's table spells it: the bytes backwards. */
const inTable = (bytes: readonly number[]) =>
  Buffer.from(bytes).reverse().toString('hex').toUpperCase()

const ANYWHERE = '00000000'
const METRIC_COLUMN = 6

const readTable = () => read('/proc/net/route').slice(1)

/** Made for a day, for the sake of privacy, or no longer to be used: a machine is not known by those. */
const TEMPORARY = 0x01
const DEPRECATED = 0x20

const hexOf = (address: string) => Buffer.from(addressBytes(address)).toString('hex')

function passingAddresses(): ReadonlySet<string> {
  const lines = read('/proc/net/if_inet6').map(line => line.trim().split(/\s+/))
  return new Set(
    lines
      .filter(([, , , , flags = '0']) => Number.parseInt(flags, 16) & (TEMPORARY | DEPRECATED))
      .map(([address = '']) => address),
  )
}

/** What a router told of itself. */
const FROM_ROUTER = 0x40000

/** Interfaces that have a way out, or addresses, because a router announced them. */
export function linksOfRouters(): ReadonlySet<string> {
  const found = readTable6().filter(({ flags, name }) => name !== 'lo' && flags & FROM_ROUTER)
  return new Set(found.map(({ name }) => name))
}

/** Numbers as the kernel spells them: sixteen bytes, and a length of one. */
function readTable6() {
  const hex = (text: string) => Number.parseInt(text, 16)
  return read('/proc/net/ipv6_route').map(line => {
    const [destination = '', length = '', , , , metric = '', , , flags = '', name = ''] = line
      .trim()
      .split(/\s+/)
    return { destination, length, metric: hex(metric), flags: hex(flags), name }
  })
}

/** The lines of a file of the kernel; none where it has no such file. */
function read(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}
