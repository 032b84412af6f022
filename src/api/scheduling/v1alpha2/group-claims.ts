/** Claims that the pods of a group share: reserved for the group, and those of templates made for it, once. */
import type { PodClaim } from '../../core/v1/pod/device-claims.ts'
import type { ResourceClaim } from '../../resource/v1/resource-claim.schema.ts'
import type { PodGroup } from './pod-group.schema.ts'

type Consumer = NonNullable<ResourceClaim['status']['reservedFor']>[number]

const API_GROUP = 'scheduling.k8s.io'
const RESOURCE = 'podgroups'

/** Whether an entry of a pod's resourceClaims is its group's: all that it says must be the same. */
export const isGroupClaim = ({ spec }: PodGroup, entry: PodClaim): boolean =>
  (spec.resourceClaims ?? []).some(
    ({ name, resourceClaimName, resourceClaimTemplateName }) =>
      name === entry.name &&
      resourceClaimName === entry.resourceClaimName &&
      resourceClaimTemplateName === entry.resourceClaimTemplateName,
  )

/** How a claim says that it is reserved for the group. */
export function groupConsumer({ metadata }: PodGroup): Consumer {
  const { name = '', uid = '' } = metadata
  return { apiGroup: API_GROUP, resource: RESOURCE, name, uid }
}

export const isGroupConsumer = ({ apiGroup, resource }: Consumer): boolean =>
  apiGroup === API_GROUP && resource === RESOURCE

/** Whether the claim is reserved for the group of this name; a claim and its group share their namespace. */
export const isReservedForGroup = (claim: ResourceClaim, group: string | undefined): boolean =>
  (claim.status.reservedFor ?? []).some(
    consumer => isGroupConsumer(consumer) && consumer.name === group,
  )
