/**
 * Decides which slices a Service has: one group for each set of ports that its pods offer, each slice with at most a hundred
 * endpoints. Endpoints stay in the slice that they are in, so that one pod's change rewrites one slice.
 */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { type Service, service as serviceKind } from '#api/core/v1/service.ts'
import {
  type Endpoint,
  type EndpointSlice,
  endpointSlice,
} from '#api/discovery/v1/endpoint-slice.ts'
import { rfc3339 } from '#base/clock.ts'
import type { Write } from '../runner/controller.ts'
import { isNamespaceTerminating } from '../runner/errors.ts'
import { canonical } from '../runner/json.ts'
import { controllerReference } from '../runner/owners.ts'
import { isReady } from '../runner/pods.ts'
import { addressesOf, hostnameOf, type PodPort, portsOf, targetReference } from './service-pods.ts'

export const SERVICE_NAME = 'kubernetes.io/service-name'
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
export const MANAGER = 'endpointslice-controller.k8s.io'
const HEADLESS = 'service.kubernetes.io/headless'
const LAST_CHANGE = 'endpoints.kubernetes.io/last-change-trigger-time'
/** Upstream's default of --max-endpoints-per-slice. */
const MAXIMUM_ENDPOINTS = 100

export interface EndpointSliceWorld {
  readonly service: Service
  readonly pods: readonly Pod[]
  readonly slices: readonly EndpointSlice[]
  readonly zoneOf: (node: string) => string | undefined
  readonly nowMs: number
}

type Family = 'IPv4' | 'IPv6'

/** The slices of one address family and one set of ports. */
interface Group {
  readonly family: Family
  readonly ports: readonly PodPort[]
  readonly endpoints: Map<string, Endpoint>
  readonly slices: EndpointSlice[]
}

export function reconcile(world: EndpointSliceWorld): Write[] {
  const groups = groupsOf(world)
  const writes: Write[] = []
  for (const slice of world.slices) {
    const id = groupId(slice.addressType as Family, slice.ports as readonly PodPort[])
    const group = groups.get(id)
    if (group) group.slices.push(slice)
    else writes.push({ verb: 'delete', kind: endpointSlice, object: slice })
  }
  for (const group of groups.values()) writes.push(...fill(world, group))
  return writes
}

function groupsOf(world: EndpointSliceWorld): Map<string, Group> {
  const groups = new Map<string, Group>()
  const groupFor = (family: Family, ports: readonly PodPort[]): Group => {
    const id = groupId(family, ports)
    const known = groups.get(id)
    if (known) return known
    const group = { family, ports, endpoints: new Map(), slices: [] }
    groups.set(id, group)
    return group
  }
  const families = familiesOf(world.service)
  for (const pod of world.pods) {
    const ports = portsOf(world.service, pod)
    for (const family of families) {
      const addresses = addressesOf(pod).filter(address => familyOf(address) === family)
      if (addresses.length === 0) continue
      const id = pod.metadata.uid ?? ''
      groupFor(family, ports).endpoints.set(id, endpointOf(world, pod, addresses))
    }
  }
  // A Service without any endpoint has one empty slice a family, which tells that this is so.
  for (const family of families)
    if (![...groups.values()].some(group => group.family === family)) groupFor(family, [])
  return groups
}

function groupId(family: Family, ports: readonly PodPort[] | undefined): string {
  const texts = (ports ?? []).map(port => canonical({ ...port, name: port.name ?? '' }))
  return `${family} ${texts.sort().join(' ')}`
}

