/** The kubelet's plain configurations as CRI messages. */

import { stopSignals } from '#api/core/v1/pod/stop-signals.ts'
import type { TypeOf } from '#base/protobuf.ts'
import type {
  ContainerConfig,
  IdRange,
  LinuxResources,
  LinuxSecurityContext,
  Mount,
  SandboxConfig,
} from '../runtime.ts'
import type { containerConfig, sandboxConfig } from './messages.ts'

const protocols = { TCP: 0, UDP: 1, SCTP: 2 } as const
const propagations = { private: 0, hostToContainer: 1, bidirectional: 2 } as const
const profiles = { RuntimeDefault: 0, Unconfined: 1, Localhost: 2 } as const
const namespaceOf = { pod: 0, container: 1, node: 2 } as const

/** What a container may not see of the node's /proc and /sys unless it is told otherwise; the same that upstream hides. */
const defaultMaskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const defaultReadonlyPaths = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
]

export function toSandbox(config: SandboxConfig): Partial<TypeOf<typeof sandboxConfig>> {
  const { name, uid, namespace, attempt, hostname, logDirectory } = config
  const { maskedPaths: _, readonlyPaths: __, ...security } = securityOf(config.securityContext)
  return {
    metadata: { name, uid, namespace, attempt },
    // On the node's network a pod has the node's name, which only the node may set.
    hostname: config.hostNetwork ? '' : hostname,
    logDirectory,
    ...(config.dns && { dnsConfig: config.dns }),
    portMappings: config.portMappings.map(({ protocol, ...mapping }) => ({
      ...mapping,
      protocol: protocols[protocol],
    })),
    labels: config.labels,
    annotations: config.annotations,
    linux: {
      cgroupParent: config.cgroupParent,
      sysctls: config.sysctls,
      securityContext: { ...security, namespaceOptions: namespacesOf(config) },
    },
  }
}

export function toContainer(
  config: ContainerConfig,
  sandbox: SandboxConfig,
): Partial<TypeOf<typeof containerConfig>> {
  const security = config.securityContext
  return {
    metadata: { name: config.name, attempt: config.attempt },
    image: { image: config.imageId, userSpecified: config.image },
    command: config.command,
    args: config.args,
    workingDir: config.workingDir,
    envs: config.env.map(({ name, value }) => ({ key: name, value })),
    mounts: config.mounts.map(mount => toMount(mount, sandbox.ids)),
    devices: config.devices,
    ...(config.cdiDevices && { cdiDevices: config.cdiDevices.map(name => ({ name })) }),
    labels: config.labels,
    annotations: config.annotations,
    logPath: config.logPath,
    ...(config.stopSignal && { stopSignal: stopSignals.indexOf(config.stopSignal) + 1 }),
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    linux: {
      resources: toResources(config.resources),
      securityContext: {
        ...securityOf(security),
        capabilities: {
          add: security.addCapabilities ?? [],
          drop: security.dropCapabilities ?? [],
        },
        namespaceOptions: namespacesOf(sandbox),
        runAsUsername: security.runAsUserName ?? '',
        noNewPrivs: security.noNewPrivileges ?? false,
      },
    },
  }
}

export function toResources(resources: LinuxResources) {
  return {
    cpuPeriod: resources.cpuPeriod ?? 0,
    cpuQuota: resources.cpuQuota ?? 0,
    cpuShares: resources.cpuShares ?? 0,
    memoryLimitInBytes: resources.memoryLimitBytes ?? 0,
    oomScoreAdj: resources.oomScoreAdj ?? 0,
    cpusetCpus: resources.cpusetCpus ?? '',
    cpusetMems: resources.cpusetMems ?? '',
    ...(resources.unified ? { unified: resources.unified } : {}),
    memorySwapLimitInBytes: resources.memorySwapLimitBytes ?? 0,
  }
}

/** Files keep their owners on the node and show them to the pod by its own ids. */
function toMount(mount: Mount, ids: IdRange | undefined) {
  const mapped = ids ? mappingsOf(ids) : undefined
  return {
    containerPath: mount.containerPath,
    hostPath: mount.image ? '' : mount.hostPath,
    readonly: mount.readOnly,
    propagation: propagations[mount.propagation],
    ...(mapped && { uidMappings: mapped, gidMappings: mapped }),
    ...(mount.recursiveReadOnly && { recursiveReadOnly: true }),
    ...(mount.image && { image: { image: mount.image.id }, imageSubPath: mount.image.subPath }),
  }
}

const mappingsOf = ({ hostId, length }: IdRange) => [{ hostId, containerId: 0, length }]

/** Each container has its own process namespace unless the pod shares one or uses the node's. */
function namespacesOf(config: SandboxConfig) {
  const { hostNetwork, hostPid, hostIpc, shareProcessNamespace, ids } = config
  const ownOrShared = shareProcessNamespace ? namespaceOf.pod : namespaceOf.container
  return {
    network: hostNetwork ? namespaceOf.node : namespaceOf.pod,
    pid: hostPid ? namespaceOf.node : ownOrShared,
    ipc: hostIpc ? namespaceOf.node : namespaceOf.pod,
    ...(ids && { users: { mode: namespaceOf.pod, uids: mappingsOf(ids), gids: mappingsOf(ids) } }),
  }
}

/** The part that sandboxes and containers share. */
function securityOf(security: LinuxSecurityContext) {
  const { runAsUser, runAsGroup, seccomp, apparmor, selinux } = security
  return {
    privileged: security.privileged ?? false,
    readonlyRootfs: security.readonlyRootfs ?? false,
    supplementalGroups: security.supplementalGroups ?? [],
    supplementalGroupsPolicy: security.strictGroups ? 1 : 0,
    ...(runAsUser !== undefined && { runAsUser: { value: runAsUser } }),
    ...(runAsGroup !== undefined && { runAsGroup: { value: runAsGroup } }),
    ...(seccomp && { seccomp: profileOf(seccomp) }),
    ...(apparmor && { apparmor: profileOf(apparmor) }),
    ...(selinux && { selinuxOptions: selinux }),
    maskedPaths: security.maskedPaths ?? defaultMaskedPaths,
    readonlyPaths: security.readonlyPaths ?? defaultReadonlyPaths,
  }
}

function profileOf(profile: NonNullable<LinuxSecurityContext['seccomp']>) {
  return { profileType: profiles[profile.type], localhostRef: profile.path ?? '' }
}
