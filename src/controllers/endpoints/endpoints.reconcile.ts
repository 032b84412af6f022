/** Decides what a Service's Endpoints say: its pods' addresses by the ports that they offer. */
import {
  type EndpointAddress,
  type EndpointSubset,
  type Endpoints,
  endpoints,
} from '#api/core/v1/endpoints.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { Service } from '#api/core/v1/service.ts'
import { isStatus } from '#api/machinery/status.ts'
import { rfc3339 } from '#base/clock.ts'
import { familyOf } from '../endpointslice/endpointslice.reconcile.ts'
import { addressesOf, hostnameOf, portsOf, targetReference } from '../endpointslice/service-pods.ts'
import type { Write } from '../runner/controller.ts'
import { isNamespaceTerminating } from '../runner/errors.ts'
import { canonical } from '../runner/json.ts'
import { isReady } from '../runner/pods.ts'

export const MANAGED_BY = 'endpoints.kubernetes.io/managed-by'
export const MANAGER = 'endpoint-controller'
const HEADLESS = 'service.kubernetes.io/headless'
const LAST_CHANGE = 'endpoints.kubernetes.io/last-change-trigger-time'
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity'
/** One object holds at most so many addresses; the slices hold them all. */
const MAXIMUM_ADDRESSES = 1000

export interface EndpointsWorld {
  readonly service: Service
  readonly pods: readonly Pod[]
  readonly existing: Endpoints | undefined
  readonly nowMs: number
}

export function reconcile(world: EndpointsWorld): Write[] {
  const { service, existing } = world
  const { subsets, truncated } = subsetsOf(world)
  const labels: Record<string, string> = { ...service.metadata.labels, [MANAGED_BY]: MANAGER }
  if (service.spec.clusterIP === 'None') labels[HEADLESS] = ''
  else delete labels[HEADLESS]
  const { [OVER_CAPACITY]: _, ...kept } = existing?.metadata.annotations ?? {}
  const annotations = { ...kept, ...(truncated ? { [OVER_CAPACITY]: 'truncated' } : {}) }
  const same =
    existing &&
    canonical(subsets) === canonical(existing.subsets ?? []) &&
    canonical(labels) === canonical(existing.metadata.labels ?? {}) &&
    canonical(annotations) === canonical(existing.metadata.annotations ?? {})
  if (same) return []
  const metadata = {
    ...existing?.metadata,
    name: service.metadata.name ?? '',
    namespace: service.metadata.namespace ?? '',
    labels,
    annotations: { ...annotations, [LAST_CHANGE]: rfc3339(world.nowMs) },
  }
  if (existing)
    return [{ verb: 'update', kind: endpoints, object: { ...existing, metadata, subsets } }]
  return [
    {
      verb: 'create',
      kind: endpoints,
      object: { metadata, subsets },
      tolerate: error => isStatus(error, 'AlreadyExists') || isNamespaceTerminating(error),
    },
  ]
}

/** An Endpoints object has addresses of one family: that which its Service has first. */
const firstFamily = ({ spec }: Service) => spec.ipFamilies?.[0] ?? familyOf(spec.clusterIP ?? '')

function subsetsOf({ service, pods }: EndpointsWorld) {
  const family = firstFamily(service)
  const offers: Offer[] = []
  let count = 0
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp && !service.spec.publishNotReadyAddresses) continue
    const ip = addressesOf(pod).find(address => familyOf(address) === family)
    if (ip === undefined || ++count > MAXIMUM_ADDRESSES) continue
    const ports = portsOf(service, pod).map(({ name, ...rest }) => ({
      ...(name ? { name } : {}),
      ...rest,
    }))
    // A headless Service without ports still tells the addresses, for DNS.
    if (ports.length === 0 && service.spec.clusterIP !== 'None') continue
    offers.push({
      address: addressOf(service, pod, ip),
      isReady: service.spec.publishNotReadyAddresses === true || isReady(pod),
      ports: ports.length > 0 ? ports : [undefined],
    })
  }
  return { truncated: count > MAXIMUM_ADDRESSES, subsets: packed(offers) }
}

interface Offer {
  readonly address: EndpointAddress
  readonly isReady: boolean
  /** Undefined for none. */
  readonly ports: readonly (Port | undefined)[]
}
type Port = NonNullable<EndpointSubset['ports']>[number]

interface Offered {
  readonly ports: Port[]
  readonly ready: EndpointAddress[]
  readonly waiting: EndpointAddress[]
}

/** As upstream packs them: with each port all who offer it; ports that the very same offer are told together. */
function packed(offers: readonly Offer[]): EndpointSubset[] {
  const byPort = new Map<string, Offered>()
  for (const { address, isReady, ports } of offers)
    for (const port of ports) {
      const id = canonical(port ?? null)
      const offered = byPort.get(id) ?? { ports: port ? [port] : [], ready: [], waiting: [] }
      byPort.set(id, offered)
      offered[isReady ? 'ready' : 'waiting'].push(address)
    }
  const byAddresses = new Map<string, Offered>()
  for (const offered of byPort.values()) {
    offered.ready.sort(byAddress)
    offered.waiting.sort(byAddress)
    const id = canonical([offered.ready, offered.waiting])
    const known = byAddresses.get(id)
    if (known) known.ports.push(...offered.ports)
    else byAddresses.set(id, offered)
  }
  return [...byAddresses.values()].map(({ ports, ready, waiting }) => ({
    ...(ready.length > 0 ? { addresses: ready } : {}),
    ...(waiting.length > 0 ? { notReadyAddresses: waiting } : {}),
    ...(ports.length > 0 ? { ports } : {}),
  }))
}

const byAddress = (a: EndpointAddress, b: EndpointAddress) => (a.ip < b.ip ? -1 : 1)

function addressOf(service: Service, pod: Pod, ip: string): EndpointAddress {
  const hostname = hostnameOf(service, pod)
  return {
    ip,
    ...(hostname ? { hostname } : {}),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: targetReference(pod),
  }
}
