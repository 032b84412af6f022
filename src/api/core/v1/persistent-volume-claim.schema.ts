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
  'core.VolumeResourceRequirements',
  {
    limits: map(1, quantity()).doc('core.VolumeResourceRequirements.limits'),
    requests: map(2, quantity()).doc('core.VolumeResourceRequirements.requests'),
  },
)
export type VolumeResourceRequirements = ValueOfShape<typeof volumeResourceRequirements>

export const persistentVolumeClaimSpec = shape(
  'io.k8s.api.core.v1.PersistentVolumeClaimSpec',
  'core.PersistentVolumeClaimSpec',
  {
    accessModes: list(
      1,
      string().enum('ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'),
    )
      .atomic()
      .doc('core.PersistentVolumeClaimSpec.accessModes'),
    selector: struct(4, labelSelector)
      .optional()
      .atomic()
      .doc('core.PersistentVolumeClaimSpec.selector'),
    resources: struct(2, volumeResourceRequirements)
      .always()
      .doc('core.PersistentVolumeClaimSpec.resources'),
    volumeName: string(3).doc('core.PersistentVolumeClaimSpec.volumeName'),
    storageClassName: string(5).optional().doc('core.PersistentVolumeClaimSpec.storageClassName'),
    volumeMode: string(6)
      .enum('Block', 'Filesystem')
      .optional()
      .doc('core.PersistentVolumeClaimSpec.volumeMode'),
    dataSource: struct(7, typedLocalObjectReference)
      .optional()
      .atomic()
      .doc('core.PersistentVolumeClaimSpec.dataSource'),
    dataSourceRef: struct(8, typedObjectReference)
      .optional()
      .doc('core.PersistentVolumeClaimSpec.dataSourceRef'),
    volumeAttributesClassName: string(9)
      .optional()
      .doc('core.PersistentVolumeClaimSpec.volumeAttributesClassName'),
  },
)
export type PersistentVolumeClaimSpec = ValueOfShape<typeof persistentVolumeClaimSpec>

export const persistentVolumeClaimTemplate = shape(
  'io.k8s.api.core.v1.PersistentVolumeClaimTemplate',
  'core.PersistentVolumeClaimTemplate',
  {
    metadata: struct(1, objectMeta).always().doc('core.PersistentVolumeClaimTemplate.metadata'),
    spec: struct(2, persistentVolumeClaimSpec)
      .required()
      .doc('core.PersistentVolumeClaimTemplate.spec'),
  },
)
export type PersistentVolumeClaimTemplate = ValueOfShape<typeof persistentVolumeClaimTemplate>
