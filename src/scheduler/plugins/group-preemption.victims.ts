/** Which pods of the whole cluster would have to go so that a group finds room: as few and as unimportant as possible. */
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { PodGroup } from '#api/scheduling/v1alpha2/pod-group.ts'
import type { Handle } from '../framework/handle.ts'
import { refusal, type Status, unresolvable } from '../framework/status.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { splitUnitsByBudgets } from './default-preemption-budgets.ts'
import { startMsOf } from './default-preemption-victims.ts'
import { groupKeyOf, neededOf, type PodGroups } from './pod-groups.ts'

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
  readonly handle: Pick<Handle, 'snapshot' | 'trial'>
  readonly groups: PodGroups
  readonly budgets: readonly PodDisruptionBudget[]
  readonly group: PodGroup
  readonly key: string
}

export const priorityOf = ({ spec }: PodGroup): number => spec.priority ?? 0

/**
 * Takes all that is less important than the group out of the cluster and, if enough members fit then, gives back as much as it can:
 * first what a budget keeps, of each the most important first. Nothing is given back that would cost a member its place. A Status
 * says why no eviction helps; undefined that none is needed.
 */
export function victimsFor(run: GroupRun, plugin: string): GroupVictims | Status | undefined {
  const { handle, groups, group, key } = run
  const members = groups.unplaced(key)
  const missing = neededOf(group) - groups.placed(key).length
  const fits = (places: ReadonlyMap<string, string>) => places.size >= missing
  const { trial } = handle
  if (fits(trial.place(members))) return undefined
  const lower = unitsOf(run).filter(({ priority }) => priority < priorityOf(group))
  if (lower.length === 0)
    return unresolvable(plugin, 'No preemption victims found for incoming preemptor')
  const gone = new Map(lower.map(unit => [unit, trial.without(unit.pods)]))
  try {
    let places = trial.place(members)
    if (!fits(places)) return refusal(plugin, 'pod group is unschedulable')
    const { violating, others } = splitUnitsByBudgets(
      lower.sort(byImportance),
      ({ pods }) => pods,
      run.budgets,
    )
    for (const unit of [...violating, ...others]) {
      gone.get(unit)?.()
      const left = trial.place(members)
      if (fits(left) && left.size >= places.size) {
        gone.delete(unit)
        places = left
      } else gone.set(unit, trial.without(unit.pods))
    }
    return { units: lower.filter(unit => gone.has(unit)), places }
  } finally {
    for (const back of gone.values()) back()
  }
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
