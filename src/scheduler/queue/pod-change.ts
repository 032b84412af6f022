/** What changed about a pod, in the words of events. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { actions } from '../framework/cluster-event.ts'
import { podRequestsOf } from '../state/pod-requests.ts'

const text = (value: unknown): string => JSON.stringify(value) ?? ''

/** Bits of `actions`; 0 where nothing that plugins read is different. */
export function podChange(previous: Pod, next: Pod): number {
  if (previous === next) return 0
  let action = 0
  if (text(previous.metadata.labels) !== text(next.metadata.labels))
    action |= actions.updatePodLabel
  if (isScaledDown(previous, next)) action |= actions.updatePodScaleDown
  const [before, after] = [previous.spec, next.spec]
  if (before.schedulingGates?.length && !after.schedulingGates?.length)
    action |= actions.updatePodSchedulingGatesEliminated
  if (text(before.tolerations) !== text(after.tolerations)) action |= actions.updatePodToleration
  if (claimsText(previous) !== claimsText(next)) action |= actions.updatePodGeneratedResourceClaim
  if (action === 0 && text(before) !== text(after)) action = actions.updateOther
  return action
}

function isScaledDown(previous: Pod, next: Pod): boolean {
  if (previous.spec === next.spec && previous.status === next.status) return false
  const before = podRequestsOf(previous).requests
  const after = podRequestsOf(next).requests
  for (const [resource, amount] of before) if ((after.get(resource) ?? 0) < amount) return true
  return false
}

function claimsText({ status }: Pod): string {
  const { resourceClaimStatuses, extendedResourceClaimStatus } = status as Record<string, unknown>
  return text([resourceClaimStatuses, extendedResourceClaimStatus])
}
