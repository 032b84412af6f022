/**
 * Which records a cluster name has, per the Kubernetes DNS specification 1.1. Pure: a question and a view of the cluster in,
 * an answer out. Names are compared in lower case; a name that exists without the asked type is NOERROR and empty.
 */
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { addressToNumber, numberToAddress } from '#base/ip-address.ts'
import {
  type Answer,
  addresses,
  addressRecord,
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
import {
  CLUSTERSET_ZONE,
  type ClustersetView,
  clustersetAnswer,
  clustersetNames,
} from './clusterset.ts'

export interface ClusterView {
  readonly zone: string
  service(namespace: string, name: string): Service | undefined
  /** The slices of one service. */
  slices(namespace: string, name: string): readonly EndpointSlice[]
  servicesByIp(ip: string): readonly Service[]
  slicesByIp(ip: string): readonly EndpointSlice[]
  hasNamespace(name: string): boolean
  /** What is imported of other clusters, where the cluster takes part in that. */
  clusterset?(): ClustersetView | undefined
}

const SPECIFICATION_VERSION = '1.1.0'

/** What the cluster knows of a name, or undefined when the name is none of its own and may be asked elsewhere. */
export function resolve(view: ClusterView, name: string, type: string): Answer | undefined {
  const asked = name.toLowerCase().replace(/\.$/, '')
  const address = addressIn(asked)
  if (address !== undefined) return reverse(view, address, { name: asked, type })
  const answer = ofName(view, asked, type)
  if (!answer) return undefined
  // Whoever asked in mixed case gets the name back as it was written (0x20 hardening).
  return {
    ...answer,
    answers: answer.answers.map(record => (record.name === asked ? { ...record, name } : record)),
  }
}

function ofName(view: ClusterView, name: string, type: string): Answer | undefined {
  const labels = labelsWithin(view.zone, name)
  if (labels) return inZone(view, labels, name, type)
  const imported = labelsWithin(CLUSTERSET_ZONE, name)
  const clusterset = imported && view.clusterset?.()
  return clusterset && clustersetAnswer(clusterset, imported, { name, type })
}

/** What stands before the zone; undefined for names that are elsewhere. */
function labelsWithin(zone: string, name: string): readonly string[] | undefined {
  if (name === zone) return []
  return name.endsWith(`.${zone}`) ? name.slice(0, -zone.length - 1).split('.') : undefined
}

function inZone(view: ClusterView, labels: readonly string[], name: string, type: string): Answer {
  const kind = labels.at(-1)
  if (kind === undefined)
    return type === 'NS'
      ? found({ type: 'NS', name, ttl: TTL_SECONDS, data: `ns.dns.${name}` })
      : EMPTY
  if (labels.length === 1 && kind === 'dns-version')
    return type === 'TXT'
      ? found({ type: 'TXT', name, ttl: TTL_SECONDS, data: [SPECIFICATION_VERSION] })
      : EMPTY
  if (kind === 'pod') return podName(view, labels, name, type)
  if (kind !== 'svc') return NOTHING
  const [serviceName, namespace] = [labels.at(-3), labels.at(-2)]
  if (namespace === undefined) return EMPTY
  if (!view.hasNamespace(namespace)) return NOTHING
  if (serviceName === undefined) return EMPTY
  const service = view.service(namespace, serviceName)
  return service ? serviceAnswer(view, service, labels.slice(0, -3), { name, type }) : NOTHING
}

/** `10-244-0-5.default.pod.<zone>`, or `fd00--5`: the address is in the name. */
function podName(view: ClusterView, labels: readonly string[], name: string, type: string): Answer {
  const namespace = labels.at(-2)
  if (namespace === undefined) return EMPTY
  if (!view.hasNamespace(namespace)) return NOTHING
  if (labels.length === 2) return EMPTY
  const [written = ''] = labels
  const ip = ['.', ':'].map(sign => written.replaceAll('-', sign)).find(isAddress)
  if (labels.length !== 3 || ip === undefined) return NOTHING
  const record = addressRecord(name, ip)
  return type === record.type ? found(record) : EMPTY
}

function serviceAnswer(
  view: ClusterView,
  service: Service,
  labels: readonly string[],
  question: Question,
): Answer {
  const { name, type } = question
  if (service.spec.type === 'ExternalName') {
    const { externalName = '' } = service.spec
    // An address is no name that another could lead to.
    if (labels.length > 0 || isAddress(externalName)) return NOTHING
    return found({ type: 'CNAME', name, ttl: TTL_SECONDS, data: externalName.replace(/\.$/, '') })
  }
  const base = `${service.metadata.name}.${service.metadata.namespace}.svc.${view.zone}`
  const targets = isHeadless(service)
    ? endpointTargets(view, service, base)
    : clusterIpTargets(service, base)
  if (labels.length === 0) {
    // A headless Service without ready endpoints has no name.
    if (targets.length === 0 && isHeadless(service)) return NOTHING
    if (type === 'SRV') return srvAnswer(targets, question)
    return targets.length === 0 ? EMPTY : addresses(targets, question)
  }
  const ofPort = portAnswer(targets, labels, question)
  if (ofPort) return ofPort
  if (labels.length !== 1) return NOTHING
  // Of any Service, as upstream has it: many a StatefulSet's is not headless.
  const named = endpointTargets(view, service, base).filter(
    ({ host }) => host === `${labels[0]}.${base}`,
  )
  if (named.length === 0) return NOTHING
  return type === 'SRV' ? srvAnswer(named, question) : addresses(named, question)
}

function clusterIpTargets(service: Service, host: string): Target[] {
  const ips = service.spec.clusterIPs ?? (service.spec.clusterIP ? [service.spec.clusterIP] : [])
  const ports = (service.spec.ports ?? []).map(port => ({
    name: port.name ?? '',
    protocol: port.protocol ?? 'TCP',
    port: port.port,
  }))
  return ips.map(ip => ({ host, ip, ports }))
}

/** Ready endpoints only, unless the service publishes all (its slices then call all of them ready). */
function endpointTargets(view: ClusterView, service: Service, base: string): Target[] {
  const { name = '', namespace = '' } = service.metadata
  return view
    .slices(namespace, name)
    .filter(hasAddresses)
    .flatMap(slice => {
      const ports = (slice.ports ?? []).map(port => ({
        name: port.name ?? '',
        protocol: port.protocol ?? 'TCP',
        port: port.port ?? 0,
      }))
      return (slice.endpoints ?? [])
        .filter(endpoint => endpoint.conditions?.ready !== false)
        .flatMap(endpoint =>
          endpoint.addresses.map(ip => {
            const host = `${hostnameOf(endpoint.hostname, ip)}.${base}`
            return { host, ip, ports }
          }),
        )
    })
}

/** Slices may have names instead, which are no records of addresses. */
const hasAddresses = ({ addressType }: EndpointSlice): boolean => addressType !== 'FQDN'

/** The address of which a name asks the name; undefined for names that ask for other things. */
function addressIn(name: string): string | undefined {
  const [, bytes] = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name) ?? []
  if (bytes) return known(bytes.slice(0, -1).split('.').reverse().join('.'))
  const [, digits] = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name) ?? []
  if (!digits) return undefined
  const text = digits.split('.').reverse().join('')
  return known((text.match(/.{4}/g) ?? []).join(':'))
}

