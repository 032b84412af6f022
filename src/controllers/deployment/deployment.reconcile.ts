/**
 * One look at a Deployment: take in its sets, find or make the set of the present template, move pods from old sets to the new
 * one as fast as the strategy allows, forget sets beyond the history limit, and say in the status how far it is.
 */
import { type Deployment, type DeploymentStatus, deployment } from '#api/apps/v1/deployment.ts'
import { type ReplicaSet, replicaSet } from '#api/apps/v1/replica-set.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import type { Outcome, Write } from '../runner/controller.ts'
import { sameJson } from '../runner/json.ts'
import { claim } from '../runner/owners.ts'
import {
  type DeploymentWorld,
  type Plan,
  REVISION,
  type SetPlan,
  setWrites,
  templateText,
} from './deployment.plan.ts'
import { recreate, rollingUpdate } from './deployment.reconcile.rollout.ts'
import { isScalingEvent, scale } from './deployment.reconcile.scale.ts'
import { adoptTemplate } from './deployment.reconcile.sets.ts'
import { deadlineInMs, isComplete, notePause, statusOf } from './deployment.reconcile.status.ts'

export type { DeploymentWorld } from './deployment.plan.ts'

export function reconcile(world: DeploymentWorld): Outcome {
  const { deployment: object } = world
  if (selectsEverything(object)) return refuse(object)
  const claimed = claim({
    ownerKind: deployment,
    owner: object,
    kind: replicaSet,
    selector: labelMatcherOf(object.spec.selector),
    candidates: world.candidates,
  })
  if (claimed.writes.length > 0)
    return { writes: [{ verb: 'batch', writes: claimed.writes }], againAfterMs: 0 }
  const plan = planOf(world, claimed.owned)

  if (!object.metadata.deletionTimestamp) decide(plan)
  const status = statusOf(plan)
  const again = object.metadata.deletionTimestamp ? undefined : deadlineInMs(plan, status)
  return {
    writes: [...setWrites(plan), ...plan.writes, ...statusWrites(plan, status)],
    ...(again === undefined ? {} : { againAfterMs: again }),
  }
}

/** The status, and with it the number of the template, as one write: a status without the number would take it away again. */
function statusWrites(
  { deployment: object, newRevision }: Plan,
  status: DeploymentStatus,
): Write[] {
  if (newRevision === undefined && sameJson(status, object.status)) return []
  const { annotations } = object.metadata
  const metadata =
    newRevision === undefined
      ? object.metadata
      : { ...object.metadata, annotations: { ...annotations, [REVISION]: newRevision } }
  return [
    {
      verb: 'update',
      kind: deployment,
      object: { ...object, metadata, status },
      subresource: 'status',
    },
  ]
}

function decide(plan: Plan): void {
  const { deployment: object } = plan
  notePause(plan)
  if (object.spec.paused) {
    scale(plan)
    cleanUp(plan)
    return
  }
  if (isScalingEvent(plan)) {
    scale(plan)
    return
  }
  if (object.spec.strategy.type === 'Recreate') recreate(plan, () => adoptTemplate(plan, true))
  else {
    adoptTemplate(plan, true)
    rollingUpdate(plan)
  }
  if (isComplete(object, statusOf(plan))) cleanUp(plan)
}

function planOf(world: DeploymentWorld, owned: readonly ReplicaSet[]): Plan {
  const { deployment: object } = world
  const plans = [...owned].sort(byAge).map(
    (set): SetPlan => ({
      set,
      replicas: set.spec.replicas ?? 1,
      annotations: { ...set.metadata.annotations },
    }),
  )
  const wanted = templateText(object.spec.template)
  // The oldest, should there ever be two: every look must take the same one.
  const current = plans.find(({ set }) => templateText(set.spec.template) === wanted)
  return {
    deployment: object,
    world,
    current,
    old: plans.filter(set => set !== current),
    conditions: object.status.conditions ?? [],
    collisionCount: object.status.collisionCount,
    writes: [],
  }
}

const byAge = (a: ReplicaSet, b: ReplicaSet) =>
  (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
  (a.metadata.name ?? '').localeCompare(b.metadata.name ?? '')

/** Deletes old, empty sets beyond the history limit, oldest first. */
function cleanUp(plan: Plan): void {
  const limit = plan.deployment.spec.revisionHistoryLimit ?? 10
  const idle = plan.old.filter(({ set }) => !set.metadata.deletionTimestamp)
  const excess = idle.slice(0, Math.max(0, idle.length - limit))
  for (const { set, replicas } of excess) {
    const busy =
      (set.status.replicas ?? 0) !== 0 ||
      replicas !== 0 ||
      (set.metadata.generation ?? 0) > (set.status.observedGeneration ?? 0)
    if (!busy) plan.writes.push({ verb: 'delete', kind: replicaSet, object: set })
  }
}

function selectsEverything({ spec: { selector } }: Deployment): boolean {
  return (
    Object.keys(selector?.matchLabels ?? {}).length === 0 &&
    (selector?.matchExpressions ?? []).length === 0
  )
}

function refuse(object: Deployment): Outcome {
  const message = 'This deployment is selecting all pods. A non-empty selector is required.'
  const { generation = 0 } = object.metadata
  if ((object.status.observedGeneration ?? 0) >= generation) return { writes: [] }
  const status = { ...object.status, observedGeneration: generation }
  return {
    writes: [
      {
        verb: 'event',
        about: object,
        type: 'Warning',
        reason: 'SelectingAll',
        text: { message },
      },
      { verb: 'update', kind: deployment, object: { ...object, status }, subresource: 'status' },
    ],
  }
}
