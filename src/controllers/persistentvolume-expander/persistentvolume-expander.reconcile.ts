/** A claim that wants more than it has: whoever runs its driver is told; of a plugin that has become a driver, under that name. */
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import {
  annotated,
  hasAnnotation,
  PRE_RESIZE_CAPACITY,
  STORAGE_RESIZER,
  sizeWanted,
} from '#api/core/v1/volume-binding.ts'
import { compareQuantities } from '#api/machinery/quantity.ts'
import { type AnyObject, nothingToDo, type Outcome, type Write } from '../runner/controller.ts'
import { driverOf, migratedPluginOf } from '../runner/migrated-plugins.ts'

export function reconcile(claim: PersistentVolumeClaim, volume: PersistentVolume): Outcome {
  if (volume.spec.claimRef?.uid !== claim.metadata.uid) return nothingToDo
  const has = claim.status.capacity?.storage ?? '0'
  const wantsMore = compareQuantities(sizeWanted(claim), has) > 0
  if (!wantsMore && !hasAnnotation(volume, PRE_RESIZE_CAPACITY)) return nothingToDo
  const plugin = migratedPluginOf(volume)
  if (plugin === undefined) return { writes: [waiting(claim, volume)] }
  const driver = driverOf(plugin)
  const isNamed = claim.metadata.annotations?.[STORAGE_RESIZER] === driver
  const object = annotated(claim, { [STORAGE_RESIZER]: driver }) as unknown as AnyObject
  return {
    writes: [
      told(
        claim,
        'Normal',
        `CSI migration enabled for ${plugin}; waiting for external resizer to expand the pvc`,
      ),
      ...(isNamed ? [] : [{ verb: 'update', kind: persistentVolumeClaim, object } as const]),
    ],
  }
}

/** Only drivers can be expected to come; of anything else upstream warns. */
function waiting(claim: PersistentVolumeClaim, { spec }: PersistentVolume): Write {
  const type = spec.csi || spec.flexVolume ? 'Normal' : 'Warning'
  return told(claim, type, 'waiting for an external controller to expand this PVC')
}

function told(about: PersistentVolumeClaim, type: 'Normal' | 'Warning', message: string): Write {
  return { verb: 'event', about, type, reason: 'ExternalExpanding', text: { message } }
}
