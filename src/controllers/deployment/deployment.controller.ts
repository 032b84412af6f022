/** Rolls a Deployment's template out over ReplicaSets. */
import { deployment } from '#api/apps/v1/deployment.ts'
import { type ReplicaSet, replicaSet } from '#api/apps/v1/replica-set.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import { controllerOf, keyOf } from '#api/machinery/metadata.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { BY_CONTROLLER, candidates, indexByController } from '../runner/owners.ts'
import { reconcile } from './deployment.reconcile.ts'

export function deploymentController(context: ControllerContext): Controller {
  const deployments = context.informers.for(deployment)
  const sets = context.informers.for(replicaSet)
  const pods = context.informers.for(pod)
  indexByController(sets)
  indexByController(pods)
  return {
    name: 'deployment-controller',
    workers: 5,
    views: [
      { kind: deployment, informer: deployments },
      { kind: replicaSet, informer: sets },
      { kind: pod, informer: pods },
    ],
    wake(queue) {
      const wakeOwner = (set: ReplicaSet) => {
        const controller = controllerOf(set)
        if (controller?.kind === 'Deployment')
          queue.add(`${set.metadata.namespace}/${controller.name}`)
        else if (!controller && !set.metadata.deletionTimestamp)
          for (const found of deployments.list(set.metadata.namespace ?? ''))
            if (labelMatcherOf(found.spec.selector).matches(set.metadata.labels ?? {}))
              queue.add(keyOf(found))
      }
      queue.onStop(
        deployments.subscribe({
          changed: found => queue.add(keyOf(found)),
          deleted: found => queue.add(keyOf(found)),
        }),
      )
      queue.onStop(
        sets.subscribe({
          changed(next, previous) {
            if (previous && controllerOf(previous)?.uid !== controllerOf(next)?.uid)
              wakeOwner(previous)
            wakeOwner(next)
          },
          deleted: wakeOwner,
        }),
      )
      // Recreate waits for the last old pod to go; everything else hears of pods through its sets.
      queue.onStop(
        pods.subscribe({
          deleted(gone) {
            const controller = controllerOf(gone)
            if (controller?.kind !== 'ReplicaSet') return
            const set = sets.get(`${gone.metadata.namespace}/${controller.name}`)
            const owner = set && controllerOf(set)
            if (!set || owner?.kind !== 'Deployment') return
            const key = `${set.metadata.namespace}/${owner.name}`
            if (deployments.get(key)?.spec.strategy.type === 'Recreate') queue.add(key)
          },
        }),
      )
    },
    reconcile(key) {
      const found = deployments.get(key)
      if (!found) return { writes: [] }
      return reconcile({
        deployment: found,
        candidates: candidates(sets, found),
        podsOf: set => pods.by(BY_CONTROLLER, set.metadata.uid ?? ''),
        setNamed: name => sets.get(`${found.metadata.namespace}/${name}`),
        nowMs: context.clock.now(),
      })
    },
  }
}
