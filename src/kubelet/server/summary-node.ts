/** The node's part of `/stats/summary`. */
import { rfc3339 } from '#base/clock.ts'
import { NONE, sum } from '../eviction/local-usage.ts'
import type { FileSystemSpace, MachineUsage, StorageUsage } from '../host-access.ts'
import { type Figure, nodeUsage } from './figures.ts'
import { groupFigures, machineInterfaces } from './groups.ts'
import type { ServedParts } from './server.ts'
import { fileSystem, networkStats, processing } from './summary.ts'

interface NodeMeasured {
  readonly space: FileSystemSpace | undefined
  /** Of the containers that run. */
  readonly all: readonly Figure[]
  readonly onlyProcessing: boolean
}

export async function nodeStats(
  parts: ServedParts,
  { space, all, onlyProcessing }: NodeMeasured,
): Promise<object> {
  const { clock, options } = parts.context
  const machine = await nodeUsage(parts)
  const now = clock.now()
  const base = {
    nodeName: options.nodeName,
    ...(await podsTogether(parts, now)),
    startTime: rfc3339(parts.startedMs),
    ...(machine ? await machineProcessing(parts, machine) : {}),
  }
  if (onlyProcessing) return base
  const interfaces = await machineInterfaces(parts)
  const fs = space && { fs: fileSystem(now, space, usedOf(space)) }
  return {
    ...base,
    ...(interfaces.length > 0 ? { network: networkStats(interfaces, now) } : {}),
    ...fs,
    runtime: await runtimeStats(parts, { space, all, now }),
    ...(await processLimits(parts, now)),
  }
}

/** All pods together, as the control group around them tells. */
async function podsTogether(parts: ServedParts, now: number): Promise<object> {
  const { cgroupRoot } = parts.context.options
  const group = cgroupRoot ? await groupFigures(parts, cgroupRoot) : undefined
  if (!group) return {}
  const startTime = rfc3339(parts.startedMs)
  return {
    systemContainers: [{ name: 'pods', startTime, ...processing(parts, 'pods', now, group) }],
  }
}

async function machineProcessing(parts: ServedParts, usage: MachineUsage): Promise<object> {
  const { hostAccess } = parts.context.options
  const root = await groupFigures(parts, '/')
  const { cpuUsageNanoseconds: usageNanoseconds, memoryWorkingSetBytes: workingSetBytes } = usage
  const limitBytes = hostAccess.facts.memoryBytes
  const { cpu, memory } = processing(parts, 'node', usage.timestamp, {
    cpu: { usageNanoseconds },
    memory: { ...root?.memory, workingSetBytes, limitBytes },
  })
  const time = rfc3339(usage.timestamp)
  const { swapAvailableBytes, swapUsageBytes } = usage
  const available = swapAvailableBytes === undefined ? {} : { swapAvailableBytes }
  return { cpu, memory, swap: { time, ...available, swapUsageBytes } }
}

/** What images take, and what containers wrote beside their volumes. */
async function runtimeStats(
  { context }: ServedParts,
  { space, all, now }: { space: FileSystemSpace | undefined; all: readonly Figure[]; now: number },
): Promise<object> {
  const images = await context.options.runtime.listImages().catch(() => [])
  const bytes = images.reduce((total, { sizeBytes }) => total + sizeBytes, 0)
  const layers = sum(all.map(({ writableLayer }) => writableLayer ?? NONE))
  return {
    imageFs: fileSystem(now, space, { bytes, inodes: 0 }),
    containerFs: fileSystem(now, space, layers),
  }
}

/** How many processes there may be, and how many there are; nothing where the kernel does not tell. */
async function processLimits({ context }: ServedParts, now: number): Promise<object> {
  const { files } = context.options.hostAccess
  const [maximum, load] = await Promise.all(
    ['/proc/sys/kernel/pid_max', '/proc/loadavg'].map(async path => {
      const bytes = await files.read(path)
      return bytes && new TextDecoder().decode(bytes)
    }),
  )
  const [, present] = /^\S+ \S+ \S+ \d+\/(\d+) /.exec(load ?? '') ?? []
  if (maximum === undefined || present === undefined) return {}
  return { rlimit: { time: rfc3339(now), maxpid: Number(maximum), curproc: Number(present) } }
}

const usedOf = (space: FileSystemSpace): StorageUsage => ({
  bytes: space.capacityBytes - space.availableBytes,
  inodes: space.inodes - space.inodesFree,
})
