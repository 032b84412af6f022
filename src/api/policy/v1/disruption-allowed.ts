/** The condition that says in one word whether a pod may go: kept by the controller of budgets and by evictions alike. */
import { rfc3339 } from '#base/clock.ts'
import type { PodDisruptionBudgetStatus } from './pod-disruption-budget.ts'

/** The status with the condition that goes with its count. `nowMs` is in milliseconds since the epoch. */
export function disruptionAllowed(
  status: PodDisruptionBudgetStatus,
  nowMs: number,
): PodDisruptionBudgetStatus {
  const { conditions = [], observedGeneration, disruptionsAllowed } = status
  const isAllowed = disruptionsAllowed > 0
  const value = isAllowed ? 'True' : 'False'
  const before = conditions.find(({ type }) => type === 'DisruptionAllowed')
  const condition = {
    type: 'DisruptionAllowed',
    status: value,
    reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    lastTransitionTime: before?.status === value ? before.lastTransitionTime : rfc3339(nowMs),
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
  }
  const others = conditions.filter(({ type }) => type !== condition.type)
  return { ...status, conditions: [...others, condition] }
}
