/** One look at a claim: find it a volume, have one made, or say what it waits for; and notice when the volume it had is gone. */
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { CLASS_ANNOTATION, classOf } from '#api/core/v1/storage.ts'
import {
  annotated,
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  bestVolume,
  hasAnnotation,
  isKeptFor,
  mismatchOf,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
} from '#api/core/v1/volume-binding.ts'
import { defaultOf, type StorageClass } from '#api/storage/v1/storage-class.ts'
import { nothingToDo, type Outcome, type Write } from '../runner/controller.ts'
import { driverOf, isInTree } from '../runner/migrated-plugins.ts'
import { isFinished } from '../runner/pods.ts'
import { bind, told, updateOf, withoutVolume } from './persistentvolume-binder.writes.ts'
import type { VolumePromises } from './volume-promises.ts'

/** How often a claim that waits is looked at though nothing has happened: whoever reads its events sees that it still waits. */
export const RESYNC_MS = 15_000

export interface ClaimWorld {
  readonly claim: PersistentVolumeClaim
  readonly volumeNamed: (name: string) => PersistentVolume | undefined
  /** All that could be bound to the claim. */
  readonly volumes: () => Iterable<PersistentVolume>
  readonly classes: () => readonly StorageClass[]
  /** Pods that use the claim. */
  readonly pods: () => readonly Pod[]
  readonly promises: VolumePromises
}

export function reconcileClaim(world: ClaimWorld): Outcome {
  const { claim } = world
  if (hasAnnotation(claim, BIND_COMPLETED)) return { writes: keepBound(world) }
  return claim.spec.volumeName ? bindToNamed(world, claim.spec.volumeName) : bindToAny(world)
}

function keepBound({ claim, volumeNamed }: ClaimWorld): Write[] {
  const { volumeName } = claim.spec
  if (!volumeName)
    return lost(
      claim,
      'ClaimLost',
      'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
    )
  const volume = volumeNamed(volumeName)
  if (!volume)
    return lost(
      claim,
      'ClaimLost',
      'Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    )
  const { claimRef } = volume.spec
  if (!claimRef || claimRef.uid === claim.metadata.uid) return bind(volume, claim)
  return lost(
    claim,
    'ClaimMisbound',
    'Two claims are bound to the same volume, this one is bound incorrectly',
  )
}

function lost(claim: PersistentVolumeClaim, reason: string, message: string): Write[] {
  if (claim.status.phase === 'Lost') return []
  return [...withoutVolume(claim, 'Lost'), told(claim, 'Warning', reason, message)]
}

/** Whoever names a volume gets that one or none. */
function bindToNamed({ claim, volumeNamed }: ClaimWorld, name: string): Outcome {
  const volume = volumeNamed(name)
  if (!volume) return waiting(claim)
  if (volume.spec.claimRef && !isKeptFor(volume, claim)) {
    const message = `volume ${JSON.stringify(name)} already bound to a different claim.`
    const warning = told(claim, 'Warning', 'FailedBinding', message)
    // The control plane's own pointer is wrong only if somebody took its mark off; that is left as it is.
    return hasAnnotation(claim, BOUND_BY_CONTROLLER)
      ? { writes: [warning], againAfterMs: RESYNC_MS }
      : waiting(claim, warning)
  }
  const mismatch = volume.spec.claimRef ? undefined : mismatchOf(volume, claim)
  if (mismatch === undefined) return { writes: bind(volume, claim) }
  const message = `Cannot bind to requested volume ${JSON.stringify(name)}: ${mismatch}`
  return waiting(claim, told(claim, 'Warning', 'VolumeMismatch', message))
}

function bindToAny(world: ClaimWorld): Outcome {
  const { claim } = world
  const name = classOf(claim)
  const classes = world.classes()
  const found = classes.find(({ metadata }) => metadata.name === name)
  const isDelayed = found?.volumeBindingMode === 'WaitForFirstConsumer'
  // Where a pod decides the place, free volumes are the scheduler's to choose from.
  const isOpen = (free: PersistentVolume) => !isDelayed && !world.promises.isGiven(free, claim)
  const volume = bestVolume(claim, world.volumes(), isOpen)
  if (volume) {
    world.promises.give(volume, claim)
    return { writes: bind(volume, claim) }
  }
  const assumed = hasClass(claim) ? undefined : defaultOf(classes)?.metadata.name
  if (assumed !== undefined) {
    const spec = { ...claim.spec, storageClassName: assumed }
    return { writes: [updateOf(persistentVolumeClaim, { ...claim, spec })] }
  }
  if (isDelayed && !hasAnnotation(claim, SELECTED_NODE))
    return waiting(claim, untilScheduled(world))
  if (name) return provisioning(claim, name, found)
  const message = 'no persistent volumes available for this claim and no storage class is set'
  return waiting(claim, told(claim, 'Normal', 'FailedBinding', message))
}

const hasClass = (claim: PersistentVolumeClaim): boolean =>
  hasAnnotation(claim, CLASS_ANNOTATION) || claim.spec.storageClassName !== undefined

function untilScheduled({ claim, pods }: ClaimWorld): Write {
  const names = pods()
    .filter(pod => !isFinished(pod) && !pod.spec.nodeName)
    .map(({ metadata }) => metadata.name ?? '')
    .toSorted()
  if (names.length === 0) {
    const message = 'waiting for first consumer to be created before binding'
    return told(claim, 'Normal', 'WaitForFirstConsumer', message)
  }
  const which = names.length > 1 ? `pods ${names.join(',')}` : `pod ${names[0]}`
  return told(claim, 'Normal', 'WaitForPodScheduled', `waiting for ${which} to be scheduled`)
}

/** Who makes volumes is outside; the annotation tells them that it is their turn. */
function provisioning(
  claim: PersistentVolumeClaim,
  className: string,
  found: StorageClass | undefined,
): Outcome {
  const failed = (message: string): Outcome => ({
    writes: [told(claim, 'Warning', 'ProvisioningFailed', message)],
    againAfterMs: RESYNC_MS,
  })
  if (!found) return failed(`storageclass.storage.k8s.io ${JSON.stringify(className)} not found`)
  const provisioner = driverOf(found.provisioner) ?? found.provisioner
  if (isInTree(provisioner)) return failed(`no volume plugin matched name: ${provisioner}`)
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`
  const isTold = claim.metadata.annotations?.[STORAGE_PROVISIONER] === provisioner
  const marks = { [STORAGE_PROVISIONER]: provisioner, [BETA_STORAGE_PROVISIONER]: provisioner }
  return {
    writes: [
      ...(isTold ? [] : [updateOf(persistentVolumeClaim, annotated(claim, marks))]),
      told(claim, 'Normal', 'ExternalProvisioning', message),
    ],
    againAfterMs: RESYNC_MS,
  }
}

function waiting(claim: PersistentVolumeClaim, event?: Write): Outcome {
  const writes = [...(event ? [event] : []), ...withoutVolume(claim, 'Pending')]
  return writes.length > 0 ? { writes, againAfterMs: RESYNC_MS } : nothingToDo
}
