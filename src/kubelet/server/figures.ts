/** What containers, pods and the node use, as `/metrics/resource` tells it under upstream's names. */
import { messageOf } from '#base/errors.ts'
import { cgroupOf } from '../containers/sandbox-config.ts'
import type { MachineUsage } from '../host-access.ts'
import { CONTAINER_NAME, POD_NAME, POD_NAMESPACE, POD_UID } from '../labels.ts'
import type { ContainerStats } from '../runtime.ts'
import { groupFigures } from './groups.ts'
import { machineUsage } from './machine-usage.ts'
import type { ServerParts } from './server.ts'

export interface Figure extends ContainerStats {
  readonly labels: Readonly<Record<string, string>>
  readonly startedAt: number
  readonly image: string
}

/** Of the containers that run. */
export async function figures({ context, cache }: ServerParts): Promise<Figure[]> {
  const stats = await context.options.runtime.containerStats()
  return stats.flatMap(stat => {
    const container = cache.container(stat.containerId)
    if (container?.state !== 'running') return []
    const { labels, startedAt, image } = container
    return [{ ...stat, labels, startedAt, image }]
  })
}

export const sum = (figures: readonly Figure[], of: (figure: Figure) => number) =>
  figures.reduce((total, figure) => total + of(figure), 0)

export function nodeUsage({ context }: ServerParts): Promise<MachineUsage | undefined> {
  return machineUsage(context.options.hostAccess, () => context.clock.now())
}

/** In the order of their names, as upstream tells them; each sample with the time at which it was taken. */
export async function resourceMetrics(parts: ServerParts): Promise<string> {
  const lines: string[] = []
  const family = (name: string, type: 'counter' | 'gauge', help: string, samples: string[]) => {
    if (samples.length > 0) lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
    for (const sample of samples) lines.push(name + sample)
  }
  const measured = await measure(parts)
  const { containers, node, wholes, swapLimits } = measured
  const pods = podsOf(containers)
  const ofContainers = (value: (figure: Figure) => number) =>
    containers.map(each => `${containerLabels(each)} ${value(each)} ${each.timestamp}`)
  const ofPods = (value: (figure: Measured) => number) =>
    pods.map(all => `${podLabels(all)} ${ofWhole(all, value)} ${newest(all)}`)
  const ofWhole = (all: readonly Figure[], value: (figure: Measured) => number) => {
    const whole = wholes.get(all[0]?.labels[POD_UID] ?? '')
    return whole ? value(whole) : sum(all, value)
  }
  const ofNode = (value: (usage: MachineUsage) => number) =>
    node ? [` ${value(node)} ${node.timestamp}`] : []
  const cpu = (each: { cpuUsageNanoseconds: number }) => each.cpuUsageNanoseconds / 1e9
  const memory = (each: { memoryWorkingSetBytes: number }) => each.memoryWorkingSetBytes
  const swap = (each: { swapUsageBytes?: number }) => each.swapUsageBytes ?? 0
  const tellsSwap = wholes.size > 0 || containers.some(each => each.swapUsageBytes !== undefined)
  const CPU = 'cpu_usage_seconds_total'
  const MEMORY = 'memory_working_set_bytes'
  const SWAP = 'swap_usage_bytes'
  family(`container_${CPU}`, 'counter', 'Core-seconds that the container used', ofContainers(cpu))
  family(`container_${MEMORY}`, 'gauge', 'Bytes that the container needs', ofContainers(memory))
  family(
    'container_start_time_seconds',
    'gauge',
    'When the container started, in seconds since the epoch',
    containers.map(each => `${containerLabels(each)} ${each.startedAt / 1000}`),
  )
  if (tellsSwap)
    family(
      'container_swap_limit_bytes',
      'gauge',
      'Bytes that the container may have on disk',
      ofContainers(({ containerId }) => swapLimits.get(containerId) ?? 0),
    )
  if (tellsSwap)
    family(`container_${SWAP}`, 'gauge', 'Bytes of the container on disk', ofContainers(swap))
  family(`node_${CPU}`, 'counter', 'Core-seconds that the node used', ofNode(cpu))
  family(`node_${MEMORY}`, 'gauge', 'Bytes that the node needs', ofNode(memory))
  family(`node_${SWAP}`, 'gauge', 'Bytes of the node on disk', ofNode(swap))
  family(`pod_${CPU}`, 'counter', 'Core-seconds that the pod used', ofPods(cpu))
  family(`pod_${MEMORY}`, 'gauge', 'Bytes that the pod needs', ofPods(memory))
  if (tellsSwap) family(`pod_${SWAP}`, 'gauge', 'Bytes of the pod on disk', ofPods(swap))
  const failed = [` ${measured.isComplete ? 0 : 1}`]
  family('resource_scrape_error', 'gauge', '1 if something could not be measured, else 0', failed)
  return `${lines.join('\n')}\n`
}

