import { labelSelector, objectMeta } from '../../machinery/metadata.ts'
import {
  list,
  map,
  quantity,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { typedLocalObjectReference, typedObjectReference } from './references.ts'

export const volumeResourceRequirements = shape(
  'io.k8s.api.core.v1.VolumeResourceRequirements',
  'How much storage is needed.',
  {
    limits: map(1, quantity()).doc('The most that may be used.'),
    requests: map(2, quantity()).doc('The least that is needed, by resource; usually storage.'),
  },
)
export type VolumeResourceRequirements = ValueOfShape<typeof volumeResourceRequirements>

export const persistentVolumeClaimSpec = shape(
  'io.k8s.api.core.v1.PersistentVolumeClaimSpec',
  'What a claim wants of a volume.',
  {
    accessModes: list(
      1,
      string().enum('ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'),
    )
      .atomic()
      .doc('How the volume is to be mounted, by how many nodes.'),
    selector: struct(4, labelSelector).optional().atomic().doc('Labels that the volume must have.'),
    resources: struct(2, volumeResourceRequirements).always().doc('The size that is needed.'),
    volumeName: string(3).doc('The volume that is bound to the claim.'),
    storageClassName: string(5)
      .optional()
      .doc('The class of storage; the default class if absent, none if empty.'),
    volumeMode: string(6).enum('Block', 'Filesystem').optional().doc('Filesystem or Block.'),
    dataSource: struct(7, typedLocalObjectReference)
      .optional()
      .atomic()
      .doc('What fills the new volume: a snapshot or another claim.'),
    dataSourceRef: struct(8, typedObjectReference)
      .optional()
      .doc('As dataSource, but of any kind, and with a namespace where that is allowed.'),
    volumeAttributesClassName: string(9)
      .optional()
      .doc('The class of attributes that can be changed later.'),
  },
)
export type PersistentVolumeClaimSpec = ValueOfShape<typeof persistentVolumeClaimSpec>

export const persistentVolumeClaimTemplate = shape(
  'io.k8s.api.core.v1.PersistentVolumeClaimTemplate',
  'A claim to be made for a pod.',
  {
    metadata: struct(1, objectMeta).always().doc('Labels and annotations of the claim.'),
    spec: struct(2, persistentVolumeClaimSpec).required().doc('What the claim wants.'),
  },
)
export type PersistentVolumeClaimTemplate = ValueOfShape<typeof persistentVolumeClaimTemplate>
