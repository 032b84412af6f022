import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { nodeTermWarnings } from './node-labels.ts'
import {
  type PersistentVolume,
  type PersistentVolumeSourceName,
  persistentVolumeShape,
} from './persistent-volume.schema.ts'
import {
  validatePersistentVolume,
  validatePersistentVolumeUpdate,
} from './persistent-volume.validation.ts'
import { accessModesText, classAnnotationWarnings, classOf } from './storage.ts'

export type * from './persistent-volume.schema.sources.ts'
export type * from './persistent-volume.schema.ts'

export const persistentVolume = defineKind<PersistentVolume>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  shortNames: ['pv'],
  scope: 'Cluster',
  returnsDeleted: true,
  shape: persistentVolumeShape,
  // Not in the schema, for the specification within a VolumeAttachment has no defaults.
  defaults: ({ spec, status }) => {
    status.phase ||= 'Pending'
    spec.persistentVolumeReclaimPolicy ||= 'Retain'
    spec.volumeMode ??= 'Filesystem'
    if (spec.hostPath) spec.hostPath.type ??= ''
  },
  prepareForCreate: draft => {
    const { creationTimestamp } = draft.metadata
    draft.status = { phase: 'Pending' }
    if (creationTimestamp) draft.status.lastPhaseTransitionTime = creationTimestamp
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validate: validatePersistentVolume,
  validateUpdate: validatePersistentVolumeUpdate,
  warnings,
  columns: [
    nameColumn,
    column('Capacity', 'How much it holds.', ({ spec }) => spec.capacity?.storage ?? '0'),
    column('Access Modes', 'How it can be mounted.', ({ spec }) =>
      accessModesText(spec.accessModes),
    ),
    column(
      'Reclaim Policy',
      'What becomes of it when its claim goes.',
      ({ spec }) => spec.persistentVolumeReclaimPolicy ?? '',
    ),
    column('Status', 'Its phase, or Terminating.', ({ metadata, status }) =>
      metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? ''),
    ),
    column('Claim', 'The claim that has it.', ({ spec: { claimRef } }) =>
      claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : '',
    ),
    column('StorageClass', 'Its class of storage.', classOf),
    column(
      'VolumeAttributesClass',
      'The class whose attributes it has.',
      ({ spec }) => spec.volumeAttributesClassName ?? '<unset>',
    ),
    column('Reason', 'Why it failed, in one word.', ({ status }) => status.reason ?? ''),
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

const sourceWarnings: Partial<Record<PersistentVolumeSourceName, string>> = {
  cephfs: 'cephfs: deprecated in v1.28, non-functional in v1.31+',
  photonPersistentDisk: 'photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+',
  scaleIO: 'scaleIO: deprecated in v1.16, non-functional in v1.22+',
  storageos: 'storageOS: deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'glusterfs: deprecated in v1.25, non-functional in v1.26+',
  rbd: 'rbd: deprecated in v1.28, non-functional in v1.31+',
}

function warnings(volume: PersistentVolume): string[] {
  const { spec } = volume
  const found = classAnnotationWarnings(volume)
  if (spec.persistentVolumeReclaimPolicy === 'Recycle')
    found.push(
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    )
  for (const [index, term] of (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).entries())
    found.push(...nodeTermWarnings(`spec.nodeAffinity.required.nodeSelectorTerms[${index}]`, term))
  for (const [source, text] of Object.entries(sourceWarnings))
    if (spec[source as PersistentVolumeSourceName]) found.push(`spec.${text}`)
  return found
}
