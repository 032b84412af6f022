/** From Services and their EndpointSlices to what the packet rules need: one value per service port. Pure. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'

export type Protocol = 'tcp' | 'udp' | 'sctp'

export interface Endpoint {
  readonly ip: string
  readonly port: number
}

/** One port of one service, ready to be turned into rules. */
export interface ServicePort {
  /** `namespace/service/protocol/port-name`: unique, and fit for a chain's name. */
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
  readonly clusterIps: readonly string[]
  readonly externalIps: readonly string[]
  /** Addresses of its load balancer at which its packets come in as they were sent. */
  readonly balancerIps: readonly string[]
  /** Who may come in at those; everybody where it is empty. */
  readonly sourceRanges: readonly string[]
  readonly nodePort: number | undefined
  /** Endpoints for traffic from inside, after internalTrafficPolicy. */
  readonly internalEndpoints: readonly Endpoint[]
  /** Endpoints for traffic from outside, after externalTrafficPolicy. */
  readonly externalEndpoints: readonly Endpoint[]
  /** Endpoints on any node. */
  readonly allEndpoints: readonly Endpoint[]
  /** All that serve, on any node, ending or not: who talks to one of them may go on. */
  readonly servingEndpoints: readonly Endpoint[]
  /** With externalTrafficPolicy Local the client's address is kept. */
  readonly keepsClientAddress: boolean
  /** Seconds for which a client stays with its endpoint; undefined without session affinity. */
  readonly affinitySeconds: number | undefined
}

/** What a load balancer is told on a Service's `healthCheckNodePort`. */
export interface HealthCheck {
  readonly service: Service
  readonly port: number
  /** Endpoints on this node that take new connections. */
  readonly localEndpoints: number
}

/** A container port that is wanted on the node itself. */
export interface HostPort {
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
  /** Empty for every address of the node. */
  readonly hostIp: string
  readonly endpoint: Endpoint
}

/** Whatever their values, these labels say of a Service or a slice that another program serves it, or nobody. */
const FOREIGN_LABELS = [
  'service.kubernetes.io/service-proxy-name',
  'service.kubernetes.io/headless',
] as const

function isForeign({ metadata }: Service | EndpointSlice): boolean {
  return FOREIGN_LABELS.some(label => metadata.labels?.[label] !== undefined)
}

export function servicePortsOf(
  service: Service,
  slices: readonly EndpointSlice[],
  nodeName: string,
): ServicePort[] {
  const { spec, metadata } = service
  if (isForeign(service)) return []
  if (spec.type === 'ExternalName' || !spec.clusterIP || spec.clusterIP === 'None') return []
  const internalLocal = spec.internalTrafficPolicy === 'Local'
  const externalLocal = spec.externalTrafficPolicy === 'Local'
  return (spec.ports ?? []).map(port => {
    const { all, local, serving } = endpointsOf(slices, port.name ?? '', nodeName)
    const protocol = protocolOf(port.protocol)
    return {
      name: `${metadata.namespace}/${metadata.name}/${protocol}/${port.name || port.port}`,
      protocol,
      port: port.port,
      clusterIps: (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter(isIpv4),
      externalIps: (spec.externalIPs ?? []).filter(isIpv4),
      // What a balancer in between sends comes to node ports or pods.
      balancerIps: (service.status?.loadBalancer?.ingress ?? [])
        .filter(({ ipMode }) => ipMode !== 'Proxy')
        .map(({ ip }) => ip ?? '')
        .filter(isIpv4),
      sourceRanges: (spec.loadBalancerSourceRanges ?? [])
        .map(range => range.trim())
        .filter(range => range.includes('.')),
      nodePort: port.nodePort || undefined,
      internalEndpoints: internalLocal ? local : all,
      externalEndpoints: externalLocal ? local : all,
      allEndpoints: all,
      servingEndpoints: serving,
      keepsClientAddress: externalLocal,
      affinitySeconds:
        spec.sessionAffinity === 'ClientIP'
          ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800)
          : undefined,
    }
  })
}

/** Undefined where there is none. */
export function healthCheckOf(
  service: Service,
  slices: readonly EndpointSlice[],
  nodeName: string,
): HealthCheck | undefined {
  const { externalTrafficPolicy, healthCheckNodePort: port } = service.spec
  if (!port || externalTrafficPolicy !== 'Local' || isForeign(service)) return undefined
  const ready = slices
    .filter(slice => slice.addressType === 'IPv4' && !isForeign(slice))
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(endpoint => endpoint.nodeName === nodeName && endpoint.conditions?.ready !== false)
  const localEndpoints = new Set(ready.map(({ addresses }) => addresses[0])).size
  return { service, port, localEndpoints }
}

/**
 * Ready endpoints; where none is ready those that still serve while they terminate, so that a rollout of the last pod
 * loses no connection.
 */
function endpointsOf(
  slices: readonly EndpointSlice[],
  portName: string,
  nodeName: string,
): { all: Endpoint[]; local: Endpoint[]; serving: Endpoint[] } {
  const ready: (Endpoint & { local: boolean })[] = []
  const terminating: (Endpoint & { local: boolean })[] = []
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4' || isForeign(slice)) continue
    const port = (slice.ports ?? []).find(port => (port.name ?? '') === portName)?.port
    if (port === undefined) continue
    for (const { addresses, conditions, nodeName: its } of slice.endpoints ?? []) {
      const ip = addresses[0] ?? ''
      if (!isIpv4(ip)) continue
      const endpoint = { ip, port, local: its === nodeName }
      if (conditions?.ready !== false) ready.push(endpoint)
      else if (conditions.serving && conditions.terminating) terminating.push(endpoint)
    }
  }
  const choose = (keep: (endpoint: { local: boolean }) => boolean) => {
    const chosen = ready.some(keep) ? ready.filter(keep) : terminating.filter(keep)
    return unique(chosen)
  }
  return {
    all: choose(() => true),
    local: choose(endpoint => endpoint.local),
    serving: unique([...ready, ...terminating]),
  }
}

/** One endpoint may stand in two slices for a moment. Sorted, so that equal input gives equal rules. */
function unique(endpoints: readonly Endpoint[]): Endpoint[] {
  const byAddress = new Map(endpoints.map(({ ip, port }) => [`${ip}:${port}`, { ip, port }]))
  return [...byAddress.keys()].sort().map(key => byAddress.get(key) as Endpoint)
}

/** Host ports of the pods on this node. */
export function hostPortsOf(pod: Pod): HostPort[] {
  const ip = pod.status?.podIP
  if (
    !ip ||
    pod.spec.hostNetwork ||
    pod.status?.phase === 'Succeeded' ||
    pod.status?.phase === 'Failed'
  )
    return []
  const containers = [
    ...(pod.spec.initContainers ?? []).filter(container => container.restartPolicy === 'Always'),
    ...pod.spec.containers,
  ]
  return containers.flatMap(container =>
    (container.ports ?? []).flatMap(port => {
      if (!port.hostPort) return []
      const protocol = protocolOf(port.protocol)
      return {
        name: `${pod.metadata.namespace}/${pod.metadata.name}/${protocol}/${port.hostPort}`,
        protocol,
        port: port.hostPort,
        hostIp: port.hostIP && port.hostIP !== '0.0.0.0' ? port.hostIP : '',
        endpoint: { ip, port: port.containerPort },
      }
    }),
  )
}

function protocolOf(protocol: string | undefined): Protocol {
  return protocol === 'UDP' ? 'udp' : protocol === 'SCTP' ? 'sctp' : 'tcp'
}

function isIpv4(text: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(text)
}
