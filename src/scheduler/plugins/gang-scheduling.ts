import type { Pod } from '#api/core/v1/pod/pod.ts'
import { type PodGroup, podGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import { actions, type ClusterEvent, type EventInterest } from '../framework/cluster-event.ts'
import type { Handle } from '../framework/handle.ts'
import type { Plugin } from '../framework/plugin.ts'
import { failed, refusal, unresolvable } from '../framework/status.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { GangMembers } from './gang-scheduling.members.ts'
import { SCHEDULED, tellGroup, UNSCHEDULABLE, WAITING } from './pod-groups.conditions.ts'
import { groupKeyOf } from './pod-groups.ts'

const NAME = 'GangScheduling'
/** So long a part of a gang keeps its room while the rest is not placed. */
const PERMIT_TIMEOUT_MS = 5 * 60_000
const TOO_FEW = unresolvable(
  NAME,
  'waiting for minCount pods from a gang to appear in scheduling queue',
)
const MUST_WAIT = 'waiting for minCount pods from a gang to be scheduled'
/** Upstream's words for those that found a node, but not enough others with them. */
const REJECTED = `${UNSCHEDULABLE.message}, ${MUST_WAIT}, one or more plugins asked to wait and no plugin rejected pod`
const WAIT = refusal(NAME, MUST_WAIT, 'Wait')

/**
 * Binds the pods of a gang together or not at all. The first member that finds a node brings the others to the front of the queue, so
 * that no other gang comes between them; placed members keep their room until there are enough. As soon as there cannot be, all
 * give it back, so that two gangs never hold what the other needs.
 */
export function gangScheduling(_args: unknown, handle: Handle): Plugin {
  const groups = handle.informers.for(podGroup)
  const members = new GangMembers(handle, key => {
    // Of a gang that runs, members may leave.
    if (members.waiting(key).length > 0) giveUpIfTooFew(key)
  })
  const isConstrained = ({ spec }: PodGroup): boolean =>
    handle.enabled('TopologyAwareWorkloadScheduling') &&
    (spec.schedulingConstraints?.topology ?? []).length > 0
  // Upstream says nothing else of a group that is helped as a whole.
  const preempting = handle.enabled('WorkloadAwarePreemption') ? UNSCHEDULABLE : WAITING
  const minCountOf = (pod: Pod): number | undefined => {
    const key = groupKeyOf(pod)
    return key === undefined ? undefined : minCountIn(groups.get(key))
  }
  /** Gives back the room of a gang that cannot come together any more. */
  const giveUpIfTooFew = (key: string): void => {
    const group = groups.get(key)
    const minCount = minCountIn(group)
    const scheduled = members.scheduled(key)
    const remaining = members.remaining(key)
    if (!group || minCount === undefined || scheduled + remaining.length >= minCount) return
    // Who was not tried yet would begin another round, and those after it further ones.
    handle.retreat(remaining)
    for (const each of members.waiting(key)) each.reject(NAME, REJECTED, { isOfNoNode: true })
    // Where no domain takes the group, that is what it is told.
    const isTold = scheduled === 0 && isConstrained(group)
    if (!isTold) void tellGroup(handle, group, UNSCHEDULABLE)
  }
  return {
    name: NAME,
    preEnqueue({ pod }) {
      const key = groupKeyOf(pod)
      if (key === undefined) return undefined
      if (!groups.get(key)) {
        const name = pod.spec.schedulingGroup?.podGroupName
        return unresolvable(
          NAME,
          `waiting for pods's pod group ${JSON.stringify(name)} to appear in scheduling queue`,
        )
      }
      const minCount = minCountOf(pod)
      return minCount !== undefined && members.count(key) < minCount ? TOO_FEW : undefined
    },
    reserve(_cycle, pod) {
      members.assume(pod)
      return undefined
    },
    unreserve: (_cycle, pod) => members.forget(pod),
    permit(_cycle, { pod }) {
      const key = groupKeyOf(pod)
      if (key === undefined) return undefined
      const group = groups.get(key)
      if (!group) return { status: failed(NAME, `failed to get podGroup ${key}`) }
      const minCount = minCountOf(pod)
      if (minCount !== undefined && members.scheduled(key) < minCount) {
        const waiting = members.waiting(key)
        if (waiting.length === 0) handle.advance(members.startRound(key))
        return { status: WAIT, timeoutMs: PERMIT_TIMEOUT_MS }
      }
      for (const each of members.waiting(key)) each.allow(NAME)
      void tellGroup(handle, group, SCHEDULED)
      return undefined
    },
    notPlaced({ pod, uid }, nominatedNode) {
      const key = groupKeyOf(pod)
      const minCount = minCountOf(pod)
      if (key === undefined || minCount === undefined) return
      const group = groups.get(key)
      if (nominatedNode) {
        // Room is being made for it: worth the wait.
        if (group) void tellGroup(handle, group, preempting)
        return
      }
      members.refused(key, uid)
      giveUpIfTooFew(key)
    },
    events: () => interests,
  }
}

const isOfSameGroup = ({ pod }: PodInfo, { next }: ClusterEvent): boolean => {
  const key = groupKeyOf(pod)
  return key !== undefined && key === groupKeyOf(next as Pod)
}

const interests: readonly EventInterest[] = [
  { resource: 'UnscheduledPod', action: actions.add, hint: isOfSameGroup },
  { resource: 'AssignedPod', action: actions.add, hint: isOfSameGroup },
  {
    resource: 'PodGroup',
    action: actions.add | actions.updateOther,
    hint({ pod }, { previous, next }) {
      const { namespace, name } = next?.metadata ?? {}
      if (groupKeyOf(pod) !== `${namespace}/${name}`) return false
      const [before, after] = [previous, next].map(group => minCountIn(group as PodGroup))
      return before === undefined || after === undefined || after < before
    },
  },
]

const minCountIn = (group: PodGroup | undefined): number | undefined =>
  group?.spec.schedulingPolicy.gang?.minCount
