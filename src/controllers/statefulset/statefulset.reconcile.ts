/**
 * One look at a StatefulSet: note its template in the history, take in its pods, make what is missing, delete what is too much,
 * replace what is old, and say in the status how far it is.
 */
import type { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { type StatefulSet, statefulSet } from '#api/apps/v1/stateful-set.ts'
import { pod as podKind } from '#api/core/v1/pod/pod.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import { controllerOf } from '#api/machinery/metadata.ts'
import type { Outcome, Write } from '../runner/controller.ts'
import { sameJson } from '../runner/json.ts'
import { claim } from '../runner/owners.ts'
import { nextAvailableInMs } from '../runner/pods.ts'
import { historyOf, truncate } from '../runner/revisions.ts'
import { type Plan, planOf, revisionOf, type StatefulSetWorld } from './statefulset.plan.ts'
import { ordinalOf } from './statefulset.pods.ts'
import { scale } from './statefulset.reconcile.scale.ts'
import { statusOf } from './statefulset.reconcile.status.ts'
import { rollingUpdate } from './statefulset.reconcile.update.ts'

export function reconcile(world: StatefulSetWorld): Outcome {
  const { set, failure } = world
  const selector = labelMatcherOf(set.spec.selector)
  const claimed = claim({
    ownerKind: statefulSet,
    owner: set,
    kind: podKind,
    selector,
    // Orphans with other names would have no place in the set.
    candidates: world.pods.filter(pod => controllerOf(pod) || ordinalOf(set, pod) !== undefined),
  })
  if (claimed.writes.length > 0)
    return { writes: [{ verb: 'batch', writes: claimed.writes }], againAfterMs: 0 }
  if (set.metadata.deletionTimestamp) return statusOfDeleted(world, claimed.owned)
  const history = historyOf({
    ownerKind: statefulSet,
    owner: set,
    selector,
    candidates: world.revisions,
    revisionNamed: world.revisionNamed,
    labelsOf: hash => ({ 'controller.kubernetes.io/hash': hash }),
  })
  const { revisions, update, collisionCount } = history
  const current =
    revisions.find(({ metadata }) => metadata.name === set.status.currentRevision) ?? update
  const plan = planOf(world, claimed.owned, { current, update })
  if (scale(plan)) rollingUpdate(plan)
  const status = statusWrites(set, plan, collisionCount)
  const live = new Set([current, update].map(({ metadata }) => metadata.name))
  for (const pod of claimed.owned) live.add(revisionOf(pod))
  const again = nextAvailableInMs(claimed.owned, set.spec.minReadySeconds ?? 0, world.nowMs)
  return {
    writes: [
      ...history.writes,
      // After a failed write the status comes first, as it has to be right even if the write fails again.
      ...(failure ? [...status, ...plan.writes] : [...plan.writes, ...status]),
      ...truncate(
        set,
        revisions.filter(({ metadata }) => !live.has(metadata.name)),
      ),
    ],
    ...(again === undefined ? {} : { againAfterMs: again }),
  }
}

/** Only counts: its pods and its history are the garbage collector's now. */
function statusOfDeleted(world: StatefulSetWorld, owned: Plan['world']['pods']): Outcome {
  const { set } = world
  const named = (name = '') => ({ metadata: { name } }) as ControllerRevision
  const { currentRevision, updateRevision, collisionCount = 0 } = set.status
  const revisions = { current: named(currentRevision), update: named(updateRevision) }
  return { writes: statusWrites(set, planOf(world, owned, revisions), collisionCount) }
}

function statusWrites(set: StatefulSet, plan: Plan, collisionCount: number): Write[] {
  const status = statusOf(plan, collisionCount)
  if (sameJson(status, set.status)) return []
  return [{ verb: 'update', kind: statefulSet, object: { ...set, status }, subresource: 'status' }]
}
