/** For whom claims are reserved: for the pod that uses one, or for its group, where the group says that its pods share it. */
import { nameOfPodClaim } from '#api/core/v1/pod/device-claims.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { groupConsumer, isGroupClaim } from '#api/scheduling/v1alpha2/group-claims.ts'
import type { Handle } from '../framework/handle.ts'
import { groupKeyOf, PodGroups } from './pod-groups.ts'

export type Consumer = NonNullable<ResourceClaim['status']['reservedFor']>[number]

export class ClaimUsers {
  readonly #groups: PodGroups | undefined

  constructor(handle: Handle) {
    this.#groups = handle.enabled('DRAWorkloadResourceClaims') ? new PodGroups(handle) : undefined
  }

  consumerOf(pod: Pod, claim: ResourceClaim): Consumer {
    const group = this.#groups?.of(pod)
    const isShared =
      group &&
      (pod.spec.resourceClaims ?? []).some(
        entry => nameOfPodClaim(pod, entry) === claim.metadata.name && isGroupClaim(group, entry),
      )
    if (isShared) return groupConsumer(group)
    const { name = '', uid = '' } = pod.metadata
    return { resource: 'pods', name, uid }
  }

  /** Whether nobody but the pod has a use for the claim: a group has none while none of its pods has a node. */
  isFree(claim: ResourceClaim, pod: Pod): boolean {
    const own = this.consumerOf(pod, claim)
    const key = own.resource === 'pods' ? undefined : groupKeyOf(pod)
    if (key !== undefined && this.#groups?.placed(key).length) return false
    return (claim.status.reservedFor ?? []).every(({ uid }) => uid === own.uid)
  }
}
