/** One look at a volume: in which phase it is by what its claim says, and what becomes of it when the claim is gone. */
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { persistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import {
  annotated,
  DELETION_WITHIN,
  hasAnnotation,
  hasSameVolumeMode,
  MIGRATED_TO,
  PROVISIONED_BY,
} from '#api/core/v1/volume-binding.ts'
import { nothingToDo, type Outcome, type Write } from '../runner/controller.ts'
import { driverOf, isInTree } from '../runner/migrated-plugins.ts'
import { isFinished } from '../runner/pods.ts'
import { RESYNC_MS } from './persistentvolume-binder.reconcile.claim.ts'
import { told, unbind, updateOf, volumePhase } from './persistentvolume-binder.writes.ts'

export interface VolumeWorld {
  readonly volume: PersistentVolume
  /** The claim of this key, as far as the view knows. */
  readonly claimAt: (key: string) => PersistentVolumeClaim | undefined
  /** The same, asked of the server: no volume is given up because a view is late. */
  readonly liveClaimAt: (key: string) => Promise<PersistentVolumeClaim | undefined>
  /** Pods that use the claim of this key. */
  readonly podsOf: (key: string) => readonly Pod[]
}

export async function reconcileVolume(world: VolumeWorld): Promise<Outcome> {
  const { volume } = world
  const marked = markedByProvisioner(volume)
  if (marked !== volume) return { writes: [updateOf(persistentVolume, marked)] }
  const { claimRef } = volume.spec
  if (!claimRef?.uid) return { writes: volumePhase(volume, 'Available') }
  const key = `${claimRef.namespace}/${claimRef.name}`
  const claim = await claimOf(world, key, claimRef.uid)
  if (!claim) return { writes: release(world, key) }
  if (!claim.spec.volumeName) return awaitBinding(volume, claim)
  if (claim.spec.volumeName === volume.metadata.name)
    return { writes: volumePhase(volume, 'Bound') }
  // Made for a claim that found another: nobody else can want it.
  const isSpare =
    hasAnnotation(volume, PROVISIONED_BY) && volume.spec.persistentVolumeReclaimPolicy === 'Delete'
  return { writes: isSpare ? release(world, key) : unbind(volume) }
}

/**
 * Who is to delete the volume. Of a plugin that has become a driver that is the driver, whose own finalizer holds the volume; the
 * control plane's would hold it for ever. Volumes of other plugins within are held while their data is to be deleted.
 */
function markedByProvisioner(volume: PersistentVolume): PersistentVolume {
  const provisioner = volume.metadata.annotations?.[PROVISIONED_BY] ?? ''
  const driver = driverOf(provisioner)
  if (driver === undefined && !isInTree(provisioner)) return volume
  const isDeleted = volume.spec.persistentVolumeReclaimPolicy === 'Delete'
  const finalized = heldWithin(volume, driver === undefined && isDeleted)
  if (driver === undefined || volume.metadata.annotations?.[MIGRATED_TO] === driver)
    return finalized
  return annotated(finalized, { [MIGRATED_TO]: driver })
}

function heldWithin(volume: PersistentVolume, isHeld: boolean): PersistentVolume {
  const { finalizers = [], ...metadata } = volume.metadata
  if (finalizers.includes(DELETION_WITHIN) === isHeld) return volume
  const next = isHeld
    ? [...finalizers, DELETION_WITHIN]
    : finalizers.filter(name => name !== DELETION_WITHIN)
  return { ...volume, metadata: next.length > 0 ? { ...metadata, finalizers: next } : metadata }
}

/** The very claim that the volume is bound to; a new one of the same name is another. */
async function claimOf(
  { volume, claimAt, liveClaimAt }: VolumeWorld,
  key: string,
  uid: string,
): Promise<PersistentVolumeClaim | undefined> {
  const known = claimAt(key)
  if (known?.metadata.uid === uid) return known
  if (!known && isGivenUp(volume)) return undefined
  const live = await liveClaimAt(key)
  return live?.metadata.uid === uid ? live : undefined
}

const isGivenUp = ({ status }: PersistentVolume): boolean =>
  status.phase === 'Released' || status.phase === 'Failed'

/** The rest is done when the claim is looked at, which the change of the volume has caused. */
function awaitBinding(volume: PersistentVolume, claim: PersistentVolumeClaim): Outcome {
  if (hasSameVolumeMode(volume, claim)) return nothingToDo
  const { name } = volume.metadata
  return {
    writes: [
      told(
        volume,
        'Warning',
        'VolumeMismatch',
        `Cannot bind PersistentVolume to requested PersistentVolumeClaim ${JSON.stringify(claim.metadata.name)} due to incompatible volumeMode.`,
      ),
      told(
        claim,
        'Warning',
        'VolumeMismatch',
        `Cannot bind PersistentVolume ${JSON.stringify(name)} to requested PersistentVolumeClaim due to incompatible volumeMode.`,
      ),
    ],
    againAfterMs: RESYNC_MS,
  }
}

function release(world: VolumeWorld, key: string): Write[] {
  const { volume } = world
  const released = isGivenUp(volume) ? [] : volumePhase(volume, 'Released')
  return [...released, ...reclaim(world, key)]
}

function reclaim({ volume, claimAt, podsOf }: VolumeWorld, key: string): Write[] {
  if (volume.metadata.annotations?.[MIGRATED_TO]) return []
  switch (volume.spec.persistentVolumeReclaimPolicy) {
    case 'Retain':
      return []
    case 'Delete': {
      const refusal = volume.metadata.deletionTimestamp ? undefined : noDeleter(volume)
      return refusal === undefined ? [] : failed(volume, 'VolumeFailedDelete', refusal)
    }
    case 'Recycle': {
      const users = podsOf(key).filter(pod => !isFinished(pod))
      if (users.length === 0 || claimAt(key))
        return failed(volume, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!')
      const names = users.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).toSorted()
      return [
        told(volume, 'Normal', 'VolumeFailedRecycle', `Volume is used by pods: ${names.join(',')}`),
      ]
    }
    default:
      return failed(
        volume,
        'VolumeUnknownReclaimPolicy',
        'Volume has unrecognized PersistentVolumeReclaimPolicy',
      )
  }
}

/** Why nobody can delete the data; undefined where somebody outside will. */
function noDeleter({ metadata, spec }: PersistentVolume): string | undefined {
  const provisioner = metadata.annotations?.[PROVISIONED_BY]
  if (provisioner)
    return isInTree(provisioner) ? `no volume plugin matched name: ${provisioner}` : undefined
  if (spec.csi) return undefined
  const { hostPath } = spec
  // Upstream deletes such directories on the machine of its controllers. Ours touch no machine.
  if (hostPath && !/^\/tmp\/.+/.test(hostPath.path))
    return `host_path deleter only supports /tmp/.+ but received provided ${hostPath.path}`
  return `error getting deleter volume plugin for volume ${JSON.stringify(metadata.name)}: no deletable volume plugin matched`
}

function failed(volume: PersistentVolume, reason: string, message: string): Write[] {
  if (volume.status.phase === 'Failed') return []
  return [...volumePhase(volume, 'Failed', message), told(volume, 'Warning', reason, message)]
}
