/** What changed about a pod, in the words of events. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { actions } from '../framework/cluster-event.ts'
import { podRequestsOf } from '../state/pod-requests.ts'

/** Bits of `actions`; 0 where nothing that plugins read is different. */
export function podChange(previous: Pod, next: Pod): number {
  if (previous === next) return 0
  const specChanged = mayDifferInSpec(previous, next)
  let action = 0
  if (differ(previous.metadata.labels, next.metadata.labels)) action |= actions.updatePodLabel
  if ((specChanged || resizes(previous) || resizes(next)) && isScaledDown(previous, next))
    action |= actions.updatePodScaleDown
  if (claimsDiffer(previous, next)) action |= actions.updatePodGeneratedResourceClaim
  if (!specChanged) return action
  const [before, after] = [previous.spec, next.spec]
  if (before.schedulingGates?.length && !after.schedulingGates?.length)
    action |= actions.updatePodSchedulingGatesEliminated
  if (differ(before.tolerations, after.tolerations)) action |= actions.updatePodToleration
  if (action === 0 && differ(before, after)) action = actions.updateOther
  return action
}

/** The server counts every change of a spec; most updates are of a status, and specs are long. */
function mayDifferInSpec(previous: Pod, next: Pod): boolean {
  const { generation } = next.metadata
  return !generation || previous.metadata.generation !== generation
}

function differ(before: unknown, after: unknown): boolean {
  return before !== after && JSON.stringify(before) !== JSON.stringify(after)
}

/** Whether the status has a part in what the pod asks for. */
function resizes({ status }: Pod): boolean {
  const { containerStatuses, initContainerStatuses, resources, allocatedResources } =
    status as Pod['status'] & Record<'resources' | 'allocatedResources', unknown>
  const says = [...(containerStatuses ?? []), ...(initContainerStatuses ?? [])]
  return Boolean(resources ?? allocatedResources) || says.some(one => one.resources)
}

function isScaledDown(previous: Pod, next: Pod): boolean {
  const before = podRequestsOf(previous).requests
  const after = podRequestsOf(next).requests
  for (const [resource, amount] of before) if ((after.get(resource) ?? 0) < amount) return true
  return false
}

function claimsDiffer(previous: Pod, next: Pod): boolean {
  const before = previous.status as Record<string, unknown>
  const after = next.status as Record<string, unknown>
  return CLAIM_FIELDS.some(field => differ(before[field], after[field]))
}
const CLAIM_FIELDS = ['resourceClaimStatuses', 'extendedResourceClaimStatus']
