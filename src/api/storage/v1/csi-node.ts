import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { int32, list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { validateCSINode, validateCSINodeUpdate } from './csi-node.validation.ts'

export const volumeNodeResources = shape(
  'io.k8s.api.storage.v1.VolumeNodeResources',
  'How much of a driver a node can take.',
  {
    count: int32(1).optional().doc('How many of its volumes fit on the node; any if absent.'),
  },
)
export type VolumeNodeResources = ValueOfShape<typeof volumeNodeResources>

export const csiNodeDriver = shape(
  'io.k8s.api.storage.v1.CSINodeDriver',
  'A driver that runs on the node.',
  {
    name: string(1).required().doc('The name of the driver.'),
    nodeID: string(2).required().doc('What the driver calls the node.'),
    topologyKeys: list(3, string())
      .always()
      .atomic()
      .doc('Labels of nodes by which the driver tells places apart.'),
    allocatable: struct(4, volumeNodeResources)
      .optional()
      .doc('How many of its volumes the node can take.'),
  },
)
export type CSINodeDriver = ValueOfShape<typeof csiNodeDriver>

export const csiNodeSpec = shape('io.k8s.api.storage.v1.CSINodeSpec', 'The drivers of a node.', {
  drivers: list(1, csiNodeDriver)
    .required()
    .listMap('name')
    .mergeKey('name')
    .doc('The drivers that run there; written by the kubelet.'),
})
export type CSINodeSpec = ValueOfShape<typeof csiNodeSpec>

export const csiNodeShape = objectShape(
  'io.k8s.api.storage.v1.CSINode',
  'Which drivers for volumes a node has; the object has the name of the node.',
  {
    spec: struct(2, csiNodeSpec).required().doc('The drivers.'),
  },
)
export type CSINode = ObjectOfShape<typeof csiNodeShape>

export const csiNode = defineKind<CSINode>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  scope: 'Cluster',
  returnsDeleted: true,
  shape: csiNodeShape,
  validate: validateCSINode,
  validateUpdate: (next, previous) => validateCSINodeUpdate(next, previous, csiNodeDriver),
  columns: [
    nameColumn,
    column('Drivers', 'How many drivers the node has.', ({ spec }) => spec.drivers.length, {
      type: 'integer',
    }),
    ageColumn,
  ],
})
