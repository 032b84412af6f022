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

const ANYWHERE = '00000000'
const METRIC_COLUMN = 6

function readTable(): string[] {
  try {
    return readFileSync('/proc/net/route', 'utf8').split('\n').slice(1)
  } catch {
    return []
  }
}
