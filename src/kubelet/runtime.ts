/**
 * What the kubelet asks of whatever runs containers: the CRI (v1) in plain values. `cri/` speaks it to containerd over gRPC;
 * the hollow runtime in `simulation/` answers it from memory. Both kinds of node run the same kubelet on top.
 * Ids are the runtime's. Times are milliseconds since the epoch, 0 where something has not happened.
 */
import type { stopSignals } from '#api/core/v1/pod/stop-signals.ts'
import type { DuplexChannels, EventSource } from '#client/transport.ts'
import type { StorageUsage } from './host-access.ts'
import type { Pod } from './pod-types.ts'

export type StopSignal = (typeof stopSignals)[number]

/** A pod as a runtime may see it: frozen, and shared with whoever else looks at it. */
export type RuntimePod = Pod

/** A command in a container took longer than it was given. */
export class CommandTimeout extends Error {
  override readonly name = 'CommandTimeout'

  constructor(command: readonly string[], timeoutSeconds: number) {
    super(`command timed out: "${command.join(' ')}" timed out after ${timeoutSeconds}s`)
  }
}

export interface ContainerRuntime {
  version(): Promise<RuntimeVersion>
  /** Rejects where the runtime can't be reached. `networkReady: false` keeps pods (but host-network ones) from starting. */
  status(): Promise<RuntimeStatus>

  /** `handler` names one of the runtime's ways to run containers, as a RuntimeClass does; its usual one without. */
  runPodSandbox(config: SandboxConfig, handler?: string): Promise<string>
  /** Stops all of the pod's containers and releases its network; repeating it is harmless. */
  stopPodSandbox(sandboxId: string): Promise<void>
  removePodSandbox(sandboxId: string): Promise<void>
  listPodSandboxes(): Promise<readonly Sandbox[]>
  podSandboxStatus(sandboxId: string): Promise<SandboxStatus | undefined>

  createContainer(
    sandboxId: string,
    config: ContainerConfig,
    sandbox: SandboxConfig,
  ): Promise<string>
  startContainer(containerId: string): Promise<void>
  /** SIGTERM (or the image's stop signal), after `timeoutSeconds` SIGKILL. Resolves when the container has ended. */
  stopContainer(containerId: string, timeoutSeconds: number): Promise<void>
  removeContainer(containerId: string): Promise<void>
  listContainers(): Promise<readonly Container[]>
  containerStatus(containerId: string): Promise<ContainerStatus | undefined>
  /** Changes cgroup limits of a running container. */
  updateContainerResources(containerId: string, resources: LinuxResources): Promise<void>
  /** The runtime opens the container's log file anew, after the kubelet rotated it. */
  reopenContainerLog(containerId: string): Promise<void>

  /** Writes what the container is to a file; 0 seconds leave the time to the runtime. Absent where it can't. */
  checkpointContainer?(containerId: string, location: string, timeoutSeconds: number): Promise<void>

  /** Rejects with CommandTimeout where the command takes longer; 0 seconds are no limit. */
  execSync(
    containerId: string,
    command: readonly string[],
    timeoutSeconds: number,
  ): Promise<ExecResult>
  /** Channels as in `DuplexChannels`: 0 stdin, 1 stdout, 2 stderr, 3 error Status, 4 resize. */
  exec(containerId: string, options: ExecOptions): Promise<DuplexChannels>
  attach(containerId: string, options: AttachOptions): Promise<DuplexChannels>
  /** One TCP connection into the sandbox: channel 0 both ways. */
  portForward(sandboxId: string, port: number): Promise<DuplexChannels>

