/** What a cluster can be asked for, as a library and from the command line alike. */
import type { RuntimeConfig } from '#api/runtime-config.ts'
import type { ApiServerOptions, RequestLimits } from '#apiserver'
import type { IdentityHeaders } from '#apiserver/authentication/front-proxy.ts'
import type { Clock } from '#base/clock.ts'
import type { FeatureGates } from '#base/feature-gates.ts'
import type { Log } from '#base/log.ts'
import type { CertifiedKey } from '#base/pki/certificate.ts'
import type { Random } from '#base/random.ts'
import type { FederationOptions } from '#federation'
import type { ContainerRuntime, DivisionWanted, HostAccess, KubeletOptions } from '#kubelet'
import type { RouteMode } from '#network'
import type { AdmissionSettings } from './admission-options.ts'
import type { AuditOptions } from './audit-options.ts'
import type { AuthenticationSettings } from './authentication-options.ts'
import type { AuthorizationSettings } from './authorization-options.ts'
import type { Origin } from './foundation.ts'
import type { HttpWanted } from './http-options.ts'
import type { CloudControllersSettings, ClusterCloud } from './in-process-cloud.ts'
import type { KubeletClient } from './kubelet-client.ts'
import type { KubeletSettings } from './kubelet-settings.ts'
import type { SecurityWanted } from './security-options.ts'

/** Nodes that run in this process. */
export type Nodes =
  | { readonly kind: 'none' }
  /** Simulated: pods run in memory only. */
  | { readonly kind: 'hollow'; readonly count: number }
  /** This machine, on containerd. */
  | { readonly kind: 'containerd' }

/** The way to an etcd cluster, as upstream's flags `--etcd-…` describe it. */
export interface EtcdOptions {
  /** URLs of its members, e.g. `https://10.0.0.1:2379`. */
  readonly servers: readonly string[]
  /** Files in PEM. */
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
  /** What all keys begin with, `/registry` by default. */
  readonly prefix?: string
  /** Five minutes by default; 0 leaves compaction to others. */
  readonly compactionIntervalMs?: number
}

/** Proxies before the API server, as upstream's flags `--requestheader-…` describe them. */
export interface FrontProxyOptions {
  /** PEM of who signs for them now, one a certificate; the cluster's own front-proxy-ca by default. */
  readonly authorities?: () => readonly string[]
  /** Common names of those that may say who asks, none for all; kubeadm's by default. */
  readonly names?: readonly string[]
  /** In which headers they say it; the standard ones by default. */
  readonly headers?: Partial<IdentityHeaders>
  /** What the API server itself shows to the servers of APIServices; its own by default. */
  readonly clientCertificate?: () => CertifiedKey
}

/** What upstream's API server can be asked for, too. */
export interface ServingOptions extends Pick<ApiServerOptions, 'nodePorts' | 'tolerationSeconds'> {
  /** How connections are secured and requests answered, and how the server leaves; upstream's defaults unless given. */
  readonly http?: HttpWanted
  /** A TracingConfiguration; nothing is traced without. */
  readonly tracingConfigFile?: string
  /** How kubelets of other machines are reached; with the cluster's own keys by default. */
  readonly kubeletClient?: KubeletClient
  /** What is told of requests, and to whom; nothing by default. */
  readonly audit?: AuditOptions
  readonly frontProxy?: FrontProxyOptions
  /** How long events live after their last change: an hour by default, for ever where it is 0. */
  readonly eventTtlMs?: number
  /** How many ordinary requests are answered at once; upstream's defaults unless given. */
  readonly requestLimits?: RequestLimits
  /** Other keys than the cluster's own, whom to believe beside its own, and what is let pass. */
  readonly security?: SecurityWanted
  /** Under which others find it; where it listens, or an address of the machine, by default. */
  readonly advertiseAddress?: string
}

/** Who may come in, and what they may do. */
export interface AccessOptions {
  readonly authentication?: AuthenticationSettings
  readonly authorization?: AuthorizationSettings
  readonly admission?: AdmissionSettings
}

/** As upstream's flags `--encryption-provider-config…` describe it. */
export interface EncryptionAtRest {
  /** An EncryptionConfiguration of apiserver.config.k8s.io/v1. */
  readonly configFile: string
  /** Whether changes of the file count without a restart. */
  readonly automaticReload?: boolean
}

