/** `/stats/summary`: what the node, its pods, their containers and volumes use, in upstream's shape (stats/v1alpha1). */
import { rfc3339 } from '#base/clock.ts'
import { cgroupOf } from '../containers/sandbox-config.ts'
import { NONE, type PodUsage } from '../eviction/local-usage.ts'
import type { CgroupFigures, FileSystemSpace, StorageUsage } from '../host-access.ts'
import { CONTAINER_NAME, POD_NAME, POD_NAMESPACE, POD_UID } from '../labels.ts'
import type { PodWorker } from '../pods/pod-worker.ts'
import type { ClaimStats } from '../volumes/claim-stats.ts'
import { type Figure, figures, sum } from './figures.ts'
import { groupFigures, podInterfaces } from './groups.ts'
import type { InterfaceFigures } from './network-figures.ts'
import type { ServedParts } from './server.ts'
import { nodeStats } from './summary-node.ts'

/** As old as upstream's measures of volumes are at most. */
const MAXIMUM_AGE_MS = 60_000

/** `onlyProcessing` leaves out disks and networks, as upstream's `only_cpu_and_memory` does. */
export async function statsSummary(parts: ServedParts, onlyProcessing = false): Promise<unknown> {
  const { options } = parts.context
  const all = await figures(parts)
  const byPod = Map.groupBy(all, figure => figure.labels[POD_UID] ?? '')
  const space = await options.hostAccess.files.space(options.rootDirectory)
  const pods: object[] = []
  const measured = new Set<string>()
  for (const [uid, containers] of byPod) {
    const worker = parts.workers.get(uid)
    const usage =
      worker && !onlyProcessing ? await parts.usage.of(worker, all, MAXIMUM_AGE_MS) : undefined
    const claims = worker && !onlyProcessing ? await parts.volumes.claimStats.of(worker.pod) : []
    pods.push(
      await podStats(parts, { uid, containers, worker, usage, claims, space, onlyProcessing }),
    )
    for (const name of [uid, ...containers.map(each => each.containerId)]) measured.add(name)
  }
  const node = await nodeStats(parts, { space, all, onlyProcessing })
  parts.rates.keep(new Set([...measured, 'node', 'pods']))
  return { node, pods }
}

interface Measured {
  readonly uid: string
  readonly containers: readonly Figure[]
  readonly worker: PodWorker | undefined
  readonly usage: PodUsage | undefined
  readonly claims: readonly ClaimStats[]
  readonly space: FileSystemSpace | undefined
  readonly onlyProcessing: boolean
}

async function podStats(parts: ServedParts, measured: Measured): Promise<object> {
  const { uid, containers, worker, usage, claims, space, onlyProcessing } = measured
  const { clock, options } = parts.context
  const path = worker && options.cgroupRoot ? cgroupOf(worker.pod, options.cgroupRoot) : ''
  const group = path === '' ? undefined : await groupFigures(parts, path)
  const now = clock.now()
  const fs = (used: StorageUsage | undefined) => fileSystem(now, space, used ?? NONE)
  const name = (figure: Figure | undefined) => figure?.labels[CONTAINER_NAME] ?? ''
  const interfaces = worker && !onlyProcessing ? await podInterfaces(parts, worker) : []
  const ofContainers = await Promise.all(
    containers.map(async figure => {
      const own =
        path === '' ? undefined : await groupFigures(parts, `${path}/${figure.containerId}`)
      return {
        name: name(figure),
        startTime: rfc3339(figure.startedAt),
        ...processing(parts, figure.containerId, now, own ?? ofFigures([figure])),
        ...(usage && {
          rootfs: fs(usage.layers.get(name(figure))),
          logs: fs(usage.logs.get(name(figure))),
        }),
      }
    }),
  )
  return {
    podRef: {
      name: containers[0]?.labels[POD_NAME],
      namespace: containers[0]?.labels[POD_NAMESPACE],
      uid,
    },
    startTime: rfc3339(Math.min(...containers.map(figure => figure.startedAt))),
    containers: ofContainers,
    ...processing(parts, uid, now, group ?? ofFigures(containers)),
    ...(interfaces.length > 0 ? { network: networkStats(interfaces, now) } : {}),
    ...(usage && {
      volume: [
        ...[...usage.volumes].map(([volume, used]) => ({ ...fs(used), name: volume })),
        ...claims.map(claim => claimedVolume(claim, now)),
      ],
      'ephemeral-storage': fs(usage.total),
    }),
    ...(group && !onlyProcessing
      ? { process_stats: { process_count: await processCount(parts, path) } }
      : {}),
  }
}

