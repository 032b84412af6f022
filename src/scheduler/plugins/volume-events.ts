/** Which changes of volumes and claims concern a waiting pod. */
import { claimsUsedBy } from '#api/core/v1/pod/claims.ts'
import type { ClusterEvent } from '../framework/cluster-event.ts'
import type { PodInfo } from '../state/pod-info.ts'

/** Whether the claim that changed is one of the pod's. */
export function concernsOwnClaim({ pod }: PodInfo, { previous, next }: ClusterEvent): boolean {
  const { namespace, name } = (next ?? previous)?.metadata ?? {}
  if (namespace !== pod.metadata.namespace) return false
  return claimsUsedBy(pod).some(claim => claim.name === name)
}
