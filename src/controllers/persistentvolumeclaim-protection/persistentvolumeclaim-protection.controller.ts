/** Keeps claims that are being deleted until no pod uses them. */
import { persistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { BY_CLAIM, claimKeysOf, indexByClaim } from '../runner/claims.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { wakeSelf } from '../runner/wake.ts'
import { reconcile } from './persistentvolumeclaim-protection.reconcile.ts'

export function persistentVolumeClaimProtectionController(context: ControllerContext): Controller {
  const claims = context.informers.for(persistentVolumeClaim)
  const pods = context.informers.for(pod)
  indexByClaim(pods)
  return {
    name: 'persistentvolumeclaim-protection-controller',
    workers: 1,
    views: [
      { kind: persistentVolumeClaim, informer: claims },
      { kind: pod, informer: pods },
    ],
    wake(queue) {
      wakeSelf(queue, claims)
      const wakeClaims = (changed: Pod) => {
        for (const key of claimKeysOf(changed)) queue.add(key)
      }
      queue.onStop(
        pods.subscribe({
          changed(next) {
            // Before its end a pod only begins to use its claims, which keeps them anyway.
            if (next.metadata.deletionTimestamp) wakeClaims(next)
          },
          deleted: wakeClaims,
        }),
      )
    },
    async reconcile(key) {
      const claim = claims.get(key)
      if (!claim) return { writes: [] }
      const { namespace = '' } = claim.metadata
      return reconcile({
        claim,
        pods: pods.by(BY_CLAIM, key),
        livePods: async () => (await context.client.list(pod, { namespace })).items,
      })
    },
  }
}
