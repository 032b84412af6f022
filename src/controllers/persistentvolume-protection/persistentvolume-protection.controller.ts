/** Keeps volumes that are being deleted until no claim is bound to them. */
import { persistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { protect } from '../runner/finalizers.ts'
import { wakeSelf } from '../runner/wake.ts'

const FINALIZER = 'kubernetes.io/pv-protection'

export function persistentVolumeProtectionController(context: ControllerContext): Controller {
  const volumes = context.informers.for(persistentVolume)
  return {
    name: 'persistentvolume-protection-controller',
    workers: 1,
    views: [{ kind: persistentVolume, informer: volumes }],
    wake: queue => wakeSelf(queue, volumes),
    async reconcile(key) {
      const volume = volumes.get(key)
      if (!volume) return { writes: [] }
      const isUsed = () => volume.status.phase === 'Bound'
      const what = { kind: persistentVolume, object: volume, finalizer: FINALIZER, isUsed }
      return { writes: await protect(what) }
    },
  }
}
