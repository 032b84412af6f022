/**
 * Where `…/proxy` goes: the address that a pod's own status names, or one of a service's ready endpoints whose pod has that very
 * address. Loopback, link-local and their like are refused, for they would mean this server itself (CVE-2020-8562, CVE-2022-3294).
 */
import { isOrdinaryIp } from '#api/core/v1/addresses.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { badRequest, StatusError } from '#api/machinery/status.ts'
import type { ForwardTarget } from '#client/forwarding/forwarder.ts'
import type { Exchange } from '../../exchange.ts'
import { namespaceOf } from '../read.ts'
import type { StoredResource } from '../registry.ts'
import { existing } from '../update.ts'

/** `name`, `name:port` or `https:name:port`; the port may be missing behind its colon. */
export interface TargetName {
  readonly scheme: 'http' | 'https' | undefined
  readonly name: string
  /** A number or a port's name; '' where none is given. */
  readonly port: string
}

export function targetNameOf(text: string): TargetName {
  const parts = text.split(':')
  const [first = '', second = '', third = ''] = parts
  if (parts.length === 1) return { scheme: undefined, name: first, port: '' }
  if (parts.length === 2 && first !== '') return { scheme: undefined, name: first, port: second }
  if (parts.length === 3 && (first === 'http' || first === 'https') && second !== '')
    return { scheme: first, name: second, port: third }
  throw badRequest(
    `invalid request ${JSON.stringify(text)}: want name, name:port or scheme:name:port`,
  )
}

export interface Found {
  readonly target: ForwardTarget
  readonly pod: Pod | undefined
}

export async function podTarget(
  exchange: Exchange,
  resource: StoredResource,
  { scheme = 'http', name, port }: TargetName,
): Promise<Found> {
  const stored = await existing(resource, namespaceOf(exchange, resource), name)
  const pod = stored.object as Pod
  const address = pod.status.podIP ?? ''
  checkAddress(address)
  const first = pod.spec.containers.find(({ ports = [] }) => ports.length > 0)?.ports?.[0]
  const number =
    port === '' ? (first?.containerPort ?? (scheme === 'https' ? 443 : 80)) : portOf(port)
  return { target: { scheme, address, port: number }, pod }
}

export async function serviceTarget(
  exchange: Exchange,
  resource: StoredResource,
  { scheme = 'http', name, port }: TargetName,
): Promise<Found> {
  const namespace = namespaceOf(exchange, resource)
  const service = (await existing(resource, namespace, name)).object as Service
  const portName = portNameOf(service, port)
  const ready = endpointsOf(exchange, namespace, name, portName)
  if (ready.length === 0) throw unavailable(`no endpoints available for service "${name}"`)
  const chosen = ready[exchange.server.random.integer(ready.length)]
  if (!chosen) throw unavailable(`no endpoints available for service "${name}"`)
  const { address, number, pod } = chosen
  checkAddress(address)
  return { target: { scheme, address, port: number }, pod }
}

/** The name of the service's port that was asked for by number or name, or its only one. */
function portNameOf({ spec, metadata }: Service, port: string): string {
  const ports = spec.ports ?? []
  if (port === '') return ports.length === 1 ? (ports[0]?.name ?? '') : ''
  if (!/^\d+$/.test(port)) return port
  const found = ports.find(each => each.port === Number(port))
  if (!found) throw unavailable(`no service port ${port} found for service "${metadata.name}"`)
  return found.name ?? ''
}

interface ReadyEndpoint {
  readonly address: string
  readonly number: number
  readonly pod: Pod
}

function endpointsOf(
  { server }: Exchange,
  namespace: string,
  service: string,
  portName: string,
): ReadyEndpoint[] {
  const slices = server.registry.stored('discovery.k8s.io', 'v1', 'endpointslices').storage.cache
  const pods = server.registry.stored('', 'v1', 'pods').storage.cache
  const found: ReadyEndpoint[] = []
  for (const { object } of slices.list(namespace)) {
    if (object.metadata.labels?.['kubernetes.io/service-name'] !== service) continue
    const { ports = [], endpoints = [] } = object as EndpointSlice
    const number = ports.find(
      each => (each.name ?? '') === portName && (each.protocol ?? 'TCP') === 'TCP',
    )?.port
    if (number === undefined) continue
    for (const { addresses, conditions, targetRef } of endpoints) {
      const [address] = addresses
      if (conditions?.ready === false || address === undefined) continue
      // An address that no pod of this namespace has may be anybody's.
      if (targetRef?.kind !== 'Pod' || (targetRef.namespace ?? namespace) !== namespace) continue
      const pod = pods.get(namespace, targetRef.name ?? '')?.object as Pod | undefined
      if (!pod?.status.podIPs?.some(({ ip }) => ip === address) && pod?.status.podIP !== address)
        continue
      found.push({ address, number, pod })
    }
  }
  return found
}

/** The node's name, where what was asked for is its kubelet and nothing else of the machine. */
export async function nodeOf(
  _exchange: Exchange,
  resource: StoredResource,
  { scheme, name, port }: TargetName,
): Promise<string> {
  const { status } = (await existing(resource, '', name)).object as Node
  const own = status.daemonEndpoints?.kubeletEndpoint?.Port ?? 0
  if (scheme === 'http') throw badRequest('kubelets answer over HTTPS only')
  if (port !== '' && Number(port) !== own)
    throw badRequest(`of a node, only its kubelet can be reached (port ${own})`)
  return name
}

/** None at all is not allowed either, as upstream tells of a pod that has none yet. */
function checkAddress(address: string): void {
  if (address === '' || isOrdinaryIp(address).length > 0) throw badRequest('address not allowed')
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port > 0 && port < 65_536) return port
  throw badRequest(`${JSON.stringify(text)} is not a port`)
}

const unavailable = (message: string) => new StatusError('ServiceUnavailable', message, {})
