/** Keeps account for disruption budgets, so that evictions know at once whether a pod may go. */
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import { controllerOf, keyOf } from '#api/machinery/metadata.ts'
import { equal } from '#api/machinery/patch/json-patch.ts'
import {
  type PodDisruptionBudget,
  podDisruptionBudget,
} from '#api/policy/v1/pod-disruption-budget.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { isReady } from '../runner/pods.ts'
import { wakeSelf } from '../runner/wake.ts'
import { reconcileContested } from './contested-pod.ts'
import { reconcile, type Scale } from './disruption.reconcile.ts'
import { createScales } from './scales.ts'
import { reconcileStale, staleInMs } from './stale-disruption.ts'

/** In front of the key of a pod that was to be disrupted, and of one that several budgets want to count. */
const TARGET = 'target '
const CONTESTED = 'contested '

export function disruptionController(context: ControllerContext): Controller {
  const { clock } = context
  const budgets = context.informers.for(podDisruptionBudget)
  const pods = context.informers.for(pod)
  const scales = createScales(context)

  const budgetsOf = ({ metadata }: Pod) =>
    budgets
      .list(metadata.namespace ?? '')
      .filter(({ spec }) => labelMatcherOf(spec.selector).matches(metadata.labels))
  const podsOf = (budget: PodDisruptionBudget): Pod[] => {
    const matcher = labelMatcherOf(budget.spec.selector)
    return pods
      .list(budget.metadata.namespace ?? '')
      .filter(({ metadata }) => matcher.matches(metadata.labels))
  }
  /** The workloads behind the pods, or what went wrong with finding them, by UID of the pods' controllers. */
  const scalesOf = async (found: readonly Pod[], namespace: string) => {
    const known = new Map<string, Scale | undefined | Error>()
    for (const pod of found) {
      const owner = controllerOf(pod)
      if (!owner || known.has(owner.uid)) continue
      const scale = await scales.find(owner, namespace).catch((error: Error) => error)
      known.set(owner.uid, scale)
    }
    return known
  }

  return {
    name: 'disruption-controller',
    component: 'controllermanager',
    workers: 1,
    views: [
      { kind: podDisruptionBudget, informer: budgets },
      { kind: pod, informer: pods },
      ...scales.views,
    ],
    wake(queue) {
      wakeSelf(queue, budgets)
      const wakeBudgets = (changed: Pod) => {
        const found = budgetsOf(changed)
        for (const budget of found) queue.add(keyOf(budget))
        if (found.length > 1) queue.add(CONTESTED + keyOf(changed))
      }
      queue.onStop(
        pods.subscribe({
          changed(next, previous) {
            const leftMs = staleInMs(next, clock.now())
            if (leftMs !== undefined) queue.addAfter(TARGET + keyOf(next), leftMs)
            if (previous && !concernsBudget(next, previous)) return
            if (previous) wakeBudgets(previous)
            wakeBudgets(next)
          },
          deleted: wakeBudgets,
        }),
      )
    },
    async reconcile(key) {
      if (key.startsWith(TARGET)) {
        const found = pods.get(key.slice(TARGET.length))
        return found ? reconcileStale(found, clock.now()) : { writes: [] }
      }
      if (key.startsWith(CONTESTED)) {
        const found = pods.get(key.slice(CONTESTED.length))
        return found ? reconcileContested(found, budgetsOf(found)) : { writes: [] }
      }
      const known = budgets.get(key)
      if (!known) return { writes: [] }
      const found = await scalesOf(podsOf(known), known.metadata.namespace ?? '')
      const budget = budgets.get(key)
      if (!budget) return { writes: [] }
      return reconcile({
        budget,
        pods: podsOf(budget),
        scaleOf: ({ uid }) => {
          const scale = found.get(uid)
          if (scale instanceof Error) throw scale
          return scale
        },
        nowMs: clock.now(),
      })
    },
  }
}

/** True for a change of what a budget counts by. */
function concernsBudget(next: Pod, previous: Pod): boolean {
  const [now, before] = [next.metadata, previous.metadata]
  return (
    isReady(next) !== isReady(previous) ||
    now.deletionTimestamp !== before.deletionTimestamp ||
    !equal(now.labels, before.labels) ||
    !equal(now.ownerReferences, before.ownerReferences)
  )
}
