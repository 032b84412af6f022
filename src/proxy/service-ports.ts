/** From Services and their EndpointSlices to what the packet rules of a family need: one value per service port. Pure. */
import { createHash } from 'node:crypto'
import { canonicalIp } from '#api/core/v1/addresses.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'

import { type Family, familyOf, wordsOf } from './family.ts'

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
  family: Family = 4,
  zone?: string,
): ServicePort[] {
  const { spec, metadata } = service
  if (isForeign(service)) return []
  if (spec.type === 'ExternalName' || !spec.clusterIP || spec.clusterIP === 'None') return []
  const clusterIps = addressesIn(spec.clusterIPs ?? [spec.clusterIP], family)
  // Who has none of this family is not served by it, at node ports and outer addresses neither.
  if (clusterIps.length === 0) return []
  const internalLocal = spec.internalTrafficPolicy === 'Local'
  const externalLocal = spec.externalTrafficPolicy === 'Local'
  return (spec.ports ?? []).map(port => {
    const { all, local, serving } = endpointsOf(slices, port.name ?? '', {
      ...{ nodeName, family, zone },
    })
    const protocol = protocolOf(port.protocol)
    return {
      name: `${metadata.namespace}/${metadata.name}/${protocol}/${port.name || port.port}`,
      protocol,
      port: port.port,
      clusterIps,
      externalIps: addressesIn(spec.externalIPs ?? [], family),
      // What a balancer in between sends comes to node ports or pods.
      balancerIps: addressesIn(
        (service.status?.loadBalancer?.ingress ?? [])
          .filter(({ ipMode }) => ipMode !== 'Proxy')
          .map(({ ip }) => ip ?? ''),
        family,
      ),
      sourceRanges: (spec.loadBalancerSourceRanges ?? [])
        .map(range => range.trim())
        .filter(range => familyOf(range) === family),
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

/** Endpoints of a Service with two families are counted by its first. */
const addressTypeOf = ({ spec }: Service) =>
  spec.ipFamilies?.[0] ?? wordsOf(familyOf(spec.clusterIP ?? '')).name

/** Undefined where there is none. */
export function healthCheckOf(
  service: Service,
  slices: readonly EndpointSlice[],
  nodeName: string,
): HealthCheck | undefined {
  const { externalTrafficPolicy, healthCheckNodePort: port } = service.spec
  if (!port || externalTrafficPolicy !== 'Local' || isForeign(service)) return undefined
  const ready = slices
    .filter(({ addressType }) => addressType === addressTypeOf(service))
    .filter(slice => !isForeign(slice))
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(endpoint => endpoint.nodeName === nodeName && endpoint.conditions?.ready !== false)
  const localEndpoints = new Set(ready.map(({ addresses }) => addresses[0])).size
  return { service, port, localEndpoints }
}

/** Where the rules are for. */
interface Place {
  readonly nodeName: string
  readonly family: Family
  readonly zone: string | undefined
}

type Known = Endpoint & {
  readonly local: boolean
  readonly hints: NonNullable<EndpointSlice['endpoints']>[number]['hints']
}

/**
 * Ready endpoints; where none is ready those that still serve while they terminate, so that a rollout of the last pod
 * loses no connection.
 */
function endpointsOf(
  slices: readonly EndpointSlice[],
  portName: string,
  { nodeName, family, zone }: Place,
): { all: Endpoint[]; local: Endpoint[]; serving: Endpoint[] } {
  const ready: Known[] = []
  const terminating: Known[] = []
  for (const slice of slices) {
    if (slice.addressType !== wordsOf(family).name || isForeign(slice)) continue
    const port = (slice.ports ?? []).find(port => (port.name ?? '') === portName)?.port
    if (port === undefined) continue
    for (const { addresses, conditions, nodeName: its, hints } of slice.endpoints ?? []) {
      const [ip] = addressesIn(addresses.slice(0, 1), family)
      if (ip === undefined) continue
      const endpoint = { ip, port, local: its === nodeName, hints }
      if (conditions?.ready !== false) ready.push(endpoint)
      else if (conditions.serving && conditions.terminating) terminating.push(endpoint)
    }
  }
  const isLocal = ({ local }: Known) => local
  const local = ready.some(isLocal) ? ready.filter(isLocal) : terminating.filter(isLocal)
  return {
    all: unique(ready.length > 0 ? preferred(ready, nodeName, zone) : terminating),
    local: unique(local),
    serving: unique([...ready, ...terminating]),
  }
}

/** Those that hints lead this node to, where all have hints and some are for it: for the node itself, or else for its zone. */
function preferred(ready: readonly Known[], nodeName: string, zone: string | undefined): Known[] {
  for (const [key, name] of [
    ['forNodes', nodeName],
    ['forZones', zone ?? ''],
  ] as const) {
    const isFor = ({ hints }: Known) => hints?.[key]?.some(each => each.name === name)
    if (name === '' || ready.some(({ hints }) => !hints?.[key]?.length)) continue
    const chosen = ready.filter(isFor)
    if (chosen.length > 0) return chosen
  }
  return [...ready]
}

/** One endpoint may stand in two slices for a moment. Sorted, so that equal input gives equal rules. */
function unique(endpoints: readonly Endpoint[]): Endpoint[] {
  const byAddress = new Map(endpoints.map(({ ip, port }) => [`${ip}:${port}`, { ip, port }]))
  return [...byAddress.keys()].sort().map(key => byAddress.get(key) as Endpoint)
}

/** Host ports of a pod on this node, of one family. */
export function hostPortsOf(pod: Pod, family: Family = 4): HostPort[] {
  const ip = addressOf(pod, family)
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
      // Nothing checks that it is an address, and what is none must not become a part of a rule. One of the other family is no place for this
      // one; `0.0.0.0` is one of IPv4 alone, `::` of IPv6.
      const [wanted] = port.hostIP ? addressesIn([port.hostIP], family) : ['']
      if (wanted === undefined) return []
      const hostIp = isAnywhere(wanted) ? '' : wanted
      const protocol = protocolOf(port.protocol)
      return {
        name: `${nameOf(pod)}/${protocol}/${port.hostPort}`,
        protocol,
        port: port.hostPort,
        hostIp,
        endpoint: { ip, port: port.containerPort },
      }
    }),
  )
}

/** Chains have names of at most 255 letters, pods alone of 253. */
const LONGEST_NAME = 200

function nameOf({ metadata: { namespace, name } }: Pod): string {
  const whole = `${namespace}/${name}`
  if (whole.length <= LONGEST_NAME) return whole
  return `${namespace}/${createHash('sha256').update(whole).digest('hex')}`
}

function protocolOf(protocol: string | undefined): Protocol {
  return protocol === 'UDP' ? 'udp' : protocol === 'SCTP' ? 'sctp' : 'tcp'
}

const isAnywhere = (ip: string | undefined) => !ip || ip === '0.0.0.0' || ip === '::'

function addressOf({ status }: Pod, family: Family): string | undefined {
  const all = status?.podIPs?.length ? status.podIPs.map(({ ip }) => ip) : [status?.podIP ?? '']
  return addressesIn(all, family)[0]
}

/** Those of the family, each in the one form in which the kernel has it: what stands twice in a map in two forms would have all rules refused. */
function addressesIn(texts: readonly string[], family: Family): string[] {
  const known = texts.flatMap(text => canonicalIp(text) ?? [])
  return [...new Set(known)].filter(address => familyOf(address) === family)
}
