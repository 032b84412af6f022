import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { labelSelector, objectMeta } from '../../machinery/metadata.ts'
import {
  list,
  map,
  resourceList,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { typedLocalObjectReference, typedObjectReference } from './references.ts'

/** By how many nodes or pods a volume may be mounted, and how. */
export const accessMode = string().enum(
  'ReadWriteOnce',
  'ReadOnlyMany',
  'ReadWriteMany',
  'ReadWriteOncePod',
)

export const volumeResourceRequirements = shape(
  'io.k8s.api.core.v1.VolumeResourceRequirements',
  'How much storage is needed.',
  {
    limits: resourceList(1).doc('The most that may be used.'),
    requests: resourceList(2).doc('The least that is needed, by resource; usually storage.'),
  },
)
export type VolumeResourceRequirements = ValueOfShape<typeof volumeResourceRequirements>

export const persistentVolumeClaimSpec = shape(
  'io.k8s.api.core.v1.PersistentVolumeClaimSpec',
  'What a claim wants of a volume.',
  {
    accessModes: list(1, accessMode)
      .atomic()
      .doc('How the volume is to be mounted, by how many nodes.'),
    selector: struct(4, labelSelector).optional().doc('Labels that the volume must have.'),
    resources: struct(2, volumeResourceRequirements).always().doc('The size that is needed.'),
    volumeName: string(3).doc('The volume that is bound to the claim.'),
    storageClassName: string(5)
      .optional()
      .doc('The class of storage; the default class if absent, none if empty.'),
    volumeMode: string(6)
      .enum('Block', 'Filesystem')
      .optional()
      .unpublishedDefault('Filesystem')
      .doc('Whether pods see a file system or the raw device.'),
    dataSource: struct(7, typedLocalObjectReference)
      .optional()
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

export const persistentVolumeClaimCondition = shape(
  'io.k8s.api.core.v1.PersistentVolumeClaimCondition',
  'One thing that happens to the volume of a claim, such as growing.',
  {
    type: string(1).required().doc('Names the aspect, such as Resizing.'),
    status: string(2).required().doc('True, False or Unknown.'),
    lastProbeTime: time(3).doc('When the condition was last looked at.'),
    lastTransitionTime: time(4).doc('When the status last changed.'),
    reason: string(5).doc('Why, as one CamelCase word for programs.'),
    message: string(6).doc('Why, as a sentence for people.'),
  },
)
export type PersistentVolumeClaimCondition = ValueOfShape<typeof persistentVolumeClaimCondition>

export const modifyVolumeStatus = shape(
  'io.k8s.api.core.v1.ModifyVolumeStatus',
  'How far a change of attributes has come.',
  {
    targetVolumeAttributesClassName: string(1).doc('The class whose attributes are being set.'),
    status: string(2)
      .enum('InProgress', 'Infeasible', 'Pending')
      .required()
      .doc('Pending, InProgress, or Infeasible when the driver refused it.'),
  },
)
export type ModifyVolumeStatus = ValueOfShape<typeof modifyVolumeStatus>

export const persistentVolumeClaimStatus = shape(
  'io.k8s.api.core.v1.PersistentVolumeClaimStatus',
  'What a claim has got.',
  {
    phase: string(1)
      .enum('Bound', 'Lost', 'Pending')
      .doc('Pending until a volume is found, then Bound; Lost when the volume is gone.'),
    accessModes: list(2, accessMode).atomic().doc('How the bound volume can be mounted.'),
    capacity: resourceList(3).doc('What the bound volume really has.'),
    conditions: list(4, persistentVolumeClaimCondition)
      .listMap('type')
      .mergeKey('type')
      .doc('What is going on with the volume, such as growing.'),
    allocatedResources: resourceList(5).doc(
      'What has been set aside while the volume grows; quotas count it.',
    ),
    allocatedResourceStatuses: map(
      7,
      string().enum(
        'ControllerResizeInProgress',
        'ControllerResizeInfeasible',
        'NodeResizePending',
        'NodeResizeInProgress',
        'NodeResizeInfeasible',
      ),
    )
      .granular()
      .doc('How far growing has come, by resource.'),
    currentVolumeAttributesClassName: string(8)
      .optional()
      .doc('The class whose attributes the volume has now.'),
    modifyVolumeStatus: struct(9, modifyVolumeStatus)
      .optional()
      .doc('How far a change to another class of attributes has come.'),
  },
)
export type PersistentVolumeClaimStatus = ValueOfShape<typeof persistentVolumeClaimStatus>

export const persistentVolumeClaimShape = objectShape(
  'io.k8s.api.core.v1.PersistentVolumeClaim',
  'Asks for storage of a size and kind, and names the volume that was found for it.',
  {
    spec: struct(2, persistentVolumeClaimSpec).always().doc('What the claim wants.'),
    status: struct(3, persistentVolumeClaimStatus).always().doc('What it has got.'),
  },
)
export type PersistentVolumeClaim = ObjectOfShape<typeof persistentVolumeClaimShape>
