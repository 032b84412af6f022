/** What a kubelet is started with, and what it hands to its parts. */
import type { Taint } from '#api/core/v1/node.ts'
import { createFigureBook, type FigureBook } from '#base/figures.ts'
import type { SpanScope } from '#base/tracing/span-scope.ts'
import type { RoleContext } from '#client/role.ts'
import type { Pprof } from '#client/serving/pprof.ts'
import { DEFAULT_KUBELET_PORT } from './before-start.ts'
import type { SwapBehavior } from './cgroups/swap.ts'
import type { DnsConfig } from './containers/dns.ts'
import type { PullLimits } from './containers/pulls.ts'
import type { CredentialProviders } from './credentials/providers.ts'
import type { Division } from './division/division.ts'
import type { ImageCollection } from './eviction/image-collection.ts'
import { DEFAULT_EVICTION, type EvictionSettings } from './eviction/threshold-watch.ts'
import type { Thresholds } from './eviction/thresholds.ts'
import { meteredRuntime } from './figures/metered-runtime.ts'
import type { GrpcSockets } from './grpc/grpc-sockets.ts'
import type { HostAccess } from './host-access.ts'
import {
  DEFAULT_VERIFICATION_POLICY,
  type Verification,
} from './image-access/verification-policy.ts'
import type { Pod } from './pod-types.ts'
import { MAXIMUM_BACKOFF_MS } from './pods/restart-backoff.ts'
import type { ContainerRuntime } from './runtime.ts'
import type { ShutdownPeriod } from './shutdown/periods.ts'
import { UNIT } from './user-namespaces/id-space.ts'

export interface KubeletOptions {
  readonly nodeName: string
  readonly runtime: ContainerRuntime
  readonly hostAccess: HostAccess
  /** Where pods' volumes live. */
  readonly rootDirectory: string
  /** The same directory as plugins of the node know it, which get paths below it; `rootDirectory` by default. */
  readonly driversDirectory?: string
  readonly podLogsDirectory?: string
  /** What the kubelet shows below `/logs/`. */
  readonly systemLogsDirectory?: string
  /** Where log collectors find a link to each container's log; empty, the default, makes none. */
  readonly containerLogsDirectory?: string
  /** The node's own addresses, the first one being its InternalIP; looked at now and then, since whoever gives the list may change it in place. */
  readonly nodeAddresses: readonly string[]
  readonly clusterDns?: readonly string[]
  readonly clusterDomain?: string
  readonly maxPods?: number
  /** Overrides what the machine says, by resource name. */
  readonly capacity?: Readonly<Record<string, string>>
  /** Taken off capacity for the system itself, by resource name. */
  readonly reserved?: Readonly<Record<string, string>>
  readonly nodeLabels?: Readonly<Record<string, string>>
  /** Of a node that registers for the first time. */
  readonly taints?: readonly Taint[]
  readonly providerId?: string
  /** A cloud controller manager says what the node is and where it is reached; until then no pods come to it. */
  readonly hasExternalCloud?: boolean
  /** The node's address is somebody's wish, among those that the cloud knows. */
  readonly isAddressWished?: boolean
  /** The range of pod addresses that a new node registers with, or one of each family with a comma between them; else the control plane gives it some. */
  readonly podCidr?: string
  /** Port on which the kubelet's server is reached; 0 where it is only reached in process. */
  readonly kubeletPort?: number
  /** The node's own resolv.conf, for pods that do not use the cluster's DNS. */
  readonly nodeDns?: DnsConfig
  /** The cgroup below which pods' cgroups are made; empty leaves it to the runtime. */
  readonly cgroupRoot?: string
  /** Kernel parameters that pods may set beside those that touch nobody else; `net.core.*` stands for all that begin so. */
  readonly allowedUnsafeSysctls?: readonly string[]
  /** Who has processors and memory nodes of its own; without it nobody has. */
  readonly division?: Division
  /** How little of memory and disk may be left before pods have to go; none by default, as on machines that are only simulated. */
  readonly evictionHard?: Thresholds
  /** Beside that: what pods have to go for after a while, and how much is to be reclaimed. */
  readonly eviction?: EvictionSettings
  /** When images that nobody uses go before that; never by default. */
  readonly imageCollection?: ImageCollection
  /** A directory of manifests, or one: pods that the node runs by itself. None by default. */
  readonly staticPodPath?: string
  /** How often everything is listed: 1 s without runtime events, else 10 s. */
  readonly relistMs?: number
  /** Where it counts what it does. */
  readonly figures?: FigureBook
  /** Where plugins of the node are reached, in place of the machine's own sockets. */
  readonly grpcSockets?: GrpcSockets
  /** A pod has its addresses; what is to run in it waits until this resolves, and is tried again where it rejects. */
  readonly addressed?: (pod: Pod, addresses: readonly string[]) => Promise<void>
  /** What /flagz tells: flags with their values as texts. */
  readonly flags?: ReadonlyMap<string, string>
  /** How often the node looks at itself, and how long what did not change may stay unwritten. */
  readonly nodeStatusUpdateMs?: number
  readonly nodeStatusReportMs?: number
  /** How long the node counts as alive after it last said so; it does four times as often. */
  readonly nodeLeaseSeconds?: number
  /** How long a container's log may become before another is begun, how many are kept, and how often that is looked at. */
  readonly containerLogMaxBytes?: number
  readonly containerLogMaxFiles?: number
  readonly containerLogMonitorMs?: number
  /** How long a container that keeps ending waits at most. */
  readonly maxRestartBackoffMs?: number
  /** How many images the node's status names; -1 for all. */
  readonly nodeStatusMaxImages?: number
  /** Whether `/logs/` shows the machine's logs. */
  readonly showsSystemLogs?: boolean
  /** Answers below `/debug/pprof`; nothing is there without. */
  readonly pprof?: Pprof
  /** Whether it is answered, where it could be. */
  readonly showsProfiles?: boolean
  /** Tells what the kubelet does, where traces are wanted. */
  readonly spans?: SpanScope
  /** Whether `/logs/?query=…` shows the logs of services, as upstream not unless somebody wants it. */
  readonly answersLogQueries?: boolean
  /** Whether containers may have memory on the machine's disks, where that can be limited. */
  readonly swapBehavior?: SwapBehavior
  /** How long pods of which priority may take to end when the machine shuts down; empty, the default, does not look for that. */
  readonly shutdownPeriods?: readonly ShutdownPeriod[]
  /** How many users, and groups, a pod has that does not share the node's; a multiple of 65536. */
  readonly idsPerPod?: number
  /** Of which images on the node pods have to show that they may pull them. */
  readonly imageVerification?: Verification
  /** How many images are pulled at a time, and how often a pull may begin. */
  readonly pullLimits?: PullLimits
  /** Programs that know how to pull images. */
  readonly credentialProviders?: CredentialProviders
  /** What /configz tells beside that: the configuration as files say it. */
  readonly configuration?: Readonly<Record<string, unknown>>
  /** What the node says it runs, e.g. v1.36.1+proa.0.1.0. */
  readonly version?: string
}