/** Puts a group's endpoints into its slices, leaving each where it is as far as possible. */
function fill(world: EndpointSliceWorld, group: Group): Write[] {
  const missing = new Map(group.endpoints)
  const plans = group.slices.map(slice => {
    const kept: Endpoint[] = []
    for (const before of slice.endpoints ?? []) {
      const id = before.targetRef?.uid ?? ''
      const now = missing.get(id)
      if (!now) continue
      missing.delete(id)
      kept.push(now)
    }
    return { slice, endpoints: kept }
  })
  const rest = [...missing.values()]
  for (const plan of plans)
    plan.endpoints.push(...rest.splice(0, Math.max(0, MAXIMUM_ENDPOINTS - plan.endpoints.length)))
  const writes: Write[] = []
  let live = 0
  for (const { slice, endpoints } of plans) {
    const superfluous = endpoints.length === 0 && (group.endpoints.size > 0 || live > 0)
    if (superfluous) {
      writes.push({ verb: 'delete', kind: endpointSlice, object: slice })
      continue
    }
    live++
    writes.push(...update(world, slice, endpoints))
  }
  while (rest.length > 0 || live === 0) {
    writes.push(creation(world, group, rest.splice(0, MAXIMUM_ENDPOINTS)))
    live++
  }
  return writes
}

function update(world: EndpointSliceWorld, slice: EndpointSlice, endpoints: Endpoint[]): Write[] {
  const labels = labelsOf(world.service)
  const same =
    canonical(endpoints) === canonical(slice.endpoints ?? []) &&
    canonical(labels) === canonical(slice.metadata.labels ?? {})
  if (same) return []
  const annotations = { ...slice.metadata.annotations, ...changeTime(world) }
  const metadata = { ...slice.metadata, labels, annotations }
  return [{ verb: 'update', kind: endpointSlice, object: { ...slice, metadata, endpoints } }]
}

function creation(world: EndpointSliceWorld, group: Group, endpoints: Endpoint[]): Write {
  const { name = '', namespace = '' } = world.service.metadata
  return {
    verb: 'create',
    kind: endpointSlice,
    object: {
      metadata: {
        generateName: `${name}-`,
        namespace,
        labels: labelsOf(world.service),
        annotations: changeTime(world),
        ownerReferences: [controllerReference(serviceKind, world.service)],
      },
      addressType: group.family,
      endpoints,
      ports: [...group.ports],
    },
    tolerate: isNamespaceTerminating,
  }
}

function changeTime({ nowMs }: EndpointSliceWorld): Record<string, string> {
  return { [LAST_CHANGE]: rfc3339(nowMs) }
}

/** The Service's own labels, and those by which slices are found. */
function labelsOf(service: Service): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [key, value] of Object.entries(service.metadata.labels ?? {}))
    if (![SERVICE_NAME, MANAGED_BY, HEADLESS].includes(key)) labels[key] = value
  if (service.spec.clusterIP === 'None') labels[HEADLESS] = ''
  return { ...labels, [SERVICE_NAME]: service.metadata.name ?? '', [MANAGED_BY]: MANAGER }
}

function familiesOf({ spec }: Service): Family[] {
  const families = (spec.ipFamilies ?? []).filter(family => family !== '')
  if (families.length > 0) return families as Family[]
  return [familyOf(spec.clusterIP ?? '')]
}

export const familyOf = (address: string): Family => (address.includes(':') ? 'IPv6' : 'IPv4')

function endpointOf(world: EndpointSliceWorld, pod: Pod, addresses: string[]): Endpoint {
  const { service } = world
  const serving = isReady(pod)
  const terminating = Boolean(pod.metadata.deletionTimestamp)
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating)
  const { nodeName } = pod.spec
  const zone = nodeName ? world.zoneOf(nodeName) : undefined
  const hostname = hostnameOf(service, pod)
  const hints = ready ? hintsOf(service, nodeName, zone) : undefined
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    targetRef: targetReference(pod),
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
    ...(hints ? { hints } : {}),
  }
}

/** Who had better use an endpoint, by what the Service prefers. */
function hintsOf(
  { spec }: Service,
  nodeName: string | undefined,
  zone: string | undefined,
): Endpoint['hints'] {
  switch (spec.trafficDistribution) {
    case 'PreferClose':
    case 'PreferSameZone':
      return zone ? { forZones: [{ name: zone }] } : undefined
    case 'PreferSameNode':
      // Who reads only zones is led at least to the same zone.
      return nodeName
        ? { ...(zone ? { forZones: [{ name: zone }] } : {}), forNodes: [{ name: nodeName }] }
        : undefined
    default:
      return undefined
  }
}
