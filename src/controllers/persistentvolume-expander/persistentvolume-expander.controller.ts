/** Says who is to grow a volume whose claim has become larger. Resizers do the rest: they are outside, as provisioners are. */
import { persistentVolume } from '#api/core/v1/persistent-volume.ts'
import { persistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { sizeWanted } from '#api/core/v1/volume-binding.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { compareQuantities } from '#api/machinery/quantity.ts'
import { type Controller, type ControllerContext, nothingToDo } from '../runner/controller.ts'
import { reconcile } from './persistentvolume-expander.reconcile.ts'

export function persistentVolumeExpanderController(context: ControllerContext): Controller {
  const claims = context.informers.for(persistentVolumeClaim)
  const volumes = context.informers.for(persistentVolume)
  return {
    name: 'persistentvolume-expander-controller',
    component: 'volume_expand',
    workers: 10,
    views: [
      { kind: persistentVolumeClaim, informer: claims },
      { kind: persistentVolume, informer: volumes },
    ],
    wake(queue) {
      queue.onStop(
        claims.subscribe({
          changed(claim, previous) {
            if (claim.status.phase !== 'Bound') return
            const hasGrown =
              !previous || compareQuantities(sizeWanted(claim), sizeWanted(previous)) > 0
            if (hasGrown) queue.add(keyOf(claim))
          },
        }),
      )
    },
    reconcile(key) {
      const claim = claims.get(key)
      const volume = volumes.get(claim?.spec.volumeName ?? '')
      return claim && volume ? reconcile(claim, volume) : nothingToDo
    },
  }
}
