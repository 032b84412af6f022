import { objectReference } from '../../core/v1/references.ts'
import { sameValue } from '../../core/v1/validation.ts'
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
import { validateEndpointSlice, validateEndpointSliceUpdate } from './endpoint-slice.validation.ts'

export const endpointConditions = shape(
  'io.k8s.api.discovery.v1.EndpointConditions',
  'What can be expected of an endpoint.',
  {
    ready: boolean(1).optional().doc('Whether it takes new traffic; absent counts as true.'),
    serving: boolean(2).optional().doc('As ready, but also true while it ends and still answers.'),
    terminating: boolean(3).optional().doc('Whether it is ending.'),
  },
)
export type EndpointConditions = ValueOfShape<typeof endpointConditions>

export const forZone = shape('io.k8s.api.discovery.v1.ForZone', 'A zone that an endpoint is for.', {
  name: string(1).required().doc('Name of the zone.'),
})
export type ForZone = ValueOfShape<typeof forZone>

export const forNode = shape('io.k8s.api.discovery.v1.ForNode', 'A node that an endpoint is for.', {
  name: string(1).required().doc('Name of the node.'),
})
export type ForNode = ValueOfShape<typeof forNode>

export const endpointHints = shape(
  'io.k8s.api.discovery.v1.EndpointHints',
  'Who had better use an endpoint.',
  {
    forZones: list(1, forZone).atomic().doc('Zones whose clients should use it.'),
    forNodes: list(2, forNode).atomic().doc('Nodes whose clients should use it.'),
  },
)
export type EndpointHints = ValueOfShape<typeof endpointHints>

export const endpoint = shape('io.k8s.api.discovery.v1.Endpoint', 'One thing behind a service.', {
  addresses: list(1, string()).required().listSet().doc('Its addresses; users take the first.'),
  conditions: struct(2, endpointConditions).always().doc('What can be expected of it.'),
  hostname: string(3).optional().doc('Its host name, for DNS.'),
  targetRef: struct(4, objectReference).optional().doc('The object behind it, usually a pod.'),
  deprecatedTopology: map(5, string())
    .deprecated()
    .doc('Labels of old versions; kept, never written.'),
  nodeName: string(6).optional().doc('The node that it is on.'),
  zone: string(7).optional().doc('The zone that it is in.'),
  hints: struct(8, endpointHints).optional().doc('Who had better use it.'),
})
export type Endpoint = ValueOfShape<typeof endpoint>

export const endpointPort = shape(
  'io.k8s.api.discovery.v1.EndpointPort',
  'A port of all endpoints of a slice.',
  {
    name: string(1).optional().doc("Name of the service's port."),
    protocol: string(2).enum('TCP', 'UDP', 'SCTP').optional().doc('TCP, UDP or SCTP.'),
    port: int32(3).optional().doc('The port number; any if absent.'),
    appProtocol: string(4).optional().doc('The protocol spoken over it; a hint.'),
  },
  { atomic: true },
)
export type EndpointPort = ValueOfShape<typeof endpointPort>

export const endpointSliceShape = objectShape(
  'io.k8s.api.discovery.v1.EndpointSlice',
  'Some of the endpoints behind a service.',
  {
    addressType: string(4)
      .enum('FQDN', 'IPv4', 'IPv6')
      .required()
      .doc('IPv4, IPv6 or FQDN; never changes.'),
    endpoints: list(2, endpoint).always().atomic().doc('The endpoints, at most 1000.'),
    ports: list(3, endpointPort).always().atomic().doc('The ports of each of them.'),
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
  prepareForCreate: ({ endpoints }) => withoutTopology(endpoints),
  prepareForUpdate: (draft, previous) => {
    const { endpoints, metadata } = draft
    const isOther = !sameValue(endpoints, previous.endpoints)
    if (isOther) withoutTopology(endpoints)
    // Labels say whose endpoints these are; a change of them counts, too, and what is dropped has been asked for.
    if (isOther || !sameValue(metadata.labels, previous.metadata.labels))
      metadata.generation = (previous.metadata.generation ?? 0) + 1
  },
  validate: validateEndpointSlice,
  validateUpdate: validateEndpointSliceUpdate,
  warnings: ({ addressType }, previous) =>
    addressType === 'FQDN' && !previous ? ['spec.addressType: FQDN endpoints are deprecated'] : [],
  columns: [
    nameColumn,
    column('AddressType', 'What the addresses are.', slice => slice.addressType),
    column('Ports', 'Ports of the endpoints.', slice =>
      shownList(slice.ports.map(port => `${port.port ?? port.name ?? '*'}`)),
    ),
    column('Endpoints', 'Addresses of the endpoints.', slice =>
      shownList(slice.endpoints.flatMap(endpoint => endpoint.addresses)),
    ),
    ageColumn,
  ],
})

/** Nothing writes it any more; what old versions wrote stays as long as its endpoints do. */
function withoutTopology(endpoints: readonly Endpoint[]): void {
  for (const each of endpoints) delete each.deprecatedTopology
}

/** So many parts of a list are named before the column counts the rest. */
const SHOWN_PARTS = 3

function shownList(parts: readonly string[]): string {
  const shown = parts.slice(0, SHOWN_PARTS).join(',')
  const rest = parts.length - SHOWN_PARTS
  // A single port without number and name says as little as none.
  return rest > 0 ? `${shown} + ${rest} more...` : shown || '<unset>'
}
