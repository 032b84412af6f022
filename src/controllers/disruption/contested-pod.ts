/** A pod that several budgets count: evictions refuse it, so whoever owns the budgets has to know. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { nothingToDo, type Outcome } from '../runner/controller.ts'

export function reconcileContested(pod: Pod, budgets: readonly PodDisruptionBudget[]): Outcome {
  if (budgets.length < 2) return nothingToDo
  const { namespace, name } = pod.metadata
  const [chosen] = budgets.map(({ metadata }) => metadata.name ?? '').toSorted()
  const quoted = [namespace, name].map(text => JSON.stringify(text)).join('/')
  const text = {
    message: `Pod ${quoted} matches multiple PodDisruptionBudgets.  Chose ${JSON.stringify(chosen)} arbitrarily.`,
  }
  const reason = 'MultiplePodDisruptionBudgets'
  return { writes: [{ verb: 'event', about: pod, type: 'Warning', reason, text }] }
}
