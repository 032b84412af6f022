/** Keeps as many pods of a template as a ReplicaSet asks for. */
import { type ReplicaSet, replicaSet } from '#api/apps/v1/replica-set.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import { controllerOf, keyOf } from '#api/machinery/metadata.ts'
import type { Informer } from '#client/informer.ts'
import type { Controller, ControllerContext, Wakeup } from '../runner/controller.ts'
import { BY_CONTROLLER, candidates, indexByController } from '../runner/owners.ts'
import { concernsCount } from '../runner/pods.ts'
import { wakeOwners } from '../runner/wake.ts'
import { reconcile } from './replicaset.reconcile.ts'

/** Counting fewer pods costs next to nothing, and is done whenever one changes. */
const FEW_PODS = 100
/**
 * Counting thousands takes milliseconds, and each count that is written wakes the set and its Deployment again: whatever happens to the pods
 * of a large set within this time is counted once. Upstream's client writes twenty times a second at most, for all sets together.
 */
const COUNTING_MS = 100
/** The larger the set, the longer: counting 5,000 pods takes some 5 ms, and so takes no more than a fiftieth of the time. */
const COUNTING_MS_A_POD = 0.05
/** A set grows by `BURST` pods a count: it must not wait for longer than it takes to get that many running. */
const MOST_COUNTING_MS = 250

function countingDelayMs(set: ReplicaSet | undefined): number {
  const pods = set?.status.replicas ?? 0
  if (pods < FEW_PODS) return 0
  return Math.min(Math.max(COUNTING_MS, pods * COUNTING_MS_A_POD), MOST_COUNTING_MS)
}

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
      wakeSets(queue, sets)
      wakeOwners(queue, {
        ownerKind: replicaSet,
        owners: sets,
        selectorOf: set => labelMatcherOf(set.spec.selector),
        dependents: pods,
        concerns: concernsCount,
        delayMs: key => countingDelayMs(sets.get(key)),
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

/** A set that is to be other than before is looked at at once; one whose status alone changed was looked at just then. */
function wakeSets(queue: Wakeup, sets: Informer<ReplicaSet>): void {
  queue.onStop(
    sets.subscribe({
      changed(next, previous) {
        const isCounted = previous && previous.metadata.generation === next.metadata.generation
        queue.addAfter(keyOf(next), isCounted ? countingDelayMs(next) : 0)
      },
      deleted: gone => queue.add(keyOf(gone)),
    }),
  )
}
