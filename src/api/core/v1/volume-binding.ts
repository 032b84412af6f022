/**
 * How claims and volumes find each other: what binder, scheduler, provisioners and kubelets have to agree on. A claim and its volume point at
 * each other (`spec.volumeName`, `spec.claimRef`); annotations say how far that has come and who did it.
 */
import { labelMatcherOf } from '../../machinery/label-selector.ts'
import type { KubernetesObject } from '../../machinery/metadata.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import type { PersistentVolume } from './persistent-volume.ts'
import type { PersistentVolumeClaim } from './persistent-volume-claim.ts'
import { classOf } from './storage.ts'

/** On a claim that was bound once: without its volume it is lost, not waiting. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed'
/** On claims and volumes whose pointer the control plane has set; where it is absent, a person has. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller'
/** On a volume: the provisioner that made it, and that takes it away. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by'
/** On volumes of in-tree plugins: the CSI driver that serves them now. */
export const MIGRATED_TO = 'pv.kubernetes.io/migrated-to'
/** A finalizer on volumes whose data the control plane itself is to delete. */
export const DELETION_WITHIN = 'kubernetes.io/pv-controller'
/** On a claim: who is to make its volume. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner'
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner'
/** On a claim: the node for which the scheduler wants its volume. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node'

/** On a claim: the driver that makes its volume larger. */
export const STORAGE_RESIZER = 'volume.kubernetes.io/storage-resizer'
/** On a volume that has grown but whose file system has not: what a claim can use until then. Left by a resizer. */
export const PRE_RESIZE_CAPACITY = 'volume.alpha.kubernetes.io/pre-resize-capacity'

export const hasAnnotation = ({ metadata }: KubernetesObject, name: string): boolean =>
  metadata.annotations?.[name] !== undefined

/** The volume is kept for this claim: by its UID, or by its name alone where nobody knew the UID yet. */
export function isKeptFor(
  { spec }: PersistentVolume,
  { metadata }: PersistentVolumeClaim,
): boolean {
  const { claimRef } = spec
  if (!claimRef || claimRef.name !== metadata.name) return false
  if (claimRef.namespace !== metadata.namespace) return false
  return !claimRef.uid || claimRef.uid === metadata.uid
}

export const sizeWanted = ({ spec }: PersistentVolumeClaim): string =>
  spec.resources.requests?.storage ?? '0'
export const sizeOf = ({ spec }: PersistentVolume): string => spec.capacity?.storage ?? '0'

export function hasModesFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const modes = volume.spec.accessModes ?? []
  return (claim.spec.accessModes ?? []).every(mode => modes.includes(mode))
}

export function hasSameVolumeMode(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (volume.spec.volumeMode ?? 'Filesystem') === (claim.spec.volumeMode ?? 'Filesystem')
}

const hasSameAttributes = ({ spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  (spec.volumeAttributesClassName ?? '') === (claim.spec.volumeAttributesClassName ?? '')

/** Why a claim cannot have the volume that it names, in upstream's words. */
export function mismatchOf(
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
): string | undefined {
  if (volume.metadata.deletionTimestamp)
    return `the volume is marked for deletion ${JSON.stringify(volume.metadata.name)}`
  if (compareQuantities(sizeOf(volume), sizeWanted(claim)) < 0) return 'requested PV is too small'
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match'
  if (!hasSameAttributes(volume, claim)) return 'volumeAttributesClassName does not match'
  if (!hasSameVolumeMode(volume, claim)) return 'incompatible volumeMode'
  if (!hasModesFor(volume, claim)) return 'incompatible accessMode'
  return undefined
}

/** Of the right sorts, large enough, and not going away. Sizes come last: they cost most to compare. */
function couldServe(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (
    !volume.metadata.deletionTimestamp &&
    hasSameVolumeMode(volume, claim) &&
    hasSameAttributes(volume, claim) &&
    hasModesFor(volume, claim) &&
    compareQuantities(sizeOf(volume), sizeWanted(claim)) >= 0
  )
}

/** Free, of the class and with the labels that the claim asks for. */
function isFreeFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  if (volume.spec.claimRef || volume.status.phase !== 'Available') return false
  if (classOf(volume) !== classOf(claim)) return false
  const { selector } = claim.spec
  return !selector || labelMatcherOf(selector).matches(volume.metadata.labels ?? {})
}

/**
 * The volume that suits a claim best: one that is kept for it; else, of the free ones for which `allowed` holds, one with as few access
 * modes as can be, then the smallest. A wait for the scheduler is `allowed` that never holds; the scheduler asks about its node.
 */
export function bestVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  allowed: (volume: PersistentVolume) => boolean,
): PersistentVolume | undefined {
  let best: PersistentVolume | undefined
  for (const volume of volumes) {
    if (isKeptFor(volume, claim)) {
      if (couldServe(volume, claim)) return volume
    } else if (isFreeFor(volume, claim) && allowed(volume) && couldServe(volume, claim))
      if (!best || isTighter(volume, best)) best = volume
  }
  return best
}

function isTighter(a: PersistentVolume, b: PersistentVolume): boolean {
  const modes = (a.spec.accessModes ?? []).length - (b.spec.accessModes ?? []).length
  if (modes !== 0) return modes < 0
  const size = compareQuantities(sizeOf(a), sizeOf(b))
  // Views have no order; the name keeps two looks at the same volumes from choosing differently.
  return size === 0 ? (a.metadata.name ?? '') < (b.metadata.name ?? '') : size < 0
}

/** The volume pointing at the claim; the very same object where it does already. */
export function pointedAt(
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
): PersistentVolume {
  const { name, namespace, uid, resourceVersion } = claim.metadata
  const isKept = isKeptFor(volume, claim)
  const isMarked = isKept || hasAnnotation(volume, BOUND_BY_CONTROLLER)
  if (isKept && volume.spec.claimRef?.uid === uid) return volume
  const claimRef = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    name,
    namespace,
    uid,
    resourceVersion,
  }
  const pointing = { ...volume, spec: { ...volume.spec, claimRef } } as PersistentVolume
  return isMarked ? pointing : annotated(pointing, { [BOUND_BY_CONTROLLER]: 'yes' })
}

/** A copy with these annotations; undefined takes one off. */
export function annotated<T extends KubernetesObject>(
  object: T,
  changes: Readonly<Record<string, string | undefined>>,
): T {
  const entries = Object.entries({ ...object.metadata.annotations, ...changes })
  const kept = entries.filter((entry): entry is [string, string] => entry[1] !== undefined)
  const { annotations: _, ...metadata } = object.metadata
  return {
    ...object,
    metadata: kept.length > 0 ? { ...metadata, annotations: Object.fromEntries(kept) } : metadata,
  }
}
