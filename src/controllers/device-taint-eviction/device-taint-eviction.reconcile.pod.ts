/** Whether and when a pod has to leave the devices of its claims. */
import { nameOfPodClaim } from '#api/core/v1/pod/device-claims.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { rfc3339 } from '#base/clock.ts'
import { nothingToDo, type Outcome, type Write } from '../runner/controller.ts'
import { isClaimOf, isMadeOfTemplate, isReservedFor } from '../runner/device-claims.ts'
import { conditionPatch } from '../runner/pods.ts'
import { type DeviceWorld, type Eviction, earliest, evictionOf } from './device-taints.ts'

export interface PodEvictionWorld extends DeviceWorld {
  readonly pod: Pod
  readonly claimNamed: (name: string) => ResourceClaim | undefined
}

export function reconcilePod(
  pod: Pod,
  eviction: Eviction | undefined,
  past: { readonly wasToGo: boolean; readonly nowMs: number },
): Outcome {
  if (pod.metadata.deletionTimestamp) return nothingToDo
  if (!eviction)
    return past.wasToGo ? { writes: [eventOf(pod, 'Cancelling deletion')] } : nothingToDo
  const leftMs = eviction.atMs - past.nowMs
  if (leftMs > 0) return { writes: [], againAfterMs: leftMs }
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByDeviceTaintManager',
    message: 'Device Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: rfc3339(past.nowMs),
  }
  return {
    writes: [
      eventOf(pod, 'Marking for deletion'),
      conditionPatch(pod, condition),
      { verb: 'delete', kind: podKind, object: pod },
    ],
  }
}

/** Of all claims that the pod may use, on whatever node it runs. */
export function podEviction({ pod, claimNamed, ...devices }: PodEvictionWorld) {
  if (!pod.spec.nodeName) return undefined
  return earliest(
    (pod.spec.resourceClaims ?? []).flatMap(podClaim => {
      const claim = claimNamed(nameOfPodClaim(pod, podClaim) ?? '')
      if (!claim || !isReservedFor(claim, pod)) return []
      if (isMadeOfTemplate(podClaim) && !isClaimOf(claim, pod)) return []
      return evictionOf(claim, devices) ?? []
    }),
  )
}

const eventOf = (about: Pod, message: string): Write => ({
  verb: 'event',
  about,
  type: 'Normal',
  reason: 'DeviceTaintManagerEviction',
  text: { message },
})
