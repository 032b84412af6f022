/**
 * Names of services that are imported from other clusters, by the specification of KEP 1645 (version 1.0.0 of its schema). Pure, as `records.ts`.
 */
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import {
  SERVICE_NAME,
  type ServiceImport,
  SOURCE_CLUSTER,
} from '#api/multicluster/v1beta1/service-import.ts'
import {
  type Answer,
  addresses,
  EMPTY,
  found,
  hostnameOf,
  NOTHING,
  portAnswer,
  type Question,
  srvAnswer,
  type Target,
  TTL_SECONDS,
} from './answers.ts'

/** The same in all clusters; the specification leaves no choice. */
export const CLUSTERSET_ZONE = 'clusterset.local'
const SPECIFICATION_VERSION = '1.0.0'

export interface ClustersetView {
  serviceImport(namespace: string, name: string): ServiceImport | undefined
  hasNamespace(name: string): boolean
  /** The imported slices of one service. */
  slices(namespace: string, name: string): readonly EndpointSlice[]
}

/** `labels` are those before the zone. */
export function clustersetAnswer(
  view: ClustersetView,
  labels: readonly string[],
  question: Question,
): Answer {
  const { name, type } = question
  const kind = labels.at(-1)
  const ttl = TTL_SECONDS
  if (kind === undefined)
    return type === 'NS' ? found({ type: 'NS', name, ttl, data: `ns.dns.${name}` }) : EMPTY
  if (labels.length === 1 && kind === 'dns-version')
    return type === 'TXT' ? found({ type: 'TXT', name, ttl, data: [SPECIFICATION_VERSION] }) : EMPTY
  if (kind !== 'svc') return NOTHING
  const [service, namespace] = [labels.at(-3), labels.at(-2)]
  if (namespace === undefined) return EMPTY
  if (!view.hasNamespace(namespace)) return NOTHING
  if (service === undefined) return EMPTY
  const serviceImport = view.serviceImport(namespace, service)
  if (!serviceImport) return NOTHING
  const before = labels.slice(0, -3)
  const base = baseOf(namespace, service)
  return serviceImport.spec.type === 'Headless'
    ? headless(headlessTargets(view.slices(namespace, service), base), before, base, question)
    : withAddress(serviceImport, before, base, question)
}

/** Names of endpoints of headless services that are imported. */
export function clustersetNames(
  view: ClustersetView,
  slices: readonly EndpointSlice[],
  ip: string,
): readonly string[] {
  return slices.flatMap(({ metadata, endpoints = [] }) => {
    const { namespace = '', labels = {} } = metadata
    const [service, cluster] = [labels[SERVICE_NAME], labels[SOURCE_CLUSTER]]
    if (service === undefined || cluster === undefined) return []
    if (view.serviceImport(namespace, service)?.spec.type !== 'Headless') return []
    const endpoint = endpoints.find(each => isReady(each) && each.addresses.includes(ip))
    if (!endpoint) return []
    return [`${hostnameOf(endpoint.hostname, ip)}.${cluster}.${baseOf(namespace, service)}`]
  })
}

const baseOf = (namespace: string, service: string): string =>
  `${service}.${namespace}.svc.${CLUSTERSET_ZONE}`

/** The clusterset IP. There is no name for the part of one cluster. */
function withAddress(
  { spec }: ServiceImport,
  before: readonly string[],
  host: string,
  question: Question,
): Answer {
  const ports = spec.ports.map(({ name = '', protocol = 'TCP', port }) => ({
    ...{ name, protocol, port },
  }))
  const targets = (spec.ips ?? []).map(ip => ({ host, ip, ports }))
  if (before.length > 0) return portAnswer(targets, before, question) ?? NOTHING
  if (question.type === 'SRV') return srvAnswer(targets, question)
  return targets.length === 0 ? EMPTY : addresses(targets, question)
}

/** All ready endpoints, or those of one host name in one cluster. Nothing that is ready is no name at all. */
function headless(
  targets: readonly Target[],
  before: readonly string[],
  base: string,
  question: Question,
): Answer {
  if (targets.length === 0) return NOTHING
  if (before.length === 0)
    return question.type === 'SRV' ? srvAnswer(targets, question) : addresses(targets, question)
  const ofPort = portAnswer(targets, before, question)
  if (ofPort) return ofPort
  const named = targets.filter(({ host }) => host === `${before.join('.')}.${base}`)
  if (named.length > 0) return addresses(named, question)
  // The name of a cluster alone has no records, but names below it.
  const isAbove = targets.some(({ host }) => host.endsWith(`.${before.join('.')}.${base}`))
  return isAbove ? EMPTY : NOTHING
}

function headlessTargets(slices: readonly EndpointSlice[], base: string): Target[] {
  return slices.flatMap(({ metadata, ports: offered = [], endpoints = [] }) => {
    const cluster = metadata.labels?.[SOURCE_CLUSTER] ?? ''
    const ports = offered.map(({ name = '', protocol = 'TCP', port = 0 }) => ({
      ...{ name, protocol, port },
    }))
    return endpoints.filter(isReady).flatMap(({ addresses: all, hostname }) =>
      all.map(ip => {
        const host = `${hostnameOf(hostname, ip)}.${cluster}.${base}`
        return { host, ip, ports }
      }),
    )
  })
}

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number]

const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready !== false
