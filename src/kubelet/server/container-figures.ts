/** `/metrics/cadvisor`: what the machine has, and what groups, pods and containers use of it, under the names and labels of upstream's collector. */
import { messageOf } from '#base/errors.ts'
import type { MachineTopology } from '../host-access.ts'
import { FAMILIES, type Family } from './container-families.ts'
import { type Group, groupsOf, machineInterfaces } from './groups.ts'
import type { ServerParts } from './server.ts'

export async function containerFigures(parts: ServerParts): Promise<string> {
  const { hostAccess } = parts.context.options
  const { clock, log } = parts.context
  const { kernelVersion, osImage } = hostAccess.facts
  const interfaces = await machineInterfaces(parts)
  let failed = 0
  const groups = await groupsOf(parts).catch((error: unknown) => {
    failed = 1
    log.warn('containers could not be measured', { error: messageOf(error) })
    return []
  })
  const measured = groups.map(group =>
    group.id === '/' ? { ...group, interfaces, timestamp: clock.now() } : group,
  )
  const version = { cadvisorRevision: '', cadvisorVersion: '', dockerVersion: '' }
  const labels = { ...version, kernelVersion, osVersion: osImage }
  const lines = [
    ...plain('cadvisor_version_info', 'The system that is measured', labels, 1),
    ...FAMILIES.flatMap(family => linesOf(family, measured)),
    ...plain('container_scrape_error', '1 if something could not be measured', {}, failed),
    ...(await machineLines(parts)),
    ...plain('machine_scrape_error', '1 if the machine could not be measured', {}, 0),
  ]
  return `${lines.join('\n')}\n`
}

function linesOf({ name, type, help, of }: Family, groups: readonly Group[]): string[] {
  const samples = groups.flatMap(group => {
    const { id, container, image, namespace, pod, timestamp } = group
    const own = { container, id, image, name: group.name, namespace, pod }
    return of(group).map(({ labels, value, isTimeless }) => {
      const time = isTimeless ? '' : ` ${timestamp}`
      return `${name}${labelsText({ ...own, ...labels })} ${value}${time}`
    })
  })
  return samples.length === 0
    ? []
    : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples]
}

type Labels = Readonly<Record<string, string>>

const plain = (name: string, help: string, labels: Labels, value: number): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} gauge`,
  `${name}${labelsText(labels)} ${value}`,
]

async function machineLines({ context }: ServerParts): Promise<string[]> {
  const { hostAccess } = context.options
  const { cpuMillis, memoryBytes, machineId, systemUuid, bootId } = hostAccess.facts
  const labels = { boot_id: bootId, machine_id: machineId, system_uuid: systemUuid }
  const tell = (name: string, help: string, value: number) => plain(name, help, labels, value)
  const topology = await hostAccess.topology?.().catch(() => undefined)
  const swap = await swapBytes(hostAccess.files)
  return [
    ...tell('machine_cpu_cores', 'Processors of the machine', cpuMillis / 1000),
    ...(topology ? coresAndSockets(topology, tell) : []),
    ...tell('machine_memory_bytes', 'Memory of the machine', memoryBytes),
    ...tell('machine_swap_bytes', 'Room for memory on the disks of the machine', swap),
  ]
}

function coresAndSockets(
  { cpus }: MachineTopology,
  tell: (name: string, help: string, value: number) => string[],
): string[] {
  const number = (of: 'core' | 'socket') => new Set(cpus.map(cpu => cpu[of])).size
  return [
    ...tell('machine_cpu_physical_cores', 'Cores of the machine', number('core')),
    ...tell('machine_cpu_sockets', 'Sockets of the machine', number('socket')),
  ]
}

async function swapBytes(files: {
  read(path: string): Promise<Uint8Array | undefined>
}): Promise<number> {
  const text = new TextDecoder().decode((await files.read('/proc/meminfo')) ?? new Uint8Array())
  return Number(/^SwapTotal: +(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024
}

/** In the order of their names. */
function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