/** The options with every default in place, together with what the role lives on. */
export interface KubeletContext extends RoleContext {
  readonly options: Required<
    Omit<KubeletOptions, 'providerId' | 'grpcSockets' | 'division' | 'pprof' | 'spans'>
  > &
    Pick<KubeletOptions, 'grpcSockets' | 'division' | 'pprof' | 'spans'> & {
      readonly providerId: string
    }
}

export const DEFAULT_SYSTEM_LOGS_DIRECTORY = '/var/log'
export const DEFAULT_POD_LOGS_DIRECTORY = '/var/log/pods'
export const DEFAULT_CONTAINER_LOGS_DIRECTORY = '/var/log/containers'
export const DEFAULT_MAX_PODS = 110

export function withDefaults(context: RoleContext, options: KubeletOptions): KubeletContext {
  const { figures = createFigureBook() } = options
  return {
    ...context,
    log: context.log.with({ node: options.nodeName }),
    options: {
      driversDirectory: options.rootDirectory,
      podLogsDirectory: DEFAULT_POD_LOGS_DIRECTORY,
      systemLogsDirectory: DEFAULT_SYSTEM_LOGS_DIRECTORY,
      containerLogsDirectory: '',
      clusterDns: [],
      clusterDomain: 'cluster.local',
      maxPods: DEFAULT_MAX_PODS,
      capacity: {},
      reserved: {},
      nodeLabels: {},
      taints: [],
      hasExternalCloud: false,
      isAddressWished: false,
      providerId: '',
      podCidr: '',
      kubeletPort: DEFAULT_KUBELET_PORT,
      nodeDns: { servers: [], searches: [], options: [] },
      cgroupRoot: '',
      evictionHard: {},
      eviction: DEFAULT_EVICTION,
      imageCollection: { highPercent: 100, lowPercent: 80, minimumAgeMs: 2 * 60_000 },
      allowedUnsafeSysctls: [],
      staticPodPath: '',
      relistMs: options.runtime.events ? 10_000 : 1_000,
      addressed: async () => {},
      nodeStatusUpdateMs: 10_000,
      nodeStatusReportMs: 300_000,
      nodeLeaseSeconds: 40,
      containerLogMaxBytes: 10 * 1024 * 1024,
      containerLogMaxFiles: 5,
      containerLogMonitorMs: 10_000,
      maxRestartBackoffMs: MAXIMUM_BACKOFF_MS,
      nodeStatusMaxImages: 50,
      showsSystemLogs: true,
      showsProfiles: true,
      answersLogQueries: false,
      swapBehavior: 'NoSwap',
      shutdownPeriods: [],
      idsPerPod: UNIT,
      configuration: {},
      imageVerification: { policy: DEFAULT_VERIFICATION_POLICY, allowlist: [] },
      pullLimits: {},
      credentialProviders: {
        ...{ settings: [], binDirectory: '' },
        run: () => Promise.reject(new Error('there are no programs here')),
      },
      version: 'v1.36.0+proa',
      flags: new Map(),
      ...options,
      figures,
      runtime: meteredRuntime(options.runtime, { clock: context.clock, figures }),
    },
  }
}
