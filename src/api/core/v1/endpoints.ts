import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { int32, list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { objectReference } from './references.ts'

export const endpointAddress = shape('io.k8s.api.core.v1.EndpointAddress', 'core.EndpointAddress', {
  ip: string(1).required().doc('core.EndpointAddress.ip'),
  hostname: string(3).doc('core.EndpointAddress.hostname'),
  nodeName: string(4).optional().doc('core.EndpointAddress.nodeName'),
  targetRef: struct(2, objectReference).optional().atomic().doc('core.EndpointAddress.targetRef'),
})
export type EndpointAddress = ValueOfShape<typeof endpointAddress>

export const endpointPort = shape('io.k8s.api.core.v1.EndpointPort', 'core.EndpointPort', {
  name: string(1).doc('core.EndpointPort.name'),
  port: int32(2).required().doc('core.EndpointPort.port'),
  protocol: string(3).enum('TCP', 'UDP', 'SCTP').doc('core.EndpointPort.protocol'),
  appProtocol: string(4).optional().doc('core.EndpointPort.appProtocol'),
})
export type EndpointPort = ValueOfShape<typeof endpointPort>

export const endpointSubset = shape('io.k8s.api.core.v1.EndpointSubset', 'core.EndpointSubset', {
  addresses: list(1, endpointAddress).atomic().doc('core.EndpointSubset.addresses'),
  notReadyAddresses: list(2, endpointAddress).atomic().doc('core.EndpointSubset.notReadyAddresses'),
  ports: list(3, endpointPort).atomic().doc('core.EndpointSubset.ports'),
})
export type EndpointSubset = ValueOfShape<typeof endpointSubset>

export const endpointsShape = objectShape('io.k8s.api.core.v1.Endpoints', 'core.Endpoints', {
  subsets: list(2, endpointSubset).atomic().doc('core.Endpoints.subsets'),
})
export type Endpoints = ObjectOfShape<typeof endpointsShape>

export const endpoints = defineKind<Endpoints>({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  listKind: 'EndpointsList',
  singular: 'endpoints',
  shortNames: ['ep'],
  scope: 'Namespaced',
  shape: endpointsShape,
  defaults: draft => {
    for (const subset of draft.subsets ?? [])
      for (const port of subset.ports ?? []) port.protocol ||= 'TCP'
  },
  warnings: () => ['v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
  columns: [
    nameColumn,
    column('Endpoints', 'Addresses that take traffic.', shownAddresses),
    ageColumn,
  ],
})

/** So many addresses are named before the column counts the rest. */
const SHOWN_ADDRESSES = 3

function shownAddresses({ subsets = [] }: Endpoints): string {
  if (subsets.length === 0) return '<none>'
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => joinHostPort(ip, port))),
  )
  const shown = all.slice(0, SHOWN_ADDRESSES).join(',')
  const rest = all.length - SHOWN_ADDRESSES
  return rest > 0 ? `${shown} + ${rest} more...` : shown
}

function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
