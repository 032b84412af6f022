import { hostPort } from '#base/host-port.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { int32, list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { validateEndpoints } from './endpoints.validation.ts'
import { objectReference } from './references.ts'

export const endpointAddress = shape(
  'io.k8s.api.core.v1.EndpointAddress',
  'An address behind a service.',
  {
    ip: string(1).required().doc('The address; neither loopback nor link-local.'),
    hostname: string(3).doc('Its host name.'),
    nodeName: string(4).optional().doc('The node that it is on.'),
    targetRef: struct(2, objectReference).optional().doc('The object behind it, usually a pod.'),
  },
  { atomic: true },
)
export type EndpointAddress = ValueOfShape<typeof endpointAddress>

export const endpointPort = shape(
  'io.k8s.api.core.v1.EndpointPort',
  'A port behind a service.',
  {
    name: string(1).doc("Name of the service's port."),
    port: int32(2).required().doc('The port number.'),
    protocol: string(3).enum('TCP', 'UDP', 'SCTP').doc('TCP, UDP or SCTP.'),
    appProtocol: string(4).optional().doc('The protocol spoken over it; a hint.'),
  },
  { atomic: true },
)
export type EndpointPort = ValueOfShape<typeof endpointPort>

export const endpointSubset = shape(
  'io.k8s.api.core.v1.EndpointSubset',
  'Addresses that all serve the same ports.',
  {
    addresses: list(1, endpointAddress).atomic().doc('Addresses that take traffic.'),
    notReadyAddresses: list(2, endpointAddress)
      .atomic()
      .doc('Addresses that do not take traffic yet.'),
    ports: list(3, endpointPort).atomic().doc('The ports.'),
  },
)
export type EndpointSubset = ValueOfShape<typeof endpointSubset>

export const endpointsShape = objectShape(
  'io.k8s.api.core.v1.Endpoints',
  'The addresses behind a service. Deprecated; EndpointSlice says more.',
  {
    subsets: list(2, endpointSubset).atomic().doc('Addresses and ports.'),
  },
)
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
  judgesChangesFirst: 'ofMetadata',
  defaults: draft => {
    for (const subset of draft.subsets ?? [])
      for (const port of subset.ports ?? []) port.protocol ||= 'TCP'
  },
  validate: validateEndpoints,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
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
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  )
  const shown = all.slice(0, SHOWN_ADDRESSES).join(',')
  const rest = all.length - SHOWN_ADDRESSES
  return rest > 0 ? `${shown} + ${rest} more...` : shown
}
