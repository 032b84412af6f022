/** Changing the size of a Deployment while it is paused or in the middle of a roll-out: all sets take their share. */
import {
  allSets,
  DESIRED_REPLICAS,
  isRollingUpdate,
  limitsOf,
  MAX_REPLICAS,
  noteSize,
  type Plan,
  resize,
  type SetPlan,
  total,
  wantedReplicas,
} from './deployment.plan.ts'
import { adoptTemplate } from './deployment.reconcile.sets.ts'

/** True when the Deployment's size is another than the active sets were made for. */
export function isScalingEvent(plan: Plan): boolean {
  return allSets(plan).some(
    ({ replicas, annotations }) =>
      replicas > 0 &&
      annotations[DESIRED_REPLICAS] !== undefined &&
      Number(annotations[DESIRED_REPLICAS]) !== wantedReplicas(plan.deployment),
  )
}

export function scale(plan: Plan): void {
  adoptTemplate(plan, false)
  const wanted = wantedReplicas(plan.deployment)
  const active = allSets(plan).filter(({ replicas }) => replicas > 0)
  const only = onlyActive(plan, active)
  if (only) {
    resize(plan, only, wanted)
    // Even if the size is right already, or this would count as a change of size for ever.
    noteSize(plan, only)
    return
  }
  if (plan.current && isSaturated(plan.current, wanted)) {
    for (const old of plan.old) resize(plan, old, 0)
    return
  }
  if (isRollingUpdate(plan.deployment)) share(plan, active)
}

/** The one set that takes the whole change: the only active one, or the newest when none is. */
function onlyActive(plan: Plan, active: readonly SetPlan[]): SetPlan | undefined {
  if (active.length === 0) return plan.current ?? plan.old.at(-1)
  return active.length === 1 ? active[0] : undefined
}

function isSaturated({ set, replicas, annotations }: SetPlan, wanted: number): boolean {
  return (
    replicas === wanted &&
    Number(annotations[DESIRED_REPLICAS]) === wanted &&
    (set.status.availableReplicas ?? 0) === wanted
  )
}

/** Spreads what is to be added or taken away over the active sets, each by its size. */
function share(plan: Plan, active: readonly SetPlan[]): void {
  const wanted = wantedReplicas(plan.deployment)
  const allowed = wanted > 0 ? wanted + limitsOf(plan.deployment).surge : 0
  const change = allowed - total(active)
  // The biggest first; of equal ones, growing prefers the newer and shrinking the older.
  const sorted = [...active]
    .map((set, age) => ({ set, age }))
    .sort((a, b) => b.set.replicas - a.set.replicas || (change > 0 ? b.age - a.age : a.age - b.age))
    .map(({ set }) => set)
  let done = 0
  const sizes = sorted.map(set => {
    if (change === 0) return set.replicas
    const step = clamp(fraction(plan, set), change - done)
    done += step
    return set.replicas + step
  })
  if (sizes[0] !== undefined) sizes[0] = Math.max(0, sizes[0] + change - done)
  for (const [i, set] of sorted.entries()) {
    resize(plan, set, sizes[i] ?? set.replicas)
    noteSize(plan, set)
  }
}

/** By how much a set changes when the Deployment goes from the size that the set noted to its present one. */
function fraction(plan: Plan, { replicas, annotations }: SetPlan): number {
  if (wantedReplicas(plan.deployment) === 0) return -replicas
  const next = wantedReplicas(plan.deployment) + limitsOf(plan.deployment).surge
  const noted = Number(annotations[MAX_REPLICAS] ?? 0) || (plan.deployment.status.replicas ?? 0)
  return noted === 0 ? 0 : Math.round((replicas * next) / noted) - replicas
}

/** At most what is left to give or take, and only in that direction. */
function clamp(step: number, left: number): number {
  return left > 0 ? Math.min(step, left) : Math.max(step, left)
}
