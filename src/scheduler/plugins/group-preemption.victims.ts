/** Which pods of the whole cluster would have to go so that a group finds room: as few and as unimportant as possible. */
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import type { Handle } from '../framework/handle.ts'
import { refusal, type Status, unresolvable } from '../framework/status.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { splitUnitsByBudgets } from './default-preemption-budgets.ts'
import { startMsOf } from './default-preemption-victims.ts'
import { GroupAttempt } from './group-preemption.attempt.ts'
import { groupKeyOf, type PodGroups } from './pod-groups.ts'

/** What can only go as a whole: a pod, or all pods of a group that may not lose single ones. */
export interface Unit {
  readonly pods: readonly PodInfo[]
  readonly priority: number
  /** Where it is a whole group. */
  readonly group?: PodGroup
}

export interface GroupVictims {
  readonly units: readonly Unit[]
  /** Where the members go once the victims are gone, by UID. */
  readonly places: ReadonlyMap<string, string>
}

export interface GroupRun {
  readonly handle: Pick<Handle, 'snapshot' | 'trial' | 'clock' | 'stopping'>
  readonly groups: PodGroups
  readonly budgets: readonly PodDisruptionBudget[]
  readonly group: PodGroup
  readonly key: string
}

export const priorityOf = ({ spec }: PodGroup): number => spec.priority ?? 0

/**
 * Takes all that is less important than the group out of the cluster and, if enough members fit then, gives back as much as it can:
 * first what a budget keeps, of each the most important first. Nothing is given back that would cost a member its place. A Status
 * says why no eviction helps; undefined that none is needed. Others in the process get their turn now and then: everything is in
 * its place meanwhile, and what has changed by then is heeded.
 */
export async function victimsFor(
  run: GroupRun,
  plugin: string,
): Promise<GroupVictims | Status | undefined> {
  const attempt = new GroupAttempt(run)
  if (attempt.fits(attempt.place())) return undefined
  const lower = unitsOf(run).filter(({ priority }) => priority < priorityOf(run.group))
  if (lower.length === 0)
    return unresolvable(plugin, 'No preemption victims found for incoming preemptor')
  const places = await attempt.makeRoom(inOrder(lower, run.budgets))
  return places
    ? { units: lower.filter(unit => attempt.isGone(unit)), places }
    : refusal(plugin, NOT_ENOUGH)
}
const NOT_ENOUGH = 'pod group is unschedulable'

/** Which of them are given back first. */
function inOrder(units: readonly Unit[], budgets: GroupRun['budgets']): Unit[] {
  const sorted = units.toSorted(byImportance)
  const { violating, others } = splitUnitsByBudgets(sorted, ({ pods }) => pods, budgets)
  return [...violating, ...others]
}

/** All that could go, but for the group's own pods. */
function unitsOf({ handle, groups, key }: GroupRun): Unit[] {
  const singles: Unit[] = []
  const whole = new Map<string, { pods: PodInfo[]; priority: number; group: PodGroup }>()
  for (const { pods } of handle.snapshot.nodes)
    for (const info of pods.values()) {
      const own = groupKeyOf(info.pod)
      if (own === key) continue
      const group = groups.of(info.pod)
      if (own === undefined || group?.spec.disruptionMode !== 'PodGroup') {
        singles.push({ pods: [info], priority: info.priority })
        continue
      }
      const unit = whole.get(own)
      if (unit) unit.pods.push(info)
      else whole.set(own, { pods: [info], priority: priorityOf(group), group })
    }
  return [...singles, ...whole.values()]
}

/** Upstream's order: by priority, groups before pods, large groups before small ones, and what has been running longer first. */
function byImportance(a: Unit, b: Unit): number {
  const [inGroup, otherInGroup] = [isGrouped(a), isGrouped(b)]
  return (
    b.priority - a.priority ||
    Number(otherInGroup) - Number(inGroup) ||
    (inGroup ? b.pods.length - a.pods.length : 0) ||
    order(startOf(a), startOf(b))
  )
}

const isGrouped = ({ pods }: Unit): boolean =>
  pods.some(({ pod }) => pod.spec.schedulingGroup !== undefined)
const startOf = ({ pods }: Unit): number => Math.min(...pods.map(startMsOf))
/** Subtracting would make nothing of two infinities. */
const order = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1)
