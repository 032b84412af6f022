/**
 * One look at a DaemonSet: note its template in the history, put a pod on every node that is meant, replace what is old, and
 * say in the status how far it is.
 */
import { type ControllerRevision, controllerRevision } from '#api/apps/v1/controller-revision.ts'
import { type DaemonSet, type DaemonSetStatus, daemonSet } from '#api/apps/v1/daemon-set.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import type { Outcome, Write } from '../runner/controller.ts'
import { sameJson } from '../runner/json.ts'
import { claim } from '../runner/owners.ts'
import { isReady, nextAvailableInMs } from '../runner/pods.ts'
import { type History, historyOf, REVISION_HASH, truncate } from '../runner/revisions.ts'
import { isUpdated } from './daemonset.nodes.ts'
import { type DaemonSetWorld, isAvailable, type Plan, planOf, podWrites } from './daemonset.plan.ts'
import { manage } from './daemonset.reconcile.manage.ts'
import { rollingUpdate } from './daemonset.reconcile.update.ts'

/** What is to be written, and on which nodes failed pods are deleted: the next one there has to wait longer. */
export interface DaemonSetOutcome extends Outcome {
  readonly failedOn: readonly string[]
}

export function reconcile(world: DaemonSetWorld): DaemonSetOutcome {
  const { set } = world
  const selector = labelMatcherOf(set.spec.selector)
  if (selector.selectsEverything) return { writes: [selectsAll(set)], failedOn: [] }
  // Its history may be gone already, so that its pods could not be told apart.
  if (set.metadata.deletionTimestamp) return { writes: [], failedOn: [] }
  const claimed = claim({
    ownerKind: daemonSet,
    owner: set,
    kind: podKind,
    selector,
    candidates: world.pods,
  })
  if (claimed.writes.length > 0)
    return { writes: [{ verb: 'batch', writes: claimed.writes }], againAfterMs: 0, failedOn: [] }
  const history = historyOf({
    ownerKind: daemonSet,
    owner: set,
    selector,
    candidates: world.revisions,
    revisionNamed: world.revisionNamed,
    labelsOf: hash => ({ [REVISION_HASH]: hash }),
  })
  const { owned } = claimed
  const plan = planOf(world, owned, hashOf(history.update))
  manage(plan)
  // What was just asked for counts in the update only when it is there.
  const settled = plan.wanted.length === 0 && plan.doomed.length === 0
  if (settled && set.spec.updateStrategy.type === 'RollingUpdate') rollingUpdate(plan)
  const again = [
    plan.againAfterMs ?? Number.POSITIVE_INFINITY,
    nextAvailableInMs(owned, set.spec.minReadySeconds ?? 0, world.nowMs) ??
      Number.POSITIVE_INFINITY,
  ]
  const againAfterMs = Math.min(...again)
  return {
    writes: [
      ...history.writes,
      ...statusWrites(plan, history.collisionCount),
      ...podWrites(plan),
      ...cleanUp(set, history, owned),
    ],
    ...(Number.isFinite(againAfterMs) ? { againAfterMs } : {}),
    failedOn: plan.failedOn,
  }
}

const hashOf = ({ metadata }: ControllerRevision): string =>
  metadata.labels?.[REVISION_HASH] ?? metadata.name ?? ''

function selectsAll(about: DaemonSet): Write {
  const message = 'This daemon set is selecting all pods. A non-empty selector is required.'
  return { verb: 'event', about, type: 'Warning', reason: 'SelectingAll', text: { message } }
}

function statusWrites(plan: Plan, collisionCount: number): Write[] {
  const { set } = plan
  const status = statusOf(plan, collisionCount)
  if (sameJson(status, set.status)) return []
  return [{ verb: 'update', kind: daemonSet, object: { ...set, status }, subresource: 'status' }]
}

function statusOf(plan: Plan, collisionCount: number): DaemonSetStatus {
  const { set, places, hash } = plan
  const desired = places.filter(({ shouldRun }) => shouldRun)
  const misplaced = places.filter(({ exists, shouldRun, pods }) => exists && !shouldRun && pods[0])
  const firsts = desired.flatMap(({ pods }) => pods.slice(0, 1))
  const count = (counts: (pod: Pod) => boolean) => firsts.filter(counts).length
  const updated = count(pod => isUpdated(set, pod, hash))
  const available = count(pod => isAvailable(plan, pod))
  const { generation } = set.metadata
  return {
    currentNumberScheduled: firsts.length,
    numberMisscheduled: misplaced.length,
    desiredNumberScheduled: desired.length,
    numberReady: count(isReady),
    ...(generation ? { observedGeneration: generation } : {}),
    ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
    ...(available > 0 ? { numberAvailable: available } : {}),
    ...(available < desired.length ? { numberUnavailable: desired.length - available } : {}),
    ...(collisionCount > 0 ? { collisionCount } : {}),
    ...(set.status.conditions ? { conditions: set.status.conditions } : {}),
  }
}

/** Makes one of revisions that say the same, and forgets old ones beyond the limit that no pod has. */
function cleanUp(set: DaemonSet, { revisions, update }: History, owned: readonly Pod[]): Write[] {
  const others = revisions.filter(({ metadata }) => metadata.name !== update.metadata.name)
  const twins = others.filter(({ data }) => sameJson(data, update.data))
  const old = others.filter(revision => !twins.includes(revision))
  const hashes = new Set(owned.map(({ metadata }) => metadata.labels?.[REVISION_HASH]))
  const labels = { [REVISION_HASH]: hashOf(update) }
  const relabelled = owned.filter(({ metadata }) =>
    twins.some(twin => hashOf(twin) === metadata.labels?.[REVISION_HASH]),
  )
  return [
    ...relabelled.map(
      (object): Write => ({
        verb: 'patch',
        kind: podKind,
        object,
        type: 'merge',
        patch: { metadata: { uid: object.metadata.uid, labels } },
      }),
    ),
    ...twins.map((object): Write => ({ verb: 'delete', kind: controllerRevision, object })),
    ...truncate(set, old, revision => hashes.has(hashOf(revision))),
  ]
}
