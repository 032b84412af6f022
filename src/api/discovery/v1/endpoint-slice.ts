import { objectReference } from '../../core/v1/references.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  boolean,
  int32,
  list,
  map,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'

export const endpointConditions = shape(
  'io.k8s.api.discovery.v1.EndpointConditions',
  'discovery.EndpointConditions',
  {
    ready: boolean(1).optional().doc('discovery.EndpointConditions.ready'),
    serving: boolean(2).optional().doc('discovery.EndpointConditions.serving'),
    terminating: boolean(3).optional().doc('discovery.EndpointConditions.terminating'),
  },
)
export type EndpointConditions = ValueOfShape<typeof endpointConditions>

export const forZone = shape('io.k8s.api.discovery.v1.ForZone', 'discovery.ForZone', {
  name: string(1).required().doc('discovery.ForZone.name'),
})
export type ForZone = ValueOfShape<typeof forZone>

export const forNode = shape('io.k8s.api.discovery.v1.ForNode', 'discovery.ForNode', {
  name: string(1).required().doc('discovery.ForNode.name'),
})
export type ForNode = ValueOfShape<typeof forNode>

export const endpointHints = shape(
  'io.k8s.api.discovery.v1.EndpointHints',
  'discovery.EndpointHints',
  {
    forZones: list(1, forZone).atomic().doc('discovery.EndpointHints.forZones'),
    forNodes: list(2, forNode).atomic().doc('discovery.EndpointHints.forNodes'),
  },
)
export type EndpointHints = ValueOfShape<typeof endpointHints>

export const endpoint = shape('io.k8s.api.discovery.v1.Endpoint', 'discovery.Endpoint', {
  addresses: list(1, string()).required().listSet().doc('discovery.Endpoint.addresses'),
  conditions: struct(2, endpointConditions).always().doc('discovery.Endpoint.conditions'),
  hostname: string(3).optional().doc('discovery.Endpoint.hostname'),
  targetRef: struct(4, objectReference).optional().atomic().doc('discovery.Endpoint.targetRef'),
  deprecatedTopology: map(5, string()).deprecated().doc('discovery.Endpoint.deprecatedTopology'),
  nodeName: string(6).optional().doc('discovery.Endpoint.nodeName'),
  zone: string(7).optional().doc('discovery.Endpoint.zone'),
  hints: struct(8, endpointHints).optional().doc('discovery.Endpoint.hints'),
})
export type Endpoint = ValueOfShape<typeof endpoint>

export const endpointPort = shape(
  'io.k8s.api.discovery.v1.EndpointPort',
  'discovery.EndpointPort',
  {
    name: string(1).optional().doc('discovery.EndpointPort.name'),
    protocol: string(2)
      .enum('TCP', 'UDP', 'SCTP')
      .optional()
      .doc('discovery.EndpointPort.protocol'),
    port: int32(3).optional().doc('discovery.EndpointPort.port'),
    appProtocol: string(4).optional().doc('discovery.EndpointPort.appProtocol'),
  },
)
export type EndpointPort = ValueOfShape<typeof endpointPort>

export const endpointSliceShape = objectShape(
  'io.k8s.api.discovery.v1.EndpointSlice',
  'discovery.EndpointSlice',
  {
    addressType: string(4)
      .enum('FQDN', 'IPv4', 'IPv6')
      .required()
      .doc('discovery.EndpointSlice.addressType'),
    endpoints: list(2, endpoint).always().atomic().doc('discovery.EndpointSlice.endpoints'),
    ports: list(3, endpointPort).always().atomic().doc('discovery.EndpointSlice.ports'),
  },
)
export type EndpointSlice = ObjectOfShape<typeof endpointSliceShape>

export const endpointSlice = defineKind<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  scope: 'Namespaced',
  shape: endpointSliceShape,
  hasGeneration: true,
  defaults: draft => {
    for (const port of draft.ports) {
      port.name ??= ''
      port.protocol ??= 'TCP'
    }
  },
  columns: [
    nameColumn,
    column('AddressType', 'What the addresses are.', slice => slice.addressType),
    column('Ports', 'Ports of the endpoints.', slice =>
      shownList(slice.ports.map(port => `${port.port ?? (port.name || '*')}`)),
    ),
    column('Endpoints', 'Addresses of the endpoints.', slice =>
      shownList(slice.endpoints.flatMap(endpoint => endpoint.addresses)),
    ),
    ageColumn,
  ],
})

/** So many parts of a list are named before the column counts the rest. */
const SHOWN_PARTS = 3

function shownList(parts: readonly string[]): string {
  if (parts.length === 0) return '<unset>'
  const shown = parts.slice(0, SHOWN_PARTS).join(',')
  const rest = parts.length - SHOWN_PARTS
  return rest > 0 ? `${shown} + ${rest} more...` : shown
}
