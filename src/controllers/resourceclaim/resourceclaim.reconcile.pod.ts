/** What a pod needs of its claims: those of templates made and told in its status, all of them reserved once it has a node. */
import { nameOfPodClaim, type PodClaim } from '#api/core/v1/pod/device-claims.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import {
  type ResourceClaim,
  resourceClaim as resourceClaimKind,
} from '#api/resource/v1/resource-claim.ts'
import type { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { groupConsumer, isGroupClaim } from '#api/scheduling/v1alpha2/group-claims.ts'
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { nothingToDo, type Outcome, type Write } from '../runner/controller.ts'
import {
  isClaimOf,
  isMadeOfTemplate,
  isReservedFor,
  needsNoClaims,
} from '../runner/device-claims.ts'
import { creation, madeFor, statusOf } from './resourceclaim.make.ts'

export interface PodClaimsWorld {
  readonly pod: Pod
  /** The pod's, whose claims it may share; `awaited` while it is not there. */
  readonly group?: PodGroup | 'awaited' | undefined
  readonly claimNamed: (name: string) => ResourceClaim | undefined
  /** The claims that the pod controls. */
  readonly ownClaims: readonly ResourceClaim[]
  readonly templateNamed: (name: string) => ResourceClaimTemplate | undefined
}

export function reconcilePod(world: PodClaimsWorld): Outcome {
  const { pod } = world
  // What was made for an ended pod would be deleted at once, and made again for ever.
  if (pod.metadata.deletionTimestamp || needsNoClaims(pod)) return nothingToDo
  const owner = { kind: 'Pod' as const, object: pod }
  const creations: Write[] = []
  const found = new Map<string, string>()
  for (const podClaim of pod.spec.resourceClaims ?? []) {
    if (!isMadeOfTemplate(podClaim)) continue
    const shared = sharedName(world, podClaim)
    if (shared !== undefined) {
      if (shared && nameOfPodClaim(pod, podClaim) !== shared) found.set(podClaim.name, shared)
      continue
    }
    if (hasClaim(world, podClaim)) continue
    const made = madeFor(world.ownClaims, podClaim)
    if (made) {
      found.set(podClaim.name, made.metadata.name ?? '')
      continue
    }
    const write = creation(owner, podClaim, world.templateNamed)
    creations.push(write)
    // The first that cannot be made is told, and the others wait with it.
    if (write.verb === 'event') break
  }
  // The name of a claim is known only when it is there; the view that shows it brings us here again.
  if (creations.length > 0) return { writes: creations }
  const told = found.size > 0 ? [statusOf(owner, found)] : []
  return { writes: [...told, ...reservations(world)] }
}

/** The name of the claim that the pod shares with its group: '' while that is not known, undefined if it has its own. */
function sharedName({ group }: PodClaimsWorld, podClaim: PodClaim): string | undefined {
  // Only the group can say which of the claims are shared.
  if (group === 'awaited') return ''
  if (!group || !isGroupClaim(group, podClaim)) return undefined
  const told = group.status.resourceClaimStatuses?.find(({ name }) => name === podClaim.name)
  return told?.resourceClaimName ?? ''
}

/** True while nothing is to be made for the entry: its claim is there, or it was found to need none. */
function hasClaim({ pod, claimNamed }: PodClaimsWorld, podClaim: PodClaim): boolean {
  const name = nameOfPodClaim(pod, podClaim)
  if (name === null) return true
  const claim = name === undefined ? undefined : claimNamed(name)
  return claim !== undefined && isClaimOf(claim, pod)
}

/** Pods that were put on a node without the scheduler have nobody else to reserve their claims. */
function reservations({ pod, group, claimNamed }: PodClaimsWorld): Write[] {
  if (!pod.spec.nodeName) return []
  const { name = '', uid = '' } = pod.metadata
  return (pod.spec.resourceClaims ?? []).flatMap(podClaim => {
    const claim = claimNamed(nameOfPodClaim(pod, podClaim) ?? '')
    if (!claim?.status.allocation || isReservedFor(claim, pod)) return []
    if (isMadeOfTemplate(podClaim) && !isClaimOf(claim, pod)) return []
    const sharing = typeof group === 'object' && isGroupClaim(group, podClaim) ? group : undefined
    const consumer = sharing ? groupConsumer(sharing) : { resource: 'pods', name, uid }
    const reservedFor = [...(claim.status.reservedFor ?? []), consumer]
    return {
      verb: 'update' as const,
      kind: resourceClaimKind,
      object: { ...claim, status: { ...claim.status, reservedFor } },
      subresource: 'status',
    }
  })
}
