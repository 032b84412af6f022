/** Keeps a pod on every node that a DaemonSet means. */
import { controllerRevision } from '#api/apps/v1/controller-revision.ts'
import { type DaemonSet, daemonSet } from '#api/apps/v1/daemon-set.ts'
import { type Node, node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import { keyOf } from '#api/machinery/metadata.ts'
import type { Controller, ControllerContext } from '../runner/controller.ts'
import { canonical } from '../runner/json.ts'
import { candidates, indexByController } from '../runner/owners.ts'
import { wakeOwners, wakeSelf } from '../runner/wake.ts'
import { FailedPods } from './daemonset.failed-pods.ts'
import { reconcile } from './daemonset.reconcile.ts'

export function daemonSetController(context: ControllerContext): Controller {
  const sets = context.informers.for(daemonSet)
  const pods = context.informers.for(pod)
  const nodes = context.informers.for(node)
  const revisions = context.informers.for(controllerRevision)
  const failed = new FailedPods(context.clock)
  indexByController(pods)
  indexByController(revisions)
  return {
    name: 'daemonset-controller',
    workers: 2,
    views: [
      { kind: daemonSet, informer: sets },
      { kind: pod, informer: pods },
      { kind: node, informer: nodes },
      { kind: controllerRevision, informer: revisions },
    ],
    wake(queue) {
      const selectorOf = (set: DaemonSet) => labelMatcherOf(set.spec.selector)
      const owned = { ownerKind: daemonSet, owners: sets, selectorOf }
      wakeSelf(queue, sets)
      wakeOwners(queue, { ...owned, dependents: pods })
      // Whoever makes one of two that say the same has the time to take the other away, as with upstream's controller.
      wakeOwners(queue, { ...owned, dependents: revisions, isNewsWhenNew: false })
      const wakeAll = () => {
        for (const set of sets.list()) queue.add(keyOf(set))
      }
      queue.onStop(
        nodes.subscribe({
          changed(next, previous) {
            // Heartbeats change nothing.
            if (!previous || placeText(previous) !== placeText(next)) wakeAll()
          },
          deleted: wakeAll,
        }),
      )
    },
    reconcile(key) {
      const set = sets.get(key)
      if (!set) {
        failed.forget(key)
        return { writes: [] }
      }
      const outcome = reconcile({
        set,
        nodes: nodes.list(),
        pods: candidates(pods, set),
        revisions: candidates(revisions, set),
        revisionNamed: name => revisions.get(`${set.metadata.namespace}/${name}`),
        backOffMs: name => failed.waitMs(set, name),
        nowMs: context.clock.now(),
      })
      for (const name of outcome.failedOn) failed.note(set, name)
      return outcome
    },
  }
}

/** All of a node by which a set decides. */
const placeText = ({ metadata, spec }: Node): string => canonical([metadata.labels, spec.taints])
