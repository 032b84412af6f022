/** Keeps numbered pods, each with a name and claims of its own, as a StatefulSet asks for. */
import { controllerRevision } from '#api/apps/v1/controller-revision.ts'
import { type StatefulSet, statefulSet } from '#api/apps/v1/stateful-set.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { candidates, indexByController } from '../runner/owners.ts'
import { wakeOwners, wakeSelf } from '../runner/wake.ts'
import { reconcile } from './statefulset.reconcile.ts'

export function statefulSetController(context: ControllerContext): Controller {
  const sets = context.informers.for(statefulSet)
  const pods = context.informers.for(pod)
  const revisions = context.informers.for(controllerRevision)
  const claims = context.informers.for(persistentVolumeClaim)
  indexByController(pods)
  indexByController(revisions)
  return {
    name: 'statefulset-controller',
    workers: 5,
    views: [
      { kind: statefulSet, informer: sets },
      { kind: pod, informer: pods },
      { kind: controllerRevision, informer: revisions },
      { kind: persistentVolumeClaim, informer: claims },
    ],
    wake(queue) {
      wakeSelf(queue, sets)
      const selectorOf = (set: StatefulSet) => labelMatcherOf(set.spec.selector)
      wakeOwners(queue, { ownerKind: statefulSet, owners: sets, selectorOf, dependents: pods })
      // A pod may wait for the claim of its predecessor to go.
      queue.onStop(
        claims.subscribe({
          deleted(claim) {
            for (const set of sets.list(claim.metadata.namespace ?? ''))
              if (isClaimOf(set, claim)) queue.add(keyOf(set))
          },
        }),
      )
    },
    reconcile(key, failure) {
      const set = sets.get(key)
      if (!set) return { writes: [] }
      const at = (name: string) => `${set.metadata.namespace}/${name}`
      return reconcile({
        set,
        pods: candidates(pods, set),
        revisions: candidates(revisions, set),
        revisionNamed: name => revisions.get(at(name)),
        claimNamed: name => claims.get(at(name)),
        nowMs: context.clock.now(),
        failure,
      })
    },
  }
}

function isClaimOf(set: StatefulSet, claim: PersistentVolumeClaim): boolean {
  return (set.spec.volumeClaimTemplates ?? []).some(({ metadata }) =>
    claim.metadata.name?.startsWith(`${metadata.name}-${set.metadata.name}-`),
  )
}
