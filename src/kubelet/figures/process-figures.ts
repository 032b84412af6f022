/** What this process uses, as the kernel tells it, under the names that all of Kubernetes' programs have. Nothing where there is no /proc. */
import type { Figure } from '#base/figures.ts'
import type { Files } from '../host-access.ts'
import { interfacesIn } from '../server/network-figures.ts'

/** The kernel counts in hundredths of a second. */
const TICKS = 100
const PAGE_BYTES = 4096
/** What "unlimited" is as a number. */
const UNLIMITED = 2 ** 64

export async function processFigures(files: Files): Promise<readonly Figure[]> {
  const read = async (path: string) => {
    const bytes = await files.read(path).catch(() => undefined)
    return bytes && new TextDecoder().decode(bytes)
  }
  const [own, machine, limits, network] = await Promise.all(
    ['/proc/self/stat', '/proc/stat', '/proc/self/limits', '/proc/self/net/dev'].map(read),
  )
  if (!own || !machine) return []
  const { cpuSeconds, startSeconds, virtualBytes, residentBytes } = ownFigures(own, machine)
  const open = await files.names('/proc/self/fd').catch(() => [])
  const limitOf = (name: string) => limitIn(limits ?? '', name)
  const interfaces = interfacesIn(network ?? '')
  const traffic = (direction: 'received' | 'transmitted') =>
    interfaces.reduce((sum, each) => sum + each[direction].bytes, 0)
  return [
    counter('cpu_seconds_total', 'Core-seconds that it used', cpuSeconds),
    gauge('max_fds', 'Files that it may have open', limitOf('Max open files')),
    counter('network_receive_bytes_total', 'Bytes that its network received', traffic('received')),
    counter('network_transmit_bytes_total', 'Bytes that its network sent', traffic('transmitted')),
    gauge('open_fds', 'Files that it has open', open.length),
    gauge('resident_memory_bytes', 'Bytes of memory that it has', residentBytes),
    gauge('start_time_seconds', 'When it started, in seconds since the epoch', startSeconds),
    gauge('virtual_memory_bytes', 'Bytes that it could use', virtualBytes),
    gauge('virtual_memory_max_bytes', 'Bytes that it may ask for', limitOf('Max address space')),
  ]
}

export function ownFigures(own: string, machine: string) {
  // The name in brackets may hold anything; after it the numbers begin with the state.
  const fields = own.slice(own.lastIndexOf(')') + 2).split(' ')
  const at = (place: number) => Number(fields[place] ?? 0)
  const boot = Number(/^btime (\d+)$/m.exec(machine)?.[1] ?? 0)
  return {
    cpuSeconds: (at(11) + at(12)) / TICKS,
    startSeconds: boot + at(19) / TICKS,
    virtualBytes: at(20),
    residentBytes: at(21) * PAGE_BYTES,
  }
}

export function limitIn(limits: string, name: string): number {
  const [, soft] = new RegExp(`^${name} +(\\S+)`, 'm').exec(limits) ?? []
  return soft === 'unlimited' ? UNLIMITED : Number(soft ?? 0)
}

const figure =
  (type: 'counter' | 'gauge') =>
  (name: string, help: string, value: number): Figure => ({
    name: `process_${name}`,
    help,
    type,
    values: [{ labels: {}, value }],
  })
const counter = figure('counter')
const gauge = figure('gauge')