/** In the one form in which objects have it. */
function known(address: string): string | undefined {
  const number = addressToNumber(address)
  return number === undefined ? undefined : numberToAddress(number, address.includes(':'))
}

const isAddress = (text: string) => addressToNumber(text) !== undefined

/** PTR of service addresses and of headless endpoints; addresses that are not the cluster's are somebody else's to answer. */
function reverse(view: ClusterView, ip: string, { name, type }: Question): Answer | undefined {
  const services = view
    .servicesByIp(ip)
    .map(service => `${service.metadata.name}.${service.metadata.namespace}.svc.${view.zone}`)
  const own = [...new Set([...services, ...endpointNames(view, ip)])]
  // Only one name is meant to lead back from an address.
  const clusterset = own.length === 0 ? view.clusterset?.() : undefined
  const names = clusterset ? clustersetNames(clusterset, view.slicesByIp(ip), ip) : own
  if (names.length === 0) return undefined
  if (type !== 'PTR') return EMPTY
  return {
    exists: true,
    answers: names.map(data => ({ type: 'PTR', name, ttl: TTL_SECONDS, data })),
    additionals: [],
  }
}

/** Names of ready endpoints with an address, of whichever Services they are. */
function endpointNames(view: ClusterView, ip: string): string[] {
  return view.slicesByIp(ip).flatMap(({ metadata, endpoints = [] }) => {
    const { namespace = '', labels = {} } = metadata
    const name = labels['kubernetes.io/service-name']
    const service = name === undefined ? undefined : view.service(namespace, name)
    if (!service || service.spec.type === 'ExternalName') return []
    return endpoints
      .filter(({ addresses, conditions }) => addresses.includes(ip) && conditions?.ready !== false)
      .map(({ hostname }) => `${hostnameOf(hostname, ip)}.${name}.${namespace}.svc.${view.zone}`)
  })
}

function isHeadless(service: Service): boolean {
  return service.spec.clusterIP === 'None'
}
