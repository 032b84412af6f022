import { persistentVolumeSpec } from '../../core/v1/persistent-volume.schema.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  boolean,
  int32,
  map,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { wrongGenerateName } from '../../machinery/validate-metadata.ts'
import {
  validateNewAttachment,
  validateVolumeAttachment,
  validateVolumeAttachmentStatus,
  validateVolumeAttachmentUpdate,
} from './volume-attachment.validation.ts'

export const volumeAttachmentSource = shape(
  'io.k8s.api.storage.v1.VolumeAttachmentSource',
  'The volume, as just one of these.',
  {
    persistentVolumeName: string(1).optional().doc('The name of a persistent volume.'),
    inlineVolumeSpec: struct(2, persistentVolumeSpec)
      .optional()
      .doc('A volume that has no object, since it stands inside of a pod; for migrated drivers.'),
  },
)
export type VolumeAttachmentSource = ValueOfShape<typeof volumeAttachmentSource>

export const volumeAttachmentSpec = shape(
  'io.k8s.api.storage.v1.VolumeAttachmentSpec',
  'Which volume to attach where; never changes.',
  {
    attacher: string(1).required().doc('The driver that attaches the volume.'),
    source: struct(2, volumeAttachmentSource).required().doc('The volume.'),
    nodeName: string(3).required().doc('The node.'),
  },
)
export type VolumeAttachmentSpec = ValueOfShape<typeof volumeAttachmentSpec>

export const volumeError = shape(
  'io.k8s.api.storage.v1.VolumeError',
  'What went wrong with a volume.',
  {
    time: time(1).doc('When it went wrong.'),
    message: string(2).doc('What went wrong, without secrets, since it may be logged.'),
    errorCode: int32(3).optional().doc('The code of gRPC with which the driver answered.'),
  },
)
export type VolumeError = ValueOfShape<typeof volumeError>

export const volumeAttachmentStatus = shape(
  'io.k8s.api.storage.v1.VolumeAttachmentStatus',
  'How far the driver has come; written by the one that attaches.',
  {
    attached: boolean(1).required().doc('Whether the volume is attached.'),
    attachmentMetadata: map(2, string()).doc('What the driver must be told when it mounts.'),
    attachError: struct(3, volumeError).optional().doc('What last went wrong when attaching.'),
    detachError: struct(4, volumeError).optional().doc('What last went wrong when detaching.'),
  },
)
export type VolumeAttachmentStatus = ValueOfShape<typeof volumeAttachmentStatus>

export const volumeAttachmentShape = objectShape(
  'io.k8s.api.storage.v1.VolumeAttachment',
  'Wants a volume attached to a node for as long as it exists.',
  {
    spec: struct(2, volumeAttachmentSpec).required().doc('Which volume to attach where.'),
    status: struct(3, volumeAttachmentStatus).always().doc('How far the driver has come.'),
  },
)
export type VolumeAttachment = ObjectOfShape<typeof volumeAttachmentShape>

const nameRule = 'dns1123Subdomain'

export const volumeAttachment = defineKind<VolumeAttachment>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  scope: 'Cluster',
  nameRule,
  shape: volumeAttachmentShape,
  returnsDeleted: true,
  prepareForCreate: draft => {
    draft.status = { attached: false }
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validate: validateVolumeAttachment,
  validateCreate: validateNewAttachment,
  validateUpdate: (next, previous) =>
    validateVolumeAttachmentUpdate(next, previous, volumeAttachmentSpec),
  // As upstream judges all of the object here, it judges the prefix of its name too.
  validateStatusUpdate: object => [
    ...wrongGenerateName({ nameRule }, object),
    ...validateVolumeAttachmentStatus(object),
  ],
  subresources: { status: true },
  columns: [
    nameColumn,
    column('Attacher', 'The driver that attaches it.', ({ spec }) => spec.attacher, {
      format: 'name',
    }),
    column('PV', 'The persistent volume.', ({ spec }) => spec.source.persistentVolumeName ?? ''),
    column('Node', 'The node.', ({ spec }) => spec.nodeName),
    column('Attached', 'Whether it is attached.', ({ status }) => status.attached, {
      type: 'boolean',
    }),
    ageColumn,
  ],
})
