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
  return splitUnitsByBudgets(pods, pod => [pod], budgets)
}

/** Of what can only go as a whole. Keeps the order. */
export function splitUnitsByBudgets<T>(
  units: readonly T[],
  podsOf: (unit: T) => readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): Split<T> {
  if (budgets.length === 0) return { violating: [], others: units }
  const left = budgets.map(({ status }) => status.disruptionsAllowed ?? 0)
  const violating: T[] = []
  const others: T[] = []
  for (const unit of units) {
    let violates = false
    for (const pod of podsOf(unit))
      for (const [i, budget] of budgets.entries()) {
        if (!counts(budget, pod)) continue
        const now = (left[i] ?? 0) - 1
        left[i] = now
        violates ||= now < 0
      }
    if (violates) violating.push(unit)
    else others.push(unit)
  }
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
  // Upstream's scheduler, unlike its controllers, takes an empty selector for none.
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