/** What can be measured now; the runtime may be away. */
async function measure(parts: ServerParts) {
  const [containers, node] = await Promise.all([
    figures(parts).catch((error: unknown) => {
      parts.context.log.warn('containers could not be measured', { error: messageOf(error) })
      return undefined
    }),
    nodeUsage(parts),
  ])
  return {
    containers: containers ?? [],
    wholes: await wholePods(parts),
    swapLimits: await swapLimitsOf(parts, containers ?? []),
    node,
    isComplete: containers !== undefined && node !== undefined,
  }
}

type Measured = Pick<
  ContainerStats,
  'cpuUsageNanoseconds' | 'memoryWorkingSetBytes' | 'swapUsageBytes'
>

/** What pods use as a whole, by their uids, where they have control groups of their own. */
async function wholePods(parts: ServerParts): Promise<ReadonlyMap<string, Measured>> {
  const { cgroupRoot } = parts.context.options
  const wholes = new Map<string, Measured>()
  if (!cgroupRoot) return wholes
  for (const { uid, pod } of parts.workers.all()) {
    const group = await groupFigures(parts, cgroupOf(pod, cgroupRoot)).catch(() => undefined)
    if (!group) continue
    const { cpu, memory } = group
    wholes.set(uid, {
      cpuUsageNanoseconds: cpu.usageNanoseconds,
      memoryWorkingSetBytes: memory.workingSetBytes,
      swapUsageBytes: memory.swapBytes,
    })
  }
  return wholes
}

/** How much of each container may be on disks, by its id; nothing is said of who has no limit. */
async function swapLimitsOf(
  parts: ServerParts,
  containers: readonly Figure[],
): Promise<ReadonlyMap<string, number>> {
  const { cgroupRoot, hostAccess } = parts.context.options
  const limits = new Map<string, number>()
  // Without swap it is none, as it is for whoever is not in here.
  if (!cgroupRoot || !hostAccess.facts.swapBytes) return limits
  for (const { containerId, labels } of containers) {
    const worker = parts.workers.get(labels[POD_UID] ?? '')
    if (!worker) continue
    const path = `${cgroupOf(worker.pod, cgroupRoot)}/${containerId}`
    const group = await groupFigures(parts, path).catch(() => undefined)
    const { swapAvailableBytes, swapBytes = 0 } = group?.memory ?? {}
    if (swapAvailableBytes !== undefined) limits.set(containerId, swapAvailableBytes + swapBytes)
  }
  return limits
}

/** Containers pod by pod. */
export const podsOf = (all: readonly Figure[]): Figure[][] => [
  ...Map.groupBy(all, ({ labels }) => labels[POD_UID] ?? '').values(),
]

const newest = (all: readonly Figure[]) => Math.max(...all.map(({ timestamp }) => timestamp))

export const containerLabels = ({ labels }: Figure) =>
  `{container="${labels[CONTAINER_NAME]}",namespace="${labels[POD_NAMESPACE]}",pod="${labels[POD_NAME]}"}`

const podLabels = ([first]: readonly Figure[]) =>
  `{namespace="${first?.labels[POD_NAMESPACE]}",pod="${first?.labels[POD_NAME]}"}`
