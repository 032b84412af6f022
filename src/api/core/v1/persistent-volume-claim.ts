import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import {
  type PersistentVolumeClaim,
  type PersistentVolumeClaimSpec,
  persistentVolumeClaimShape,
} from './persistent-volume-claim.schema.ts'
import {
  validateClaimSpec,
  validateClaimStatus,
  validateClaimUpdate,
} from './persistent-volume-claim.validation.ts'
import { accessModesText, classAnnotationWarnings, classOf } from './storage.ts'
import { hasFraction } from './validation.resources.ts'

export type * from './persistent-volume-claim.schema.ts'

export const persistentVolumeClaim = defineKind<PersistentVolumeClaim>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  scope: 'Namespaced',
  returnsDeleted: true,
  shape: persistentVolumeClaimShape,
  judgesChangesFirst: 'ofMetadata',
  // Upstream stores a new claim without a phase, and takes this one for it.
  defaults: draft => {
    draft.status = { ...draft.status, phase: draft.status?.phase || 'Pending' }
  },
  prepareForCreate: draft => {
    draft.status = { phase: 'Pending' }
    settleDataSources(draft.spec)
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
    settleDataSources(draft.spec, previous.spec)
  },
  validate: ({ spec }, previous) => validateClaimSpec('spec', spec, previous?.spec),
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateClaimStatus,
  warnings: claim => [...classAnnotationWarnings(claim), ...claimSpecWarnings('spec', claim.spec)],
  columns: [
    nameColumn,
    column('Status', 'Pending until a volume is bound, or Terminating.', ({ metadata, status }) =>
      metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? ''),
    ),
    column('Volume', 'The volume that is bound.', ({ spec }) => spec.volumeName ?? ''),
    column('Capacity', 'How much the volume holds.', ({ spec, status }) =>
      spec.volumeName ? (status.capacity?.storage ?? '0') : '',
    ),
    column('Access Modes', 'How the volume can be mounted.', ({ spec, status }) =>
      spec.volumeName ? accessModesText(status.accessModes) : '',
    ),
    column('StorageClass', 'The class of storage that is asked for.', classOf),
    column(
      'VolumeAttributesClass',
      'The class of attributes that is asked for.',
      ({ spec }) => spec.volumeAttributesClassName ?? '<unset>',
    ),
    ageColumn,
    column(
      'VolumeMode',
      'Whether pods see a file system or the raw device.',
      ({ spec }) => spec.volumeMode ?? '<unset>',
      { priority: 1 },
    ),
  ],
  subresources: { status: true },
})

/**
 * dataSource came first and dataSourceRef says more. Whichever is given fills in the other; what only the new one may
 * name is dropped from the old one, as it always was.
 */
function settleDataSources(
  spec: PersistentVolumeClaimSpec,
  previous?: PersistentVolumeClaimSpec,
): void {
  // Sources in other namespaces need a grant that nothing here could check.
  if (spec.dataSourceRef?.namespace && !previous?.dataSourceRef) delete spec.dataSourceRef
  const isNew = !previous?.dataSource && !previous?.dataSourceRef
  if (isNew && !spec.dataSourceRef && !isClaimOrSnapshot(spec.dataSource)) delete spec.dataSource
  const { dataSource, dataSourceRef } = spec
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource }
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _, ...local } = dataSourceRef
    spec.dataSource = local
  }
}

function isClaimOrSnapshot(source: PersistentVolumeClaimSpec['dataSource']): boolean {
  const name = `${source?.apiGroup ?? ''}/${source?.kind}`
  return name === '/PersistentVolumeClaim' || name === 'snapshot.storage.k8s.io/VolumeSnapshot'
}

/** Also for claims that are made from templates. */
export function claimSpecWarnings(
  path: string,
  { resources }: PersistentVolumeClaimSpec,
): string[] {
  return (['requests', 'limits'] as const).flatMap(field => {
    const amount = resources[field]?.storage
    return amount !== undefined && hasFraction(amount)
      ? [
          `${path}.resources.${field}[storage]: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`,
        ]
      : []
  })
}
