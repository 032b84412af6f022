/** `/stats/summary`: what the node, its pods, their containers and volumes use, in upstream's shape (stats/v1alpha1). */
import { rfc3339 } from '#base/clock.ts'
import { NONE, type PodUsage } from '../eviction/local-usage.ts'
import type { FileSystemSpace, MachineUsage, StorageUsage } from '../host-access.ts'
import { CONTAINER_NAME, POD_NAME, POD_NAMESPACE, POD_UID } from '../labels.ts'
import type { ClaimStats } from '../volumes/claim-stats.ts'
import { type Figure, figures, nodeUsage, sum } from './figures.ts'
import type { ServerParts } from './server.ts'

/** As old as upstream's measures of volumes are at most. */
const MAXIMUM_AGE_MS = 60_000

export async function statsSummary(parts: ServerParts): Promise<unknown> {
  const { clock, options } = parts.context
  const [all, machine] = await Promise.all([figures(parts), nodeUsage(parts)])
  const byPod = Map.groupBy(all, figure => figure.labels[POD_UID] ?? '')
  const space = await options.hostAccess.files.space(options.rootDirectory)
  const pods: object[] = []
  for (const [uid, containers] of byPod) {
    const worker = parts.workers.get(uid)
    const usage = worker && (await parts.usage.of(worker, all, MAXIMUM_AGE_MS))
    const claims = worker ? await parts.volumes.claimStats.of(worker.pod) : []
    pods.push(podStats(uid, containers, { usage, claims, space, now: clock.now() }))
  }
  const now = clock.now()
  const fs = space && { fs: fileSystem(now, space, usedOf(space)) }
  return {
    node: {
      nodeName: options.nodeName,
      startTime: rfc3339(parts.startedMs),
      ...(machine ? machineProcessing(machine, options.hostAccess.facts.memoryBytes) : {}),
      ...fs,
    },
    pods,
  }
}

interface Measured {
  readonly usage: PodUsage | undefined
  readonly claims: readonly ClaimStats[]
  readonly space: FileSystemSpace | undefined
  readonly now: number
}

function podStats(
  uid: string,
  containers: readonly Figure[],
  { usage, claims, space, now }: Measured,
) {
  const fs = (used: StorageUsage | undefined) => fileSystem(now, space, used ?? NONE)
  const name = (figure: Figure | undefined) => figure?.labels[CONTAINER_NAME] ?? ''
  return {
    podRef: {
      name: containers[0]?.labels[POD_NAME],
      namespace: containers[0]?.labels[POD_NAMESPACE],
      uid,
    },
    startTime: rfc3339(Math.min(...containers.map(figure => figure.startedAt))),
    ...processing(containers, now),
    containers: containers.map(figure => ({
      name: name(figure),
      startTime: rfc3339(figure.startedAt),
      ...processing([figure], now),
      ...(usage && {
        rootfs: fs(usage.layers.get(name(figure))),
        logs: fs(usage.logs.get(name(figure))),
      }),
    })),
    ...(usage && {
      volume: [
        ...[...usage.volumes].map(([volume, used]) => ({ ...fs(used), name: volume })),
        ...claims.map(claim => claimedVolume(claim, now)),
      ],
      'ephemeral-storage': fs(usage.total),
    }),
  }
}

function claimedVolume(stats: ClaimStats, now: number) {
  const { volume, namespace, claim, isAbnormal, ...measured } = stats
  return {
    ...{ time: rfc3339(now), ...measured, name: volume, pvcRef: { name: claim, namespace } },
    ...(isAbnormal === undefined ? {} : { volumeHealthStats: { abnormal: isAbnormal } }),
  }
}

const processing = (of: readonly Figure[], now: number) => ({
  cpu: { time: rfc3339(now), usageCoreNanoSeconds: sum(of, f => f.cpuUsageNanoseconds) },
  memory: { time: rfc3339(now), workingSetBytes: sum(of, f => f.memoryWorkingSetBytes) },
})

const machineProcessing = (usage: MachineUsage, capacityBytes: number) => {
  const time = rfc3339(usage.timestamp)
  const { cpuUsageNanoseconds: usageCoreNanoSeconds, memoryWorkingSetBytes: workingSetBytes } =
    usage
  const availableBytes = Math.max(0, capacityBytes - workingSetBytes)
  return {
    cpu: { time, usageCoreNanoSeconds },
    memory: { time, availableBytes, workingSetBytes },
    swap: { time, swapUsageBytes: usage.swapUsageBytes },
  }
}

const fileSystem = (now: number, space: FileSystemSpace | undefined, used: StorageUsage) => ({
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

const usedOf = (space: FileSystemSpace): StorageUsage => ({
  bytes: space.capacityBytes - space.availableBytes,
  inodes: space.inodes - space.inodesFree,
})
