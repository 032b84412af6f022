/** CRI's answers as the kubelet's plain values. Times come in nanoseconds. */

import type { TypeOf } from '#base/protobuf.ts'
import type {
  Container,
  ContainerState,
  ContainerStats,
  ContainerStatus,
  Image,
  LinuxResources,
  Mount,
  RuntimeStatus,
  Sandbox,
  SandboxStatus,
} from '../runtime.ts'
import type * as messages from './messages.ts'

type Status<M> = NonNullable<(TypeOf<M> & { status?: unknown })['status']>
type RawSandbox = Partial<TypeOf<typeof messages.sandbox>>
type RawSandboxStatus = Status<typeof messages.podSandboxStatusResponse>
type RawContainer = Partial<TypeOf<typeof messages.container>>
type RawContainerStatus = Status<typeof messages.containerStatusResponse>
type RawResources = NonNullable<NonNullable<RawContainerStatus['resources']>['linux']>
type RawRuntimeStatus = Partial<TypeOf<typeof messages.statusResponse>>
type RawImage = Partial<TypeOf<typeof messages.image>>
type RawStats = TypeOf<typeof messages.listContainerStatsResponse>['stats'][number]

const states: readonly ContainerState[] = ['created', 'running', 'exited', 'unknown']
const propagations: readonly Mount['propagation'][] = [
  'private',
  'hostToContainer',
  'bidirectional',
]

const milliseconds = (nanoseconds = 0) => Math.floor(nanoseconds / 1_000_000)

export function fromRuntimeStatus(raw: RawRuntimeStatus): RuntimeStatus {
  const conditions = raw.status?.conditions ?? []
  const condition = (type: string) => conditions.find(condition => condition.type === type)
  const [runtime, network] = [condition('RuntimeReady'), condition('NetworkReady')]
  const unready = [runtime, network].filter(condition => condition && !condition.status)
  const handlers = (raw.runtimeHandlers ?? []).map(({ name = '', features = {} }) => ({
    name,
    recursiveReadOnlyMounts: features.recursiveReadOnlyMounts ?? false,
    userNamespaces: features.userNamespaces ?? false,
  }))
  return {
    runtimeReady: runtime?.status ?? false,
    networkReady: network?.status ?? false,
    message: unready.map(condition => condition?.message || condition?.reason).join('; '),
    // In one order, whatever the runtime's: who compares two answers sees changes alone.
    ...(handlers.length > 0 && {
      handlers: handlers.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    }),
    ...(raw.features && {
      supplementalGroupsPolicy: raw.features.supplementalGroupsPolicy ?? false,
    }),
  }
}

export function fromSandbox(raw: RawSandbox): Sandbox {
  return {
    id: raw.id ?? '',
    ready: raw.state === 0,
    createdAt: milliseconds(raw.createdAt),
    name: raw.metadata?.name ?? '',
    namespace: raw.metadata?.namespace ?? '',
    uid: raw.metadata?.uid ?? '',
    attempt: raw.metadata?.attempt ?? 0,
    labels: raw.labels ?? {},
    annotations: raw.annotations ?? {},
  }
}

export function fromSandboxStatus(raw: RawSandboxStatus): SandboxStatus {
  const { network } = raw
  const ips = [network?.ip ?? '', ...(network?.additionalIps ?? []).map(({ ip }) => ip ?? '')]
  const [ids] = raw.linux?.namespaces?.options?.users?.uids ?? []
  const { hostId = 0, length = 0 } = ids ?? {}
  return {
    ...fromSandbox(raw),
    ips: ips.filter(ip => ip !== ''),
    ...(hostId > 0 && length > 0 ? { ids: { hostId, length } } : {}),
  }
}

export function fromContainer(raw: RawContainer): Container {
  return {
    id: raw.id ?? '',
    sandboxId: raw.podSandboxId ?? '',
    name: raw.metadata?.name ?? '',
    attempt: raw.metadata?.attempt ?? 0,
    state: states[raw.state ?? 3] ?? 'unknown',
    createdAt: milliseconds(raw.createdAt),
    labels: raw.labels ?? {},
    annotations: raw.annotations ?? {},
  }
}

export function fromContainerStatus(raw: RawContainerStatus, sandboxId: string): ContainerStatus {
  return {
    ...fromContainer({ ...raw, podSandboxId: sandboxId }),
    startedAt: milliseconds(raw.startedAt),
    finishedAt: milliseconds(raw.finishedAt),
    exitCode: raw.exitCode ?? 0,
    reason: raw.reason ?? '',
    message: raw.message ?? '',
    image: raw.image?.userSpecified || raw.image?.image || '',
    imageRef: raw.imageRef ?? '',
    logPath: raw.logPath ?? '',
    mounts: (raw.mounts ?? []).map(mount => ({
      hostPath: mount.hostPath ?? '',
      containerPath: mount.containerPath ?? '',
      readOnly: mount.readonly ?? false,
      propagation: propagations[mount.propagation ?? 0] ?? 'private',
    })),
    ...(raw.user?.linux && {
      user: {
        uid: raw.user.linux.uid ?? 0,
        gid: raw.user.linux.gid ?? 0,
        supplementalGroups: [...(raw.user.linux.supplementalGroups ?? [])],
      },
    }),
    ...(raw.resources?.linux && { resources: fromResources(raw.resources.linux) }),
  }
}

const fromResources = (raw: RawResources): LinuxResources => ({
  cpuPeriod: raw.cpuPeriod ?? 0,
  cpuQuota: raw.cpuQuota ?? 0,
  cpuShares: raw.cpuShares ?? 0,
  memoryLimitBytes: raw.memoryLimitInBytes ?? 0,
})

export function fromImage(raw: RawImage): Image {
  return {
    id: raw.id ?? '',
    repoTags: raw.repoTags ?? [],
    repoDigests: raw.repoDigests ?? [],
    sizeBytes: raw.size ?? 0,
    ...(raw.uid && { uid: raw.uid.value ?? 0 }),
    ...(raw.username && { username: raw.username }),
  }
}

export function fromStats(raw: RawStats): ContainerStats {
  return {
    containerId: raw.attributes?.id ?? '',
    cpuUsageNanoseconds: raw.cpu?.usageCoreNanoSeconds?.value ?? 0,
    memoryWorkingSetBytes: raw.memory?.workingSetBytes?.value ?? 0,
    ...(raw.swap?.swapUsageBytes ? { swapUsageBytes: raw.swap.swapUsageBytes.value ?? 0 } : {}),
    timestamp: milliseconds(raw.cpu?.timestamp),
    ...(raw.writableLayer && {
      writableLayer: {
        bytes: raw.writableLayer.usedBytes?.value ?? 0,
        inodes: raw.writableLayer.inodesUsed?.value ?? 0,
      },
    }),
  }
}
