/** The addresses under which others reach this machine. */
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'

/**
 * The machine's IPv4 addresses, that of the interface with the default route first; then the others that are not loopback. `127.0.0.1`
 * where there is none.
 */
export function machineAddresses(): string[] {
  const preferred = defaultInterface()
  const found = Object.entries(networkInterfaces())
    .sort(([a], [b]) => Number(b === preferred) - Number(a === preferred))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)
  return found.length > 0 ? [...new Set(found)] : ['127.0.0.1']
}

/**
 * Where others find who listens on an address: for one of the loopback that is the machine's own, as upstream tells it. Undefined where there
 * is none, as on a machine without a network.
 */
export function addressForOthers(listening: string): string | undefined {
  if (!/^(127\.|::1$|0\.0\.0\.0$|::$)/.test(listening)) return listening
  return machineAddresses().find(address => !address.startsWith('127.'))
}

/**
 * The address that a machine goes on under which is known under `held`: that one for as long as it is the machine's own, so that another network
 * beside it changes nothing. The address of `link`, which only pods know, is for machines without a network, and gives way to any other.
 */
export function addressToday(
  held: string,
  link: string,
  addresses: readonly string[] = machineAddresses(),
): string {
  if (held !== link && addresses.includes(held)) return held
  return addresses.find(address => address !== link && !address.startsWith('127.')) ?? held
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

/** Whether there is such an interface, up or down. Not by `/sys`, which shows those of whoever mounted it. */
export function hasLink(name: string): boolean {
  return read('/proc/net/dev').some(line => line.trimStart().startsWith(`${name}:`))
}

/** Whether the kernel sends what goes to a range, `10.96.0.0/16`, through this interface. */
export function hasRoute(cidr: string, name: string): boolean {
  const [address = '', length = ''] = cidr.split('/')
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

/** The lines of a file of the kernel; none where it has no such file. */
function read(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}
