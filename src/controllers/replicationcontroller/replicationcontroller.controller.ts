/**
 * Keeps as many pods of a template as a ReplicationController asks for. It is a ReplicaSet in all but its form, so it is
 * looked at as one.
 */
import type { ReplicaSet, ReplicaSetStatus } from '#api/apps/v1/replica-set.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import {
  type ReplicationController,
  replicationController,
} from '#api/core/v1/replication-controller.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import { controllerOf } from '#api/machinery/metadata.ts'
import { reconcile } from '../replicaset/replicaset.reconcile.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { BY_CONTROLLER, candidates, indexByController } from '../runner/owners.ts'
import { concernsCount } from '../runner/pods.ts'
import { wakeOwners, wakeSelf } from '../runner/wake.ts'

export function replicationControllerController(context: ControllerContext): Controller {
  const owners = context.informers.for(replicationController)
  const pods = context.informers.for(pod)
  indexByController(pods)
  indexByController(owners)
  return {
    name: 'replicationcontroller-controller',
    component: 'replication-controller',
    workers: 5,
    views: [
      { kind: replicationController, informer: owners },
      { kind: pod, informer: pods },
    ],
    wake(queue) {
      wakeSelf(queue, owners)
      wakeOwners(queue, {
        ownerKind: replicationController,
        owners,
        selectorOf: owner => labelMatcherOf(selectorOf(owner)),
        dependents: pods,
        concerns: concernsCount,
      })
    },
    reconcile(key, failure) {
      const owner = owners.get(key)
      if (!owner) return { writes: [] }
      return reconcile({
        set: asSet(owner),
        candidates: candidates(pods, owner),
        siblings: () =>
          owners
            .by(BY_CONTROLLER, controllerOf(owner)?.uid ?? 'none')
            .flatMap(sibling => pods.by(BY_CONTROLLER, sibling.metadata.uid ?? '')),
        nowMs: context.clock.now(),
        failure,
        owner: {
          kind: replicationController,
          withStatus: status => ({ ...owner, status: statusOf(status) }),
        },
      })
    },
  }
}

const selectors = new WeakMap<ReplicationController, { matchLabels: Record<string, string> }>()

/** The same object each time, as compiled selectors are remembered by it. */
function selectorOf(owner: ReplicationController) {
  const known = selectors.get(owner)
  if (known) return known
  const selector = { matchLabels: owner.spec.selector ?? {} }
  selectors.set(owner, selector)
  return selector
}

function asSet(owner: ReplicationController): ReplicaSet {
  const { replicas = 1, minReadySeconds, template } = owner.spec
  const selector = selectorOf(owner)
  const spec = { replicas, minReadySeconds, selector, template: template ?? {} }
  return { ...owner, spec } as unknown as ReplicaSet
}

/** This kind does not tell how many pods are ending. */
function statusOf({ terminatingReplicas: _, ...status }: ReplicaSetStatus) {
  return status
}