  /** Resolves with the image's id (its reference to put in ContainerConfig). Errors carry the registry's message. */
  pullImage(image: string, auth?: RegistryAuth): Promise<string>
  imageStatus(image: string): Promise<Image | undefined>
  listImages(): Promise<readonly Image[]>
  removeImage(image: string): Promise<void>
  /** Shows what is in an image, by its id, at a directory that is there: read-only, until that is unmounted. */
  mountImage(imageId: string, directory: string): Promise<void>
  /** Bytes and inodes used by images, for node status and image collection. */
  containerStats(): Promise<readonly ContainerStats[]>
  /** Told of each pod before it starts and whenever it changes, where a runtime only pretends to run programs and reads in it how they fare. */
  podChanged?(pod: RuntimePod): void

  /**
   * Tells the ids of containers and sandboxes that started or ended, as soon as the runtime knows, where it can;
   * the kubelet lists everything every few seconds all the same.
   */
  readonly events?: EventSource<RuntimeEvent>
  close(): Promise<void>
}

export interface RuntimeEvent {
  readonly sandboxId: string
  readonly containerId: string
  /** It ended; the runtime's answers may lag behind this event for a moment. */
  readonly ended?: boolean
}

export interface RuntimeVersion {
  readonly runtimeName: string
  readonly runtimeVersion: string
}

export interface RuntimeStatus {
  readonly runtimeReady: boolean
  readonly networkReady: boolean
  /** Why it is not ready, for the node's Ready condition. */
  readonly message: string
  /** Its ways to run containers, the usual one under the empty name; undefined where it tells of none. */
  readonly handlers?: readonly RuntimeHandler[]
  /** Whether containers can be kept from groups that only their image names; undefined where it does not tell. */
  readonly supplementalGroupsPolicy?: boolean
}

export interface RuntimeHandler {
  readonly name: string
  readonly recursiveReadOnlyMounts: boolean
  readonly userNamespaces: boolean
}

/** Ids of users, and the same of groups, that a pod has for itself: its 0 is `hostId` of the node's. */
export interface IdRange {
  readonly hostId: number
  readonly length: number
}

