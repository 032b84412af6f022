/** Whether a claim that is being deleted is still used by a pod. */
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { ephemeralClaimName, isMadeFor } from '../runner/claims.ts'
import type { Outcome } from '../runner/controller.ts'
import { protect } from '../runner/finalizers.ts'

const FINALIZER = 'kubernetes.io/pvc-protection'

export interface ClaimProtectionWorld {
  readonly claim: PersistentVolumeClaim
  /** Pods that name the claim, as far as the view knows. */
  readonly pods: readonly Pod[]
  /** All pods of the namespace, asked of the server: a claim must not go because a view is late. */
  readonly livePods: () => Promise<readonly Pod[]>
}

export async function reconcile(world: ClaimProtectionWorld): Promise<Outcome> {
  const { claim, pods, livePods } = world
  const isUsedBy = (pod: Pod) => uses(pod, claim)
  const writes = await protect({
    kind: persistentVolumeClaim,
    object: claim,
    finalizer: FINALIZER,
    isUsed: async () => pods.some(isUsedBy) || (await livePods()).some(isUsedBy),
  })
  return { writes }
}

/** Kubelets start no pod whose claim is being deleted, so a pod that is on no node yet does not count. */
function uses(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec.nodeName) return false
  return (pod.spec.volumes ?? []).some(({ name, persistentVolumeClaim: named, ephemeral }) => {
    if (named) return named.claimName === claim.metadata.name
    const isOfVolume = ephemeral && ephemeralClaimName(pod, name) === claim.metadata.name
    return isOfVolume && isMadeFor(claim, pod) && !isShutDown(pod)
  })
}

/** A pod that is kept only by its finalizers may wait for its own claim to go. */
function isShutDown({ metadata }: Pod): boolean {
  return Boolean(metadata.deletionTimestamp) && Number(metadata.deletionGracePeriodSeconds) === 0
}
