/** The ResourceClaims that pods use: by name, or made of a template for the pod alone. */
import { nameOfPodClaim, type PodClaim } from '#api/core/v1/pod/device-claims.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { controllerOf } from '#api/machinery/metadata.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { isReservedForGroup } from '#api/scheduling/v1alpha2/group-claims.ts'
import type { Informer } from '#client/informer.ts'
import { isFinished } from './pods.ts'

/** The names of all claims of the pod that are known by now, with the one that was made for its extended resources. */
export function claimNamesOf(pod: Pod): string[] {
  const extended = pod.status.extendedResourceClaimStatus?.resourceClaimName
  const named = (pod.spec.resourceClaims ?? []).map(podClaim => nameOfPodClaim(pod, podClaim) ?? '')
  return [...named, extended ?? ''].filter(name => name !== '')
}

export const isMadeOfTemplate = ({ resourceClaimTemplateName }: PodClaim): boolean =>
  resourceClaimTemplateName !== undefined

/** Whether the claim was made for the pod, or for its group: one under the name that was told may be another. */
export function isClaimOf(claim: ResourceClaim, { metadata, spec }: Pod): boolean {
  const owner = controllerOf(claim)
  if (owner?.kind === 'PodGroup') return owner.name === spec.schedulingGroup?.podGroupName
  return owner?.uid === metadata.uid
}

export const isReservedFor = (claim: ResourceClaim, { metadata, spec }: Pod): boolean =>
  (claim.status.reservedFor ?? []).some(({ uid }) => uid === metadata.uid) ||
  isReservedForGroup(claim, spec.schedulingGroup?.podGroupName)

/** True for a pod that will never use its claims (any more): it has ended, or went before it had a node. */
export const needsNoClaims = (pod: Pod): boolean =>
  isFinished(pod) || (Boolean(pod.metadata.deletionTimestamp) && !pod.spec.nodeName)

export const BY_DEVICE_CLAIM = 'device claim'

/** Files pods under `namespace/name` of each ResourceClaim that is known to be theirs. */
export function indexByDeviceClaim(pods: Informer<Pod>): void {
  pods.addIndex(BY_DEVICE_CLAIM, pod =>
    claimNamesOf(pod).map(name => `${pod.metadata.namespace}/${name}`),
  )
}
