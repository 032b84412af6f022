/** The slices that say what an Endpoints object says which somebody wrote by hand: one for each set of ports and address family. */
import {
  type EndpointAddress,
  type EndpointPort,
  type Endpoints,
  endpoints as endpointsKind,
} from '#api/core/v1/endpoints.ts'
import {
  type Endpoint,
  type EndpointSlice,
  endpointSlice,
} from '#api/discovery/v1/endpoint-slice.ts'
import { familyOf, MANAGED_BY, SERVICE_NAME } from '../endpointslice/endpointslice.reconcile.ts'
import type { Write } from '../runner/controller.ts'
import { isNamespaceTerminating } from '../runner/errors.ts'
import { canonical } from '../runner/json.ts'
import { controllerReference } from '../runner/owners.ts'

export const MIRROR = 'endpointslicemirroring-controller.k8s.io'
/** Upstream's default of --mirroring-max-endpoints-per-subset. */
const MAXIMUM_ADDRESSES = 1000

/** What the copies of annotations leave out. */
const NOT_COPIED = new Set([
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
])

export interface MirrorWorld {
  /** Undefined when there is nothing to mirror (any more). */
  readonly endpoints: Endpoints | undefined
  /** The mirrors that there are. */
  readonly slices: readonly EndpointSlice[]
}

/** What one slice is to say. */
interface Mirror {
  readonly addressType: string
  readonly ports: readonly EndpointPort[]
  /** By address: an address that several subsets name is told once. */
  readonly endpoints: Map<string, Endpoint>
}

export function reconcile({ endpoints, slices }: MirrorWorld): Write[] {
  const missing = endpoints ? mirrorsOf(endpoints) : new Map<string, Mirror>()
  const writes: Write[] = []
  for (const slice of slices) {
    const id = idOf(slice.addressType, slice.ports ?? [])
    const mirror = missing.get(id)
    missing.delete(id)
    if (endpoints && mirror) writes.push(...update(endpoints, slice, mirror))
    else writes.push({ verb: 'delete', kind: endpointSlice, object: slice })
  }
  if (!endpoints) return writes
  for (const mirror of missing.values()) writes.push(creation(endpoints, mirror))
  return [...writes, ...skippedEvents(endpoints, writes)]
}

function mirrorsOf({ subsets = [] }: Endpoints): Map<string, Mirror> {
  const mirrors = new Map<string, Mirror>()
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    const all = [
      ...addresses.map(address => ({ address, ready: true })),
      ...notReadyAddresses.map(address => ({ address, ready: false })),
    ]
    for (const { address, ready } of all.slice(0, MAXIMUM_ADDRESSES)) {
      const addressType = familyOf(address.ip)
      const id = idOf(addressType, ports)
      const mirror = mirrors.get(id) ?? { addressType, ports, endpoints: new Map() }
      mirrors.set(id, mirror)
      mirror.endpoints.set(address.ip, endpointOf(address, ready))
    }
  }
  return mirrors
}

function idOf(addressType: string, ports: readonly object[]): string {
  return `${addressType} ${ports.map(port => canonical({ name: '', ...port })).sort()}`
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean) {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  } as Endpoint
}

function update(from: Endpoints, slice: EndpointSlice, mirror: Mirror): Write[] {
  const endpoints = [...mirror.endpoints.values()]
  const { labels, annotations } = metadataOf(from)
  const { metadata } = slice
  const isSame =
    canonical(endpoints) === canonical(slice.endpoints ?? []) &&
    canonical(labels) === canonical(metadata.labels ?? {}) &&
    canonical(annotations) === canonical(metadata.annotations ?? {})
  if (isSame) return []
  const object = { ...slice, metadata: { ...metadata, labels, annotations }, endpoints }
  return [{ verb: 'update', kind: endpointSlice, object }]
}

function creation(from: Endpoints, { addressType, ports, endpoints }: Mirror): Write {
  const { name = '', namespace = '' } = from.metadata
  return {
    verb: 'create',
    kind: endpointSlice,
    object: {
      metadata: {
        generateName: `${name}-`,
        namespace,
        ...metadataOf(from),
        ownerReferences: [controllerReference(endpointsKind, from)],
      },
      addressType,
      ports,
      endpoints: [...endpoints.values()],
    },
    tolerate: isNamespaceTerminating,
  }
}

function metadataOf({ metadata }: Endpoints) {
  const annotations = Object.entries(metadata.annotations ?? {})
  return {
    labels: { ...metadata.labels, [SERVICE_NAME]: metadata.name ?? '', [MANAGED_BY]: MIRROR },
    annotations: Object.fromEntries(annotations.filter(([key]) => !NOT_COPIED.has(key))),
  }
}

/** Told when something is written, not at every look. */
function skippedEvents(about: Endpoints, writes: readonly Write[]): Write[] {
  const counts = (about.subsets ?? []).map(
    ({ addresses = [], notReadyAddresses = [] }) => addresses.length + notReadyAddresses.length,
  )
  const skipped = counts.reduce((sum, count) => sum + Math.max(0, count - MAXIMUM_ADDRESSES), 0)
  if (skipped === 0 || writes.length === 0) return []
  const most = `A max of ${MAXIMUM_ADDRESSES} addresses can be mirrored to EndpointSlices per Endpoints subset`
  return [
    {
      verb: 'event',
      about,
      type: 'Warning',
      reason: 'TooManyAddressesToMirror',
      text: { message: `${most}. ${skipped} addresses were skipped` },
    },
  ]
}
