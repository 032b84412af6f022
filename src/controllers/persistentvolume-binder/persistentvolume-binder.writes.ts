/**
 * The writes of a binding, volume before claim, so that whatever is left undone half-way says by itself what is to be done next. All
 * carry the revision that was decided from: of two claims that take the same volume, one gets a conflict and looks again.
 */
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import {
  annotated,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  hasAnnotation,
  PRE_RESIZE_CAPACITY,
  pointedAt,
} from '#api/core/v1/volume-binding.ts'
import { compareQuantities } from '#api/machinery/quantity.ts'
import type { EventType } from '#client/events.ts'
import type { AnyObject, Write } from '../runner/controller.ts'
import { sameJson } from '../runner/json.ts'

type Status = PersistentVolumeClaim['status']

export function bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Write[] {
  const pointing = pointedAt(volume, claim)
  const bound = boundTo(volume, claim)
  return [
    ...(pointing === volume ? [] : [updateOf(persistentVolume, pointing)]),
    ...volumePhase(pointing, 'Bound'),
    ...(bound === claim ? [] : [updateOf(persistentVolumeClaim, bound)]),
    ...claimStatus(bound, statusWith(bound, volume)),
  ]
}

/** The claim pointing at the volume; the very same object where it does already. */
function boundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const { name = '' } = volume.metadata
  const isNamed = claim.spec.volumeName === name
  if (isNamed && hasAnnotation(claim, BIND_COMPLETED)) return claim
  const by =
    isNamed || hasAnnotation(claim, BOUND_BY_CONTROLLER) ? {} : { [BOUND_BY_CONTROLLER]: 'yes' }
  const marked = annotated(claim, { ...by, [BIND_COMPLETED]: 'yes' })
  return { ...marked, spec: { ...claim.spec, volumeName: name } }
}

/** Takes back a pointer of the control plane's; of a person's, only the UID. */
export function unbind(volume: PersistentVolume): Write[] {
  const { claimRef, ...rest } = volume.spec
  const { uid: _, resourceVersion: __, ...named } = claimRef ?? {}
  const free = hasAnnotation(volume, BOUND_BY_CONTROLLER)
    ? { ...annotated(volume, { [BOUND_BY_CONTROLLER]: undefined }), spec: rest }
    : { ...volume, spec: { ...rest, claimRef: named } }
  return [updateOf(persistentVolume, free as PersistentVolume), ...volumePhase(volume, 'Available')]
}

/** What the claim gets from the volume. Its size is taken over once: later, a resizer may know better. */
function statusWith({ status }: PersistentVolumeClaim, volume: PersistentVolume): Status {
  const { accessModes, volumeAttributesClassName, capacity = {} } = volume.spec
  const next: Status = { ...status, phase: 'Bound', ...(accessModes ? { accessModes } : {}) }
  if (status.phase === 'Bound') return next
  const reduced = volume.metadata.annotations?.[PRE_RESIZE_CAPACITY]
  const known = status.capacity?.storage
  if (reduced !== undefined) next.capacity = { ...status.capacity, storage: reduced }
  else if (known === undefined || compareQuantities(capacity.storage ?? '0', known) !== 0)
    next.capacity = capacity
  if (volumeAttributesClassName) next.currentVolumeAttributesClassName = volumeAttributesClassName
  return next
}

/** Without a volume there are neither modes nor a size. */
export function withoutVolume(claim: PersistentVolumeClaim, phase: 'Lost' | 'Pending'): Write[] {
  const { accessModes: _, capacity: __, ...rest } = claim.status
  return claimStatus(claim, { ...rest, phase })
}

function claimStatus(claim: PersistentVolumeClaim, status: Status): Write[] {
  if (sameJson(status, claim.status)) return []
  return [updateOf(persistentVolumeClaim, { ...claim, status }, 'status')]
}

export function volumePhase(
  volume: PersistentVolume,
  phase: NonNullable<PersistentVolume['status']['phase']>,
  message?: string,
): Write[] {
  if (volume.status.phase === phase) return []
  // The server dates the change; what is not said cannot be old.
  const { message: _, lastPhaseTransitionTime: __, ...rest } = volume.status
  const status = { ...rest, phase, ...(message ? { message } : {}) }
  return [updateOf(persistentVolume, { ...volume, status }, 'status')]
}

export function updateOf(
  kind: typeof persistentVolume | typeof persistentVolumeClaim,
  object: PersistentVolume | PersistentVolumeClaim,
  subresource?: 'status',
): Write {
  return {
    verb: 'update',
    kind,
    object: object as unknown as AnyObject,
    ...(subresource ? { subresource } : {}),
  }
}

export function told(
  about: PersistentVolume | PersistentVolumeClaim,
  type: EventType,
  reason: string,
  message: string,
): Write {
  return { verb: 'event', about, type, reason, text: { message } }
}