export interface ClusterOptions extends ServingOptions, AccessOptions {
  /** Which objects are encrypted where they are kept, and how; none by default. */
  readonly encryption?: EncryptionAtRest
  /** Where objects are kept instead of in the data directory, which then has the keys alone. */
  readonly etcd?: EtcdOptions
  /** Where state is kept. Without it everything is in memory and gone at the end. */
  readonly dataDirectory?: string
  /** Objects are in memory also where there is a data directory, which then has the keys alone. For tests: a stop forgets everything. */
  readonly keepsInMemory?: boolean
  /** One hollow node by default. */
  readonly nodes?: Nodes
  /** Where HTTPS is served; without it the cluster is reached through its `client` and `transport` alone. Port 0 takes a free one. */
  readonly listen?: { readonly address?: string; readonly port?: number }
  /** Addresses of Services, 10.96.0.0/12 by default. */
  readonly serviceClusterIpRange?: string
  /** API versions to serve beside the stable ones, or not to: `new Map([['api/beta', true]])`. */
  readonly runtimeConfig?: RuntimeConfig
  /** Upstream's --feature-gates, for API server, controllers and scheduler alike: `new Map([['GenericWorkload', true]])`. */
  readonly featureGates?: FeatureGates
  /** What the process was started with, for /flagz. */
  readonly flags?: ReadonlyMap<string, string>
  /** Whether bootstrap tokens let nodes in; upstream's --enable-bootstrap-token-auth. */
  readonly bootstrapTokenAuth?: boolean
  /** Addresses of pods, 10.244.0.0/16 by default (10.240.0.0/12 for over 256 hollow nodes); each node gets a /24. */
  readonly clusterCidr?: string
  /** DNS domain of services, cluster.local by default. */
  readonly clusterDomain?: string
  /** Makes it the host of a federation: what is written to it is placed in the clusters that have joined, and nothing of it runs here. */
  readonly federation?: FederationOptions
  /** Which controllers run, in upstream's words: `*`, `-name`, `name`. */
  readonly controllers?: string
  /** The port of this machine's kubelet where pods are real: 10250, or a free one where that is taken; 0 takes a free one. */
  readonly kubeletPort?: number
  /** When pods of this machine have to go, as upstream's --eviction-hard says it; empty for never. */
  readonly evictionHard?: string
  /** Upstream's --allowed-unsafe-sysctls. */
  readonly allowedUnsafeSysctls?: readonly string[]
  /** A directory of manifests, or one, of pods that this machine runs by itself. None by default. */
  readonly staticPodPath?: string
  /** How its kubelet is set up beside that. */
  readonly kubelet?: KubeletSettings
  /** What hollow nodes have beside processors and memory, such as `{ 'example.com/gpu': '4' }`. */
  readonly hollowResources?: Readonly<Record<string, string>>
  /** As what this machine's node registers. */
  readonly registration?: NodeRegistration
  /**
   * The cloud that nodes and Services of type LoadBalancer belong to: hollow nodes wait until it says what they are. Whoever gives it closes it.
   * One cluster at a time has it.
   */
  readonly cloud?: ClusterCloud
  /** What its controllers do, and how often; upstream's defaults. */
  readonly cloudControllers?: CloudControllersSettings
  /** Whether the resource metrics API is served, for `kubectl top` and autoscalers; not by default. */
  readonly metricsServer?: boolean
  /** How often nodes are asked what they use, 15 s by default; upstream's --metric-resolution. */
  readonly metricResolutionMs?: number
  /** Whether this machine enforces NetworkPolicies where pods are real; true by default. */
  readonly networkPolicy?: boolean
  /** How pods of other nodes are reached where pods are real; `auto` by default: see `--pod-routes`. */
  readonly podRoutes?: RouteMode
  /** The first node's name; the host's name by default. */
  readonly nodeName?: string
  readonly log?: Log
  readonly clock?: Clock
  readonly random?: Random
}

/** What a node says of itself when it registers, with what it takes. */
export type NodeRegistration = Pick<
  KubeletOptions,
  'nodeLabels' | 'taints' | 'maxPods' | 'providerId' | 'hasExternalCloud' | 'reserved'
> & { readonly divided?: DivisionWanted }

/** Given by the composition root, since only it may know the simulation; called with the first hollow nodes, which nobody need load before. */
export type LoadHollowMachine = () => Promise<HollowMachine>

/** What a machine of a hollow node is made of. */
export type HollowMachine = (facts: {
  readonly clock: Clock
  readonly random: Random
  readonly hostname: string
  readonly podCidr: string
}) => { readonly runtime: ContainerRuntime; readonly hostAccess: HostAccess }

type WithoutDefault =
  | 'cloud'
  | 'cloudControllers'
  | 'dataDirectory'
  | 'encryption'
  | 'etcd'
  | 'allowedUnsafeSysctls'
  | 'staticPodPath'
  | 'registration'
  | 'evictionHard'
  | 'federation'
  | 'hollowResources'
  | 'keepsInMemory'
  | 'kubelet'
  | 'kubeletPort'
  | 'listen'
  | 'metricResolutionMs'
  | 'nodeName'
  | keyof ServingOptions
  | keyof AccessOptions

/** The options with every default in place. */
export type CompleteOptions = Required<Omit<ClusterOptions, WithoutDefault>> &
  Pick<ClusterOptions, WithoutDefault> & {
    readonly hollowMachine: LoadHollowMachine
    /** For clusters that go on from another one. */
    readonly origin?: Origin
  }

export const DEFAULT_SERVICE_RANGE = '10.96.0.0/12'
export const DEFAULT_CLUSTER_CIDR = '10.244.0.0/16'
/** Stands in for the usual range where that has too few addresses for the hollow nodes that are asked for. */
const WIDE_CLUSTER_CIDR = '10.240.0.0/12'
const NODES_IN_DEFAULT_CIDR = 256
export const DEFAULT_DOMAIN = 'cluster.local'
export const DEFAULT_PORT = 6443
export const DEFAULT_METRIC_RESOLUTION_MS = 15_000
export const DEFAULT_ADDRESS = '127.0.0.1'

/** The range that was asked for, wide enough for many hollow nodes where nobody asked for one. */
export function clusterCidrFor(nodes: Nodes, asked: string = DEFAULT_CLUSTER_CIDR): string {
  const isMany = nodes.kind === 'hollow' && nodes.count > NODES_IN_DEFAULT_CIDR
  return isMany && asked === DEFAULT_CLUSTER_CIDR ? WIDE_CLUSTER_CIDR : asked
}
