/** Which of the pods that might have to go are kept by a disruption budget. */
import { labelMatcherOf, nothing } from '#api/machinery/label-selector.ts'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { PodInfo } from '../state/pod-info.ts'

export interface Split<T> {
  /** Those whose going takes more than a budget allows, if those before them go. */
  readonly violating: readonly T[]
  readonly others: readonly T[]
}

export function splitByBudgets(
  pods: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): Split<PodInfo> {
  if (budgets.length === 0) return { violating: [], others: pods }
  const left = allowedBy(budgets)
  return split(pods, pod => {
    let breaks = false
    for (const [i, budget] of budgets.entries()) breaks = take(left, i, budget, pod) || breaks
    return breaks
  })
}

/** Of what can only go as a whole. As upstream does, a pod takes from no budget behind the first that it breaks. */
export function splitUnitsByBudgets<T>(
  units: readonly T[],
  podsOf: (unit: T) => readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): Split<T> {
  const left = allowedBy(budgets)
  const isBreaking = (pod: PodInfo) => budgets.some((budget, i) => take(left, i, budget, pod))
  return split(units, unit => podsOf(unit).filter(isBreaking).length > 0)
}

const allowedBy = (budgets: readonly PodDisruptionBudget[]): number[] =>
  budgets.map(({ status }) => status.disruptionsAllowed ?? 0)

/** Whether the pod's going breaks the budget at this place of `left`, from which it is taken. */
function take(left: number[], place: number, budget: PodDisruptionBudget, pod: PodInfo): boolean {
  if (!counts(budget, pod)) return false
  const now = (left[place] ?? 0) - 1
  left[place] = now
  return now < 0
}

/** Keeps the order. */
function split<T>(all: readonly T[], isViolating: (one: T) => boolean): Split<T> {
  const violating: T[] = []
  const others: T[] = []
  for (const one of all) (isViolating(one) ? violating : others).push(one)
  return { violating, others }
}

/** Whether any of the pods counts for any of the budgets. */
export function isCountedByAny(
  budgets: readonly PodDisruptionBudget[],
  pods: Iterable<PodInfo>,
): boolean {
  if (budgets.length === 0) return false
  for (const pod of pods) if (budgets.some(budget => counts(budget, pod))) return true
  return false
}

/** Whether the pod's going takes from the budget. One that has been allowed to go is counted already. */
function counts({ metadata, spec, status }: PodDisruptionBudget, { pod, labels }: PodInfo) {
  if (metadata.namespace !== pod.metadata.namespace) return false
  const matcher = matcherOf(spec.selector)
  // Upstream's scheduler, unlike its controllers, takes an empty selector for none, and matches no pod without labels.
  if (Object.keys(labels).length === 0) return false
  if (matcher.selectsEverything || !matcher.matches(labels)) return false
  return status.disruptedPods?.[pod.metadata.name ?? ''] === undefined
}

function matcherOf(selector: PodDisruptionBudget['spec']['selector']) {
  try {
    return labelMatcherOf(selector)
  } catch {
    return nothing
  }
}
