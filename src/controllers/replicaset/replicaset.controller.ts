/** Keeps as many pods of a template as a ReplicaSet asks for. */
import { replicaSet } from '#api/apps/v1/replica-set.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import { controllerOf } from '#api/machinery/metadata.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { BY_CONTROLLER, candidates, indexByController } from '../runner/owners.ts'
import { concernsCount } from '../runner/pods.ts'
import { wakeOwners, wakeSelf } from '../runner/wake.ts'
import { reconcile } from './replicaset.reconcile.ts'

export function replicaSetController(context: ControllerContext): Controller {
  const sets = context.informers.for(replicaSet)
  const pods = context.informers.for(pod)
  indexByController(pods)
  indexByController(sets)
  return {
    name: 'replicaset-controller',
    workers: 5,
    views: [
      { kind: replicaSet, informer: sets },
      { kind: pod, informer: pods },
    ],
    wake(queue) {
      wakeSelf(queue, sets)
      wakeOwners(queue, {
        ownerKind: replicaSet,
        owners: sets,
        selectorOf: set => labelMatcherOf(set.spec.selector),
        dependents: pods,
        concerns: concernsCount,
      })
    },
    reconcile(key, failure) {
      const set = sets.get(key)
      if (!set) return { writes: [] }
      return reconcile({
        set,
        candidates: candidates(pods, set),
        // Pods of sibling sets count when it is decided which node has too many of them.
        siblings: () =>
          sets
            .by(BY_CONTROLLER, controllerOf(set)?.uid ?? 'none')
            .flatMap(sibling => pods.by(BY_CONTROLLER, sibling.metadata.uid ?? '')),
        nowMs: context.clock.now(),
        failure,
      })
    },
  }
}
