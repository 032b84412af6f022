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

function subsetsOf({ service, pods }: EndpointsWorld) {
  const subsets = new Map<string, EndpointSubset & { ready: EndpointAddress[] }>()
  const notReady = new Map<string, EndpointAddress[]>()
  let count = 0
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp && !service.spec.publishNotReadyAddresses) continue
    const [ip] = addressesOf(pod)
    if (ip === undefined || ++count > MAXIMUM_ADDRESSES) continue
    const ports = portsOf(service, pod).map(({ name, ...rest }) => ({
      ...(name ? { name } : {}),
      ...rest,
    }))
    // A headless Service without ports still tells the addresses, for DNS.
    if (ports.length === 0 && service.spec.clusterIP !== 'None') continue
    const id = canonical(ports)
    const subset = subsets.get(id) ?? { ports, ready: [] }
    subsets.set(id, subset)
    const address = addressOf(service, pod, ip)
    if (service.spec.publishNotReadyAddresses || isReady(pod)) subset.ready.push(address)
    else notReady.set(id, [...(notReady.get(id) ?? []), address])
  }
  return {
    truncated: count > MAXIMUM_ADDRESSES,
    subsets: [...subsets].map(([id, { ports, ready }]): EndpointSubset => {
      const waiting = notReady.get(id)
      return {
        ...(ready.length > 0 ? { addresses: ready.sort(byAddress) } : {}),
        ...(waiting ? { notReadyAddresses: waiting.sort(byAddress) } : {}),
        ...(ports && ports.length > 0 ? { ports } : {}),
      }
    }),
  }
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
