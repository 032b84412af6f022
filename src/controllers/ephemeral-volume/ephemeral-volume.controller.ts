/** Makes the claims of pods' ephemeral volumes. */
import { persistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import { BY_CLAIM, indexByClaim } from '../runner/claims.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { reconcile } from './ephemeral-volume.reconcile.ts'

export function ephemeralVolumeController(context: ControllerContext): Controller {
  const pods = context.informers.for(pod)
  const claims = context.informers.for(persistentVolumeClaim)
  indexByClaim(pods)
  return {
    name: 'ephemeral-volume-controller',
    component: 'ephemeral_volume',
    workers: 5,
    views: [
      { kind: pod, informer: pods },
      { kind: persistentVolumeClaim, informer: claims },
    ],
    wake(queue) {
      queue.onStop(
        pods.subscribe({
          changed(next, previous) {
            // The volumes of a pod never change.
            if (!previous && next.spec.volumes?.some(({ ephemeral }) => ephemeral))
              queue.add(keyOf(next))
          },
        }),
      )
      queue.onStop(
        claims.subscribe({
          deleted(claim) {
            for (const found of pods.by(BY_CLAIM, keyOf(claim))) queue.add(keyOf(found))
          },
        }),
      )
    },
    reconcile(key) {
      const found = pods.get(key)
      if (!found) return { writes: [] }
      const { namespace } = found.metadata
      return reconcile({ pod: found, claimNamed: name => claims.get(`${namespace}/${name}`) })
    },
  }
}
