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
  shortNames: ['ep'],
  scope: 'Namespaced',
  shape: endpointsShape,
  singular: 'endpoints',
})
