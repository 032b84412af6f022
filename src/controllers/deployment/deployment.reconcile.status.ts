/** What a Deployment's status says: counts, and the conditions Available, Progressing and ReplicaFailure. */
import type { Deployment, DeploymentCondition, DeploymentStatus } from '#api/apps/v1/deployment.ts'
import { rfc3339 } from '#base/clock.ts'
import {
  allSets,
  availableIn,
  limitsOf,
  type Plan,
  total,
  wantedReplicas,
} from './deployment.plan.ts'

/** "No deadline" as clients write it, beside leaving it out. */
const NO_DEADLINE = 2 ** 31 - 1

type News = Pick<DeploymentCondition, 'status' | 'reason' | 'message'>

export function conditionNamed(
  conditions: readonly DeploymentCondition[],
  type: string,
): DeploymentCondition | undefined {
  return conditions.find(condition => condition.type === type)
}

/** The conditions with this one told anew. Nothing changes when it says what it said before. */
function withCondition(
  conditions: readonly DeploymentCondition[],
  next: News & { type: string },
  nowMs: number,
): readonly DeploymentCondition[] {
  const before = conditionNamed(conditions, next.type)
  if (before && before.status === next.status && before.reason === next.reason) return conditions
  const now = rfc3339(nowMs)
  const since = before?.status === next.status ? before.lastTransitionTime : now
  return [
    ...conditions.filter(condition => condition.type !== next.type),
    { ...next, lastUpdateTime: now, lastTransitionTime: since ?? now },
  ]
}

const hasDeadline = ({ spec }: Deployment) =>
  spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds < NO_DEADLINE

/** Tells about the roll-out under Progressing, which only Deployments with a deadline have. */
export function noteProgress(plan: Plan, news: News): void {
  if (!hasDeadline(plan.deployment)) return
  plan.conditions = withCondition(
    plan.conditions,
    { type: 'Progressing', ...news },
    plan.world.nowMs,
  )
}

/** A pause stops the deadline's clock, going on starts it anew. */
export function notePause(plan: Plan): void {
  const progress = conditionNamed(plan.conditions, 'Progressing')
  if (progress?.reason === 'ProgressDeadlineExceeded') return
  const wasPaused = progress?.reason === 'DeploymentPaused'
  const { paused = false } = plan.deployment.spec
  if (paused && !wasPaused)
    noteProgress(plan, {
      status: 'Unknown',
      reason: 'DeploymentPaused',
      message: 'Deployment is paused',
    })
  else if (!paused && wasPaused)
    noteProgress(plan, {
      status: 'Unknown',
      reason: 'DeploymentResumed',
      message: 'Deployment is resumed',
    })
}

/** All wanted pods are of the present template and available, and no other pod is left. */
export function isComplete(object: Deployment, status: DeploymentStatus): boolean {
  const wanted = wantedReplicas(object)
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (object.metadata.generation ?? 0)
  )
}

export function statusOf(plan: Plan): DeploymentStatus {
  const { deployment: object } = plan
  const sets = allSets(plan)
  const sum = (count: (status: (typeof sets)[number]['set']['status']) => number | undefined) =>
    sets.reduce((so, { set }) => so + (count(set.status) ?? 0), 0)
  const replicas = sum(status => status.replicas)
  const ready = sum(status => status.readyReplicas)
  const available = availableIn(sets)
  const unavailable = Math.max(0, total(sets) - available)
  const updated = plan.current?.set.status.replicas ?? 0
  const counts = {
    ...(object.metadata.generation ? { observedGeneration: object.metadata.generation } : {}),
    ...(replicas ? { replicas } : {}),
    ...(updated ? { updatedReplicas: updated } : {}),
    ...(ready ? { readyReplicas: ready } : {}),
    ...(available ? { availableReplicas: available } : {}),
    ...(unavailable ? { unavailableReplicas: unavailable } : {}),
    terminatingReplicas: sum(status => status.terminatingReplicas),
    ...(plan.collisionCount === undefined ? {} : { collisionCount: plan.collisionCount }),
  }
  const conditions = conditionsOf(plan, counts)
  return { ...counts, ...(conditions.length > 0 ? { conditions: [...conditions] } : {}) }
}

