import { topologySelectorTerm } from '../../core/v1/topology-selector.ts'
import { ageColumn, column } from '../../machinery/columns.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { boolean, list, map, string } from '../../machinery/schema.ts'
import { isMarked, nameWithDefaultColumn } from './columns.ts'
import { validateStorageClass, validateStorageClassUpdate } from './storage-class.validation.ts'

export const storageClassShape = objectShape(
  'io.k8s.api.storage.v1.StorageClass',
  'A way in which volumes are made for claims.',
  {
    provisioner: string(2).required().doc('Who makes the volumes; never changes.'),
    parameters: map(3, string()).doc('What the provisioner is told; never changes.'),
    reclaimPolicy: string(4)
      .enum('Delete', 'Recycle', 'Retain')
      .optional()
      .unpublishedDefault('Delete')
      .doc('What becomes of a volume when its claim goes; never changes.'),
    mountOptions: list(5, string())
      .atomic()
      .doc('Options of mount for the volumes; not checked before they are used.'),
    allowVolumeExpansion: boolean(6).optional().doc('Whether claims may grow later.'),
    volumeBindingMode: string(7)
      .enum('Immediate', 'WaitForFirstConsumer')
      .optional()
      .unpublishedDefault('Immediate')
      .doc('Whether a volume is made at once or when a pod needs it; never changes.'),
    allowedTopologies: list(8, topologySelectorTerm)
      .atomic()
      .doc('Where volumes may be made; anywhere if empty. One of the terms is enough.'),
  },
)
export type StorageClass = ObjectOfShape<typeof storageClassShape>

/** Marks the class of claims that name none. The beta name is still understood. */
export const DEFAULT_CLASS_ANNOTATIONS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
] as const

export const storageClass = defineKind<StorageClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  shortNames: ['sc'],
  scope: 'Cluster',
  returnsDeleted: true,
  shape: storageClassShape,
  validate: validateStorageClass,
  validateUpdate: validateStorageClassUpdate,
  columns: [
    nameWithDefaultColumn(DEFAULT_CLASS_ANNOTATIONS),
    column('Provisioner', 'Who makes the volumes.', object => object.provisioner),
    column(
      'ReclaimPolicy',
      'What becomes of a volume when its claim goes.',
      object => object.reclaimPolicy ?? 'Delete',
    ),
    column(
      'VolumeBindingMode',
      'When a volume is made and bound.',
      object => object.volumeBindingMode ?? 'Immediate',
    ),
    column(
      'AllowVolumeExpansion',
      'Whether claims may grow.',
      object => object.allowVolumeExpansion ?? false,
    ),
    ageColumn,
  ],
})

/** The class of claims that name none: of several that are marked, the newest, as far as can be seen. */
export function defaultOf(classes: readonly StorageClass[]): StorageClass | undefined {
  const createdAt = ({ metadata }: StorageClass) => metadata.creationTimestamp ?? ''
  const nameOf = ({ metadata }: StorageClass) => metadata.name ?? ''
  return classes
    .filter(each => isMarked(each, DEFAULT_CLASS_ANNOTATIONS))
    .toSorted((a, b) => {
      if (createdAt(a) !== createdAt(b)) return createdAt(a) > createdAt(b) ? -1 : 1
      return nameOf(a) < nameOf(b) ? -1 : 1
    })[0]
}
