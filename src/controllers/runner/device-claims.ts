/** The ResourceClaims that pods use: by name, or made of a template for the pod alone. */
import { nameOfPodClaim, type PodClaim } from '#api/core/v1/pod/device-claims.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { controllerOf } from '#api/machinery/metadata.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
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

/** A claim under the name that was told may be another than the one that was made. */
export const isClaimOf = (claim: ResourceClaim, pod: Pod): boolean =>
  controllerOf(claim)?.uid === pod.metadata.uid

export const isReservedFor = (claim: ResourceClaim, pod: Pod): boolean =>
  (claim.status.reservedFor ?? []).some(({ uid }) => uid === pod.metadata.uid)

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
