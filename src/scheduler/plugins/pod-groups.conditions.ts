/** Tells in the status of groups what became of them. */
import type { Condition } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type PodGroup, podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Handle } from '../framework/handle.ts'

export type GroupCondition = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

export const SCHEDULED: GroupCondition = {
  ...{ type: 'PodGroupScheduled', status: 'True', reason: 'Scheduled', message: '' },
}
export const UNSCHEDULABLE: GroupCondition = {
  ...{ type: 'PodGroupScheduled', status: 'False', reason: 'Unschedulable' },
  message: 'pod group is unschedulable',
}
/** Why a group that has to stay in one domain evicts nobody. */
export const CONSTRAINED =
  'workload aware preemption is not supported for pod groups with scheduling constraints'
export const WAITING: GroupCondition = {
  ...UNSCHEDULABLE,
  message: `${UNSCHEDULABLE.message}, pod group is waiting for preemption to complete`,
}
export const PREEMPTED: GroupCondition = {
  ...{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' },
  message: 'preempting to accommodate a higher priority pod group',
}

/** A group that was scheduled once stays so, whatever becomes of further members. Resolves also where it cannot be written. */
export async function tellGroup(
  { client, clock, log }: Handle,
  { metadata, status }: PodGroup,
  condition: GroupCondition,
): Promise<void> {
  const { name = '', namespace = '', generation } = metadata
  const before = status.conditions?.find(({ type }) => type === condition.type)
  if (before?.status === 'True' && condition.status !== 'True') return
  const isSame = (['status', 'reason', 'message'] as const).every(
    field => before?.[field] === condition[field],
  )
  if (isSame) return
  const isTurned = before?.status !== condition.status
  const lastTransitionTime = isTurned ? rfc3339(clock.now()) : before?.lastTransitionTime
  const told = {
    ...condition,
    lastTransitionTime,
    ...(generation ? { observedGeneration: generation } : {}),
  }
  try {
    await client.patch(
      podGroup,
      { name, namespace },
      'strategic',
      { status: { conditions: [told] } },
      { subresource: 'status' },
    )
  } catch (error) {
    if (!isStatus(error, 'NotFound'))
      log.error('the status of a pod group cannot be written', {
        group: `${namespace}/${name}`,
        error: messageOf(error),
      })
  }
}