function conditionsOf(plan: Plan, status: DeploymentStatus): readonly DeploymentCondition[] {
  const { deployment: object, world } = plan
  const enough =
    (status.availableReplicas ?? 0) >= wantedReplicas(object) - limitsOf(object).unavailable
  const has = enough ? 'has' : 'does not have'
  let conditions = withCondition(
    plan.conditions,
    {
      type: 'Available',
      status: enough ? 'True' : 'False',
      reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
      message: `Deployment ${has} minimum availability.`,
    },
    world.nowMs,
  )
  if (object.spec.paused || object.metadata.deletionTimestamp) return conditions
  conditions = hasDeadline(object)
    ? withProgress(plan, status, conditions)
    : conditions.filter(({ type }) => type !== 'Progressing')
  return withReplicaFailure(plan, conditions)
}

function withProgress(
  plan: Plan,
  status: DeploymentStatus,
  conditions: readonly DeploymentCondition[],
): readonly DeploymentCondition[] {
  const { deployment: object, world, current, made } = plan
  const before = conditionNamed(conditions, 'Progressing')
  const settled =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) &&
    before?.reason === 'NewReplicaSetAvailable'
  if (settled) return conditions
  // Without a pod to wait for, it is complete as soon as its set is made.
  const set = current?.set.metadata.name ?? made
  const subject = set ? `ReplicaSet "${set}"` : `Deployment "${object.metadata.name}"`
  const tell = (news: News) =>
    withCondition(conditions, { type: 'Progressing', ...news }, world.nowMs)
  if (isComplete(object, status))
    return tell({
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `${subject} has successfully progressed.`,
    })
  if (hasProgressed(object, status)) {
    // Told anew even if it was said before: the time of the last progress is what the deadline counts from.
    const others = conditions.filter(condition => condition !== before)
    const now = rfc3339(world.nowMs)
    const since = before?.status === 'True' ? before.lastTransitionTime : now
    const message = `${subject} is progressing.`
    const progress = {
      type: 'Progressing',
      status: 'True',
      lastUpdateTime: now,
      lastTransitionTime: since ?? now,
      reason: 'ReplicaSetUpdated',
      message,
    }
    return [...others, progress]
  }
  if (hasTimedOut(object, before, world.nowMs))
    return tell({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `${subject} has timed out progressing.`,
    })
  return conditions
}

function hasProgressed(object: Deployment, status: DeploymentStatus): boolean {
  const before = object.status
  const old = (of: DeploymentStatus) => (of.replicas ?? 0) - (of.updatedReplicas ?? 0)
  return (
    (status.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(status) < old(before) ||
    (status.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}

function hasTimedOut(
  { spec }: Deployment,
  progress: DeploymentCondition | undefined,
  nowMs: number,
): boolean {
  if (!progress || progress.reason === 'NewReplicaSetAvailable') return false
  if (progress.reason === 'ProgressDeadlineExceeded') return true
  const since = Date.parse(progress.lastUpdateTime ?? '')
  return nowMs > since + (spec.progressDeadlineSeconds ?? 0) * 1000
}

/** What keeps a set from making its pods is told at the Deployment, too. */
function withReplicaFailure(
  plan: Plan,
  conditions: readonly DeploymentCondition[],
): readonly DeploymentCondition[] {
  const ofSet = ({ set }: { set: { status: { conditions?: readonly { type: string }[] } } }) =>
    set.status.conditions?.find(({ type }) => type === 'ReplicaFailure')
  const newest = plan.current && ofSet(plan.current)
  const failure = newest ?? plan.old.map(ofSet).find(Boolean)
  if (!failure) return conditions.filter(({ type }) => type !== 'ReplicaFailure')
  const { status, reason, message } = failure as DeploymentCondition
  return withCondition(
    conditions,
    {
      type: 'ReplicaFailure',
      status,
      ...(reason ? { reason } : {}),
      ...(message ? { message } : {}),
    },
    plan.world.nowMs,
  )
}

/** How long until the deadline may have passed, while a roll-out is under way. */
export function deadlineInMs(plan: Plan, status: DeploymentStatus): number | undefined {
  const { deployment: object, world } = plan
  if (!hasDeadline(object) || object.spec.paused || isComplete(object, status)) return undefined
  const progress = conditionNamed(status.conditions ?? [], 'Progressing')
  if (!progress || progress.reason === 'ProgressDeadlineExceeded') return undefined
  if (progress.reason === 'NewReplicaSetAvailable') return undefined
  const since = Date.parse(progress.lastUpdateTime ?? '')
  const deadlineMs = (object.spec.progressDeadlineSeconds ?? 0) * 1000
  return Math.max(0, since + deadlineMs - world.nowMs) + 1000
}