function claimedVolume(stats: ClaimStats, now: number) {
  const { volume, namespace, claim, isAbnormal, ...measured } = stats
  return {
    ...{ time: rfc3339(now), ...measured, name: volume, pvcRef: { name: claim, namespace } },
    ...(isAbnormal === undefined ? {} : { volumeHealthStats: { abnormal: isAbnormal } }),
  }
}

async function processCount({ context }: ServedParts, path: string): Promise<number> {
  return (await context.options.hostAccess.cgroups?.processes(path))?.length ?? 0
}

/** What the runtime knows, where there are no control groups. */
interface Known {
  readonly cpu: Pick<CgroupFigures['cpu'], 'usageNanoseconds'>
  readonly memory: Pick<CgroupFigures['memory'], 'workingSetBytes'> &
    Partial<CgroupFigures['memory']>
}

const ofFigures = (all: readonly Figure[]): Known => ({
  cpu: { usageNanoseconds: sum(all, each => each.cpuUsageNanoseconds) },
  memory: { workingSetBytes: sum(all, each => each.memoryWorkingSetBytes) },
})

/** Processors, memory and swap; of what nobody knows nothing is said. */
export function processing({ rates }: ServedParts, key: string, now: number, known: Known) {
  const { usageNanoseconds } = known.cpu
  const { workingSetBytes, usageBytes, rssBytes, limitBytes } = known.memory
  const { pageFaults, majorPageFaults, swapBytes, swapAvailableBytes } = known.memory
  const time = rfc3339(now)
  const usageNanoCores = rates.of(key, usageNanoseconds, now)
  return {
    cpu: {
      time,
      ...(usageNanoCores === undefined ? {} : { usageNanoCores }),
      usageCoreNanoSeconds: usageNanoseconds,
    },
    memory: {
      time,
      ...(limitBytes ? { availableBytes: Math.max(0, limitBytes - workingSetBytes) } : {}),
      ...defined({ usageBytes }),
      workingSetBytes,
      ...defined({ rssBytes, pageFaults, majorPageFaults }),
    },
    ...(swapBytes === undefined
      ? {}
      : { swap: { time, ...defined({ swapAvailableBytes }), swapUsageBytes: swapBytes } }),
  }
}

const defined = (values: Readonly<Record<string, number | undefined>>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))

/** Of the first interface, which leads to all others, and of each. */
export function networkStats(interfaces: readonly InterfaceFigures[], now: number) {
  const told = interfaces.map(({ name, received, transmitted }) => ({
    name,
    rxBytes: received.bytes,
    rxErrors: received.errors,
    txBytes: transmitted.bytes,
    txErrors: transmitted.errors,
  }))
  return {
    time: rfc3339(now),
    ...(told.find(({ name }) => name === 'eth0') ?? told[0]),
    interfaces: told,
  }
}

export const fileSystem = (
  now: number,
  space: FileSystemSpace | undefined,
  used: StorageUsage,
) => ({
  time: rfc3339(now),
  ...(space && {
    availableBytes: space.availableBytes,
    capacityBytes: space.capacityBytes,
    inodesFree: space.inodesFree,
    inodes: space.inodes,
  }),
  usedBytes: used.bytes,
  inodesUsed: used.inodes,
})
