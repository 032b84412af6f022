/** What a group of pods needs of the claims that its pods share: those of templates made, and told in its status. */
import { controllerOf } from '#api/machinery/metadata.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { nothingToDo, type Outcome, type Write } from '../runner/controller.ts'
import { creation, madeFor, statusOf } from './resourceclaim.make.ts'

export interface GroupClaimsWorld {
  readonly group: PodGroup
  readonly claimNamed: (name: string) => ResourceClaim | undefined
  /** The claims that the group controls. */
  readonly ownClaims: readonly ResourceClaim[]
  readonly templateNamed: (name: string) => ResourceClaimTemplate | undefined
}

export function reconcileGroup(world: GroupClaimsWorld): Outcome {
  const { group, claimNamed, ownClaims, templateNamed } = world
  const { metadata, spec, status } = group
  if (metadata.deletionTimestamp) return nothingToDo
  const owner = { kind: 'PodGroup' as const, object: group }
  const creations: Write[] = []
  const found = new Map<string, string>()
  for (const entry of spec.resourceClaims ?? []) {
    if (entry.resourceClaimTemplateName === undefined) continue
    const told = status.resourceClaimStatuses?.find(({ name }) => name === entry.name)
    const known = claimNamed(told?.resourceClaimName ?? '')
    if (known && controllerOf(known)?.uid === metadata.uid) continue
    const made = madeFor(ownClaims, entry)
    if (made) {
      found.set(entry.name, made.metadata.name ?? '')
      continue
    }
    const write = creation(owner, entry, templateNamed)
    creations.push(write)
    if (write.verb === 'event') break
  }
  if (creations.length > 0) return { writes: creations }
  return { writes: found.size > 0 ? [statusOf(owner, found)] : [] }
}
