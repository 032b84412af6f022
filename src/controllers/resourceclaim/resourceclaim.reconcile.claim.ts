/** What becomes of a claim when pods end: reservations go, then the allocation, then, if it was made for a pod, the claim. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { controllerOf } from '#api/machinery/metadata.ts'
import {
  type ResourceClaim,
  resourceClaim as resourceClaimKind,
} from '#api/resource/v1/resource-claim.ts'
import { isGroupConsumer } from '#api/scheduling/v1alpha2/group-claims.ts'
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import type { Outcome, Write } from '../runner/controller.ts'
import { needsNoClaims } from '../runner/device-claims.ts'

export interface ClaimWorld {
  readonly claim: ResourceClaim
  /** The pod of this name; undefined only if the server itself has none. */
  readonly podNamed: (name: string) => Pod | undefined
  /** The pod of this name as the view has it, which may not know it yet. */
  readonly seenPod: (name: string) => Pod | undefined
  /** The group of pods of this name; undefined only if the server itself has none. Absent where groups are not served. */
  readonly groupNamed?: ((name: string) => PodGroup | undefined) | undefined
}

/** Put on by the scheduler before it allocates, so that no claim goes while its devices are in use. */
const FINALIZER = 'resource.kubernetes.io/delete-protection'

export function reconcileClaim({ claim, podNamed, seenPod, groupNamed }: ClaimWorld): Outcome {
  const before = claim.status.reservedFor ?? []
  const reservedFor = before.filter(consumer => {
    const { apiGroup, resource, name, uid } = consumer
    // A group keeps its claims while it is there, with pods or without.
    if (groupNamed && isGroupConsumer(consumer)) return groupNamed(name)?.metadata.uid === uid
    // Who holds it in other words is for others to judge.
    if (apiGroup || resource !== 'pods') return true
    const pod = podNamed(name)
    return pod?.metadata.uid === uid && !needsNoClaims(pod)
  })
  const isUnused = reservedFor.length === 0
  return {
    writes: [
      ...released(claim, reservedFor, reservedFor.length < before.length),
      ...(isUnused && isForEndedPod(claim, seenPod)
        ? [{ verb: 'delete' as const, kind: resourceClaimKind, object: claim }]
        : []),
    ],
  }
}

type Consumers = NonNullable<ResourceClaim['status']['reservedFor']>

/**
 * Without users the devices are given back, but only when the last one goes or the claim does: a driver may allocate
 * first and reserve later.
 */
function released(claim: ResourceClaim, reservedFor: Consumers, isFewer: boolean): Write[] {
  const { finalizers = [], deletionTimestamp } = claim.metadata
  const isAllocatedHere = finalizers.includes(FINALIZER)
  const isToBeFreed =
    isAllocatedHere && reservedFor.length === 0 && (isFewer || Boolean(deletionTimestamp))
  const { allocation, reservedFor: _, ...rest } = claim.status
  const isStatusChanged = isFewer || (isToBeFreed && allocation !== undefined)
  const status: ResourceClaim['status'] = {
    ...rest,
    ...(allocation && !isToBeFreed ? { allocation } : {}),
    ...(reservedFor.length > 0 ? { reservedFor } : {}),
  }
  const others = finalizers.filter(finalizer => finalizer !== FINALIZER)
  return [
    // Written whole, not patched: if anything else changed meanwhile, it must fail.
    ...(isStatusChanged ? [update({ ...claim, status }, 'status')] : []),
    ...(isToBeFreed
      ? [update({ ...claim, status, metadata: { ...claim.metadata, finalizers: others } })]
      : []),
  ]
}

const update = (object: ResourceClaim, subresource?: string): Write => ({
  verb: 'update',
  kind: resourceClaimKind,
  object,
  ...(subresource ? { subresource } : {}),
})

/** The garbage collector would delete the claim with its pod, but an ended pod may stay for long. */
function isForEndedPod(claim: ResourceClaim, seenPod: ClaimWorld['seenPod']): boolean {
  const owner = controllerOf(claim)
  if (owner?.kind !== 'Pod' || owner.apiVersion !== 'v1') return false
  if (claim.metadata.deletionTimestamp) return false
  const pod = seenPod(owner.name)
  return pod !== undefined && (pod.metadata.uid !== owner.uid || needsNoClaims(pod))
}