export interface SandboxConfig {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  /** Counts sandboxes of one pod. */
  readonly attempt: number
  readonly hostname: string
  readonly logDirectory: string
  /** Absent: the runtime copies the node's resolv.conf. */
  readonly dns?: {
    readonly servers: readonly string[]
    readonly searches: readonly string[]
    readonly options: readonly string[]
  }
  readonly portMappings: readonly {
    readonly protocol: 'TCP' | 'UDP' | 'SCTP'
    readonly containerPort: number
    readonly hostPort: number
    readonly hostIp: string
  }[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly cgroupParent: string
  readonly hostNetwork: boolean
  readonly hostPid: boolean
  readonly hostIpc: boolean
  readonly shareProcessNamespace: boolean
  /** Its own users; absent where it has the node's. */
  readonly ids?: IdRange
  readonly sysctls: Readonly<Record<string, string>>
  readonly securityContext: LinuxSecurityContext
}

export interface Sandbox {
  readonly id: string
  readonly ready: boolean
  readonly createdAt: number
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly attempt: number
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface SandboxStatus extends Sandbox {
  /** Empty for host network. */
  readonly ips: readonly string[]
  /** Of its users and groups, where it was made with some and the runtime tells. */
  readonly ids?: IdRange
}

export interface ContainerConfig {
  readonly name: string
  readonly attempt: number
  /** The id that pullImage or imageStatus gave. */
  readonly imageId: string
  /** What the user wrote, for display. */
  readonly image: string
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly workingDir: string
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly mounts: readonly Mount[]
  readonly devices: readonly {
    readonly hostPath: string
    readonly containerPath: string
    readonly permissions: string
  }[]
  /** Devices by their names of the Container Device Interface, where the runtime knows it. */
  readonly cdiDevices?: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Relative to the sandbox's logDirectory. */
  readonly logPath: string
  /** Something waits for its end, so that a runtime which only pretends to run programs may not let it run for ever. */
  readonly runsToEnd?: boolean
  /** What tells it to end, such as SIGUSR1; as the image says without. */
  readonly stopSignal?: StopSignal
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly tty: boolean
  readonly resources: LinuxResources
  readonly securityContext: LinuxSecurityContext
}

export interface Mount {
  readonly hostPath: string
  readonly containerPath: string
  readonly readOnly: boolean
  readonly propagation: 'private' | 'hostToContainer' | 'bidirectional'
  /** What is mounted below it can't be written to either. */
  readonly recursiveReadOnly?: boolean
  /** What is in an image, by its id, in place of `hostPath`: all of it, or what is at a path below. */
  readonly image?: { readonly id: string; readonly subPath: string }
}

export interface LinuxResources {
  readonly cpuShares?: number
  readonly cpuPeriod?: number
  readonly cpuQuota?: number
  readonly memoryLimitBytes?: number
  /** Of memory and swap together, where control groups are of version 1. */
  readonly memorySwapLimitBytes?: number
  /** Files of a control group of version 2 with what is written to them. */
  readonly unified?: Readonly<Record<string, string>>
  readonly oomScoreAdj?: number
  /** Processors and memory nodes, such as `0-3,8`. */
  readonly cpusetCpus?: string
  readonly cpusetMems?: string
}

export interface LinuxSecurityContext {
  readonly privileged?: boolean
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly runAsUserName?: string
  readonly supplementalGroups?: readonly number[]
  /** No groups but those, whatever the image says of its user. */
  readonly strictGroups?: boolean
  readonly readonlyRootfs?: boolean
  readonly noNewPrivileges?: boolean
  readonly addCapabilities?: readonly string[]
  readonly dropCapabilities?: readonly string[]
  /** `RuntimeDefault`, `Unconfined` or `Localhost` with the profile's path. */
  readonly seccomp?: {
    readonly type: 'RuntimeDefault' | 'Unconfined' | 'Localhost'
    readonly path?: string
  }
  readonly apparmor?: {
    readonly type: 'RuntimeDefault' | 'Unconfined' | 'Localhost'
    readonly path?: string
  }
  readonly selinux?: {
    readonly user?: string
    readonly role?: string
    readonly type?: string
    readonly level?: string
  }
  readonly maskedPaths?: readonly string[]
  readonly readonlyPaths?: readonly string[]
}

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown'

export interface Container {
  readonly id: string
  readonly sandboxId: string
  readonly name: string
  readonly attempt: number
  readonly state: ContainerState
  readonly createdAt: number
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface ContainerStatus extends Container {
  readonly startedAt: number
  readonly finishedAt: number
  readonly exitCode: number
  /** `OOMKilled`, `Completed`, `Error` … */
  readonly reason: string
  readonly message: string
  readonly image: string
  readonly imageRef: string
  /** Absolute. */
  readonly logPath: string
  readonly mounts: readonly Mount[]
  /** As whom its first process began; absent where the runtime does not say. */
  readonly user?: {
    readonly uid: number
    readonly gid: number
    readonly supplementalGroups: number[]
  }
  /** What it runs with; absent where the runtime does not say. */
  readonly resources?: LinuxResources
}

export interface ExecResult {
  readonly exitCode: number
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
}

export interface AttachOptions {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

export interface ExecOptions extends AttachOptions {
  readonly command: readonly string[]
}

export interface RegistryAuth {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly serverAddress?: string
  readonly identityToken?: string
  readonly registryToken?: string
}

export interface Image {
  readonly id: string
  readonly repoTags: readonly string[]
  readonly repoDigests: readonly string[]
  readonly sizeBytes: number
  /** The user that the image runs as: a uid, or a name. */
  readonly uid?: number
  readonly username?: string
}

export interface ContainerStats {
  readonly containerId: string
  readonly cpuUsageNanoseconds: number
  readonly memoryWorkingSetBytes: number
  /** Absent where the runtime does not tell. */
  readonly swapUsageBytes?: number
  /** What it wrote beside its volumes; absent where the runtime does not know yet. */
  readonly writableLayer?: StorageUsage
  readonly timestamp: number
}
