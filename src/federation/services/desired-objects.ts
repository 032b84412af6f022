/** The objects that importing clusters get, whole, with a digest of themselves as all that is placed. */
import { createHash } from 'node:crypto'
import type { Service } from '#api/core/v1/service.ts'
import { service as serviceKind } from '#api/core/v1/service.ts'
import { type EndpointSlice, endpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { APPLIED, CLUSTER_NAME, MANAGER, PLACED_BY } from '../names.ts'
import { digestOf } from '../sync/digest.ts'
import type { Fields } from '../sync/fields.ts'
import {
  DERIVED_SERVICE,
  LOCAL_SERVICE_NAME,
  MANAGED_BY,
  SERVICE_NAME,
  type ServiceImport,
  SOURCE_CLUSTER,
  serviceImport,
} from './kinds.ts'
import { isOffered, type MergedService } from './merge.ts'

/** Where an object is to be, and of what service it is. */
export interface Place {
  /** Of the federation. */
  readonly uid: string
  /** The importing cluster. */
  readonly cluster: string
  readonly namespace: string
  readonly name: string
}

/** A name that is free of the local Services of people, and the same for ever. */
export const derivedName = (namespace: string, name: string): string =>
  `derived-${shortDigest(`${namespace}/${name}`)}`

const shortDigest = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 10)

export function desiredImport(
  place: Place,
  { type, ports, traffic, ipFamilies, labels, annotations }: MergedService,
  derived: Service | undefined,
): KubernetesObject {
  const isHeadless = type === 'Headless'
  const ips = isHeadless ? [] : (derived?.spec.clusterIPs ?? [])
  const families = isHeadless ? ipFamilies : (derived?.spec.ipFamilies ?? [])
  const reference: Record<string, string> = isHeadless
    ? {}
    : { [DERIVED_SERVICE]: derivedName(place.namespace, place.name) }
  const spec = {
    type,
    ports,
    ...traffic,
    ...(ips.length > 0 ? { ips } : {}),
    ...(families.length > 0 ? { ipFamilies: families } : {}),
  }
  return whole(place, serviceImport, {
    metadata: { name: place.name, labels, annotations: { ...annotations, ...reference } },
    spec,
  })
}

/** It has the clusterset IP; proxies know it as any Service. */
export function desiredDerived(
  place: Place,
  { ports, traffic, ipFamilies }: MergedService,
  owner: ServiceImport,
): KubernetesObject {
  const isDual = ipFamilies.length > 1
  return whole(place, serviceKind, {
    metadata: {
      name: derivedName(place.namespace, place.name),
      labels: { [SERVICE_NAME]: place.name },
      annotations: {},
      ownerReferences: ownedBy(owner),
    },
    spec: {
      type: 'ClusterIP',
      ports,
      ...traffic,
      ...(isDual
        ? { ipFamilyPolicy: 'PreferDualStack' }
        : { ipFamilyPolicy: 'SingleStack', ipFamilies }),
    },
  })
}

export interface Source {
  /** The exporting cluster. */
  readonly cluster: string
  readonly service: Service
  readonly slice: EndpointSlice
}

/** Undefined where none of its ports is offered: who lost a conflict is not to get connections that are meant for others. */
export function desiredSlice(
  place: Place,
  { type, ports, traffic }: MergedService,
  { cluster, service, slice }: Source,
  owner: ServiceImport,
): KubernetesObject | undefined {
  const offered = (slice.ports ?? []).filter(({ name }) => isOffered(name, service, ports))
  if (offered.length === 0 && ((slice.ports ?? []).length > 0 || ports.length > 0)) return undefined
  const isLocal = place.cluster === cluster
  const local: Record<string, string> =
    type === 'Headless' ? {} : { [LOCAL_SERVICE_NAME]: derivedName(place.namespace, place.name) }
  const hasHints = traffic.trafficDistribution !== undefined
  return whole(place, endpointSlice, {
    metadata: {
      name: sliceName(place, cluster, slice),
      labels: {
        [SERVICE_NAME]: place.name,
        [SOURCE_CLUSTER]: cluster,
        [MANAGED_BY]: MANAGER,
        ...local,
      },
      annotations: {},
      ownerReferences: ownedBy(owner),
    },
    addressType: slice.addressType,
    ports: offered,
    endpoints: (slice.endpoints ?? []).map(endpoint => endpointOf(endpoint, isLocal, hasHints)),
  })
}

export const sliceName = ({ namespace, name }: Place, cluster: string, slice: EndpointSlice) =>
  `imported-${shortDigest(`${namespace}/${name}`)}-${shortDigest(`${cluster}/${slice.metadata.name}`)}`

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number]

/** Nodes and pods of another cluster are nobody here, and may be called like some that are. */
function endpointOf(endpoint: Endpoint, isLocal: boolean, hasHints: boolean): Fields {
  const { addresses, conditions, hostname, nodeName, zone, hints } = endpoint
  const forZones = hints?.forZones ?? []
  return {
    addresses,
    conditions: { ...conditions },
    ...(hostname === undefined ? {} : { hostname }),
    ...(isLocal && nodeName !== undefined ? { nodeName } : {}),
    ...(zone === undefined ? {} : { zone }),
    ...(hasHints && forZones.length > 0 ? { hints: { forZones } } : {}),
  }
}

const ownedBy = ({ metadata: { name = '', uid = '' } }: ServiceImport) => [
  { apiVersion: apiVersionOf(serviceImport), kind: serviceImport.kind, name, uid },
]

interface Said {
  readonly metadata: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly object[]
  }
  readonly [part: string]: unknown
}

function whole({ uid, cluster, namespace }: Place, kind: AnyKind, said: Said): KubernetesObject {
  const { metadata, ...rest } = said
  const object = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: {
      ...metadata,
      namespace,
      labels: { ...metadata.labels, [PLACED_BY]: uid },
      annotations: { ...metadata.annotations, [CLUSTER_NAME]: cluster },
    },
    ...rest,
  }
  const annotations = { ...object.metadata.annotations, [APPLIED]: `${digestOf(object)}@${uid}` }
  return { ...object, metadata: { ...object.metadata, annotations } } as unknown as KubernetesObject
}
