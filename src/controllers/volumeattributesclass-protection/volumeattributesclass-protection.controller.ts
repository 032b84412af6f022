/** Keeps classes of volume attributes that are being deleted until no claim and no volume names them. */
import { persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { volumeAttributesClass } from '#api/storage/v1/volume-attributes-class.ts'
import type { InformerListener } from '#client/informer.ts'
import type { Controller, ControllerContext, Wakeup } from '../runner/controller.ts'
import { protect } from '../runner/finalizers.ts'
import { wakeSelf } from '../runner/wake.ts'

const FINALIZER = 'kubernetes.io/vac-protection'
const BY_CLASS = 'attributes-class'

export function volumeAttributesClassProtectionController(context: ControllerContext): Controller {
  const classes = context.informers.for(volumeAttributesClass)
  const claims = context.informers.for(persistentVolumeClaim)
  const volumes = context.informers.for(persistentVolume)
  claims.addIndex(BY_CLASS, classesOfClaim)
  volumes.addIndex(BY_CLASS, classesOfVolume)
  return {
    name: 'volumeattributesclass-protection-controller',
    workers: 1,
    views: [
      { kind: volumeAttributesClass, informer: classes },
      { kind: persistentVolumeClaim, informer: claims },
      { kind: persistentVolume, informer: volumes },
    ],
    wake(queue) {
      wakeSelf(queue, classes)
      queue.onStop(claims.subscribe(leaving(queue, classesOfClaim)))
      queue.onStop(volumes.subscribe(leaving(queue, classesOfVolume)))
    },
    async reconcile(key) {
      const object = classes.get(key)
      if (!object) return { writes: [] }
      const isUsed = () =>
        volumes.by(BY_CLASS, key).length > 0 || claims.by(BY_CLASS, key).length > 0
      return {
        writes: await protect({
          kind: volumeAttributesClass,
          object,
          finalizer: FINALIZER,
          isUsed,
        }),
      }
    },
  }
}

/** What it wants, what it has, and what it is being changed to. */
function classesOfClaim({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec.volumeAttributesClassName,
    status.currentVolumeAttributesClassName,
    status.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]
  return [...new Set(names.filter((name): name is string => Boolean(name)))]
}

function classesOfVolume({ spec }: { spec: { volumeAttributesClassName?: string } }): string[] {
  return spec.volumeAttributesClassName ? [spec.volumeAttributesClassName] : []
}

/** Looks at the classes that an object no longer names. */
function leaving<T>(queue: Wakeup, classesOf: (object: T) => string[]): InformerListener<T> {
  return {
    changed(next, previous) {
      const names = new Set(classesOf(next))
      for (const name of previous ? classesOf(previous) : []) if (!names.has(name)) queue.add(name)
    },
    deleted: object => classesOf(object).forEach(queue.add),
  }
}
