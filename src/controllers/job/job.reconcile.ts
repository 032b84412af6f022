/**
 * Runs pods until enough of them have succeeded. Every look goes the same way: see how many pods ended, decide whether the job
 * ends with that, count them, and make or remove pods if it goes on.
 */
import { hasCondition, isFinished } from '#api/batch/v1/job.conditions.ts'
import { type Job, type JobCondition, type JobStatus, job as jobKind } from '#api/batch/v1/job.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import { rfc3339 } from '#base/clock.ts'
import type { Batch, EventWrite, Outcome, Write, WriteFailure } from '../runner/controller.ts'
import { sameJson } from '../runner/json.ts'
import { claim } from '../runner/owners.ts'
import { conditionOf, isReady } from '../runner/pods.ts'
import { hasFailed, isTracked, TRACKING_FINALIZER, untracking } from './job.pods.ts'
import { deletion, type PodPlan, planPods } from './job.reconcile.pods.ts'
import { type Tracking, track } from './job.reconcile.tracking.ts'
import { deadlineInMs, type Verdict, verdictOf } from './job.reconcile.verdict.ts'
import { type JobView, viewOf } from './job.reconcile.view.ts'
import { type PodBackoff, withEnded } from './pod-backoff.ts'

const CONTROLLER_NAME = 'kubernetes.io/job-controller'

export interface JobWorld {
  readonly job: Job
  /** Pods that the job controls, and orphans in its namespace. */
  readonly candidates: readonly Pod[]
  /** What came of the last look. */
  readonly backoff: PodBackoff
  readonly nowMs: number
  readonly failure: WriteFailure | undefined
}

export interface JobOutcome extends Outcome {
  readonly backoff: PodBackoff
}

/** Somebody else looks after it. */
export function isManagedElsewhere({ spec }: Job): boolean {
  return spec.managedBy !== undefined && spec.managedBy !== CONTROLLER_NAME
}

export function reconcile(world: JobWorld): JobOutcome {
  const { job, nowMs } = world
  if (isFinished(job.status) || isManagedElsewhere(job))
    return { writes: [], backoff: world.backoff }
  const claimed = claim({
    ownerKind: jobKind,
    owner: job,
    kind: podKind,
    selector: labelMatcherOf(job.spec.selector),
    candidates: world.candidates,
    finalizer: TRACKING_FINALIZER,
  })
  // The count is only right once adopted pods are in the view.
  if (claimed.writes.length > 0)
    return {
      writes: [{ verb: 'batch', writes: claimed.writes }],
      againAfterMs: 0,
      backoff: world.backoff,
    }
  const view = viewOf(job, claimed.owned, nowMs)
  const backoff = withEndedPods(world.backoff, view)
  const verdict = verdictOf(view)
  const tracking = track(view, verdict)
  const plan = planOf(view, verdict, backoff)
  const waits = [plan.againAfterMs, deadlineInMs(job, nowMs)].filter(ms => ms !== undefined)
  return {
    writes: writesOf(world, view, { verdict, tracking, plan }),
    backoff,
    ...(waits.length > 0 && !verdict ? { againAfterMs: Math.max(0, Math.min(...waits)) } : {}),
  }
}

/** A pod that was removed on purpose has lost its finalizer first, and has not failed. */
function withEndedPods(before: PodBackoff, { job, pods }: JobView): PodBackoff {
  const ended = pods.filter(pod => isTracked(pod) || !pod.metadata.deletionTimestamp)
  return withEnded(
    before,
    ended.filter(({ status }) => status.phase === 'Succeeded'),
    ended.filter(pod => hasFailed(pod, job)),
  )
}

function planOf(view: JobView, verdict: Verdict | undefined, backoff: PodBackoff): PodPlan {
  const { job, active } = view
  if (verdict)
    return {
      writes: active.map(pod => deletion(job, pod)),
      created: 0,
      removed: active,
    }
  return job.metadata.deletionTimestamp
    ? { writes: [], created: 0, removed: [] }
    : planPods(view, backoff)
}

interface Decision {
  readonly verdict: Verdict | undefined
  readonly tracking: Tracking
  readonly plan: PodPlan
}

function writesOf({ failure }: JobWorld, view: JobView, decision: Decision): (Write | Batch)[] {
  const { verdict, tracking, plan } = decision
  const { job } = view
  const { released } = tracking
  const noted = withVerdict(tracking.noted, verdict, view.nowMs)
  const statusWrite = (status: JobStatus): Write[] =>
    sameJson(compact(status), job.status)
      ? []
      : [
          {
            verb: 'update',
            kind: jobKind,
            object: { ...job, status: compact(status) },
            subresource: 'status',
          },
        ]
  const hasActs = released.length > 0 || (verdict !== undefined && plan.removed.length > 0)
  const final = finalStatus(view, decision, failure)
  // A write that failed before comes last, lest what is counted never gets told.
  const parts = [plan.writes, [...statusWrite(final.status), ...final.events]]
  return [
    ...(hasActs ? statusWrite(noted) : []),
    ...(released.length > 0 ? [{ verb: 'batch' as const, writes: released.map(untracking) }] : []),
    ...(failure ? parts.reverse() : parts).flat(),
  ]
}

interface FinalStatus {
  readonly status: JobStatus
  readonly events: readonly EventWrite[]
}

function finalStatus(view: JobView, decision: Decision, failure: WriteFailure | undefined) {
  const { verdict, tracking, plan } = decision
  const { job, nowMs, active } = view
  const created = failure ? 0 : plan.created
  const removed = failure ? [] : plan.removed
  const status: JobStatus = {
    ...withVerdict(tracking.counted, verdict, nowMs),
    active: active.length + created - removed.length,
    ready: active.filter(isReady).length - removed.filter(isReady).length,
    terminating: view.terminating.length + removed.length,
  }
  if (!verdict) return withSuspension(job, status, nowMs)
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  const isOver =
    tracking.isWhole &&
    status.active === 0 &&
    status.terminating === 0 &&
    succeeded.length + failed.length === 0
  return isOver ? ended(job, status, verdict, nowMs) : { status, events: [] }
}

function ended(job: Job, status: JobStatus, verdict: Verdict, nowMs: number): FinalStatus {
  const now = rfc3339(nowMs)
  const isGood = verdict.type === 'SuccessCriteriaMet'
  const { reason, message } = verdict
  const final = withCondition(status, {
    type: isGood ? 'Complete' : 'Failed',
    status: 'True',
    reason,
    message,
    nowMs,
  })
  const event = (type: EventWrite['type'], reason: string, message: string): EventWrite => ({
    verb: 'event',
    about: job,
    type,
    reason,
    text: { message },
  })
  const tooMany = (status.succeeded ?? 0) > (job.spec.completions ?? Number.POSITIVE_INFINITY)
  const events = isGood
    ? [event('Normal', 'Completed', 'Job completed')]
    : [event('Warning', reason, message)]
  if (isGood && tooMany)
    events.unshift(
      event(
        'Warning',
        'TooManySucceededPods',
        'Too many succeeded pods running after completion count reached',
      ),
    )
  return {
    status: {
      ...final,
      startTime: status.startTime ?? now,
      ...(isGood ? { completionTime: now } : {}),
    },
    events,
  }
}

/** Time runs from the start, and stops while a job is suspended: it begins anew afterwards. */
function withSuspension(job: Job, status: JobStatus, nowMs: number): FinalStatus {
  const isSuspended = job.spec.suspend ?? false
  const { startTime, ...rest } = status
  const timed = isSuspended ? rest : { ...rest, startTime: startTime ?? rfc3339(nowMs) }
  // What is being deleted is left as it is.
  if (job.metadata.deletionTimestamp || isSuspended === hasCondition(status, 'Suspended'))
    return { status: timed, events: [] }
  const word = isSuspended ? 'suspended' : 'resumed'
  const title = isSuspended ? 'Suspended' : 'Resumed'
  const changed = withCondition(timed, {
    type: 'Suspended',
    status: isSuspended ? 'True' : 'False',
    reason: `Job${title}`,
    message: `Job ${word}`,
    nowMs,
  })
  return {
    status: isSuspended ? changed : { ...changed, startTime: rfc3339(nowMs) },
    events: [
      {
        verb: 'event',
        about: job,
        type: 'Normal',
        reason: title,
        text: { message: `Job ${word}` },
      },
    ],
  }
}

function withVerdict(status: JobStatus, verdict: Verdict | undefined, nowMs: number): JobStatus {
  if (!verdict || hasCondition(status, verdict.type)) return status
  return withCondition(status, { ...verdict, status: 'True', nowMs })
}

interface NewCondition {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
  readonly nowMs: number
}

/** Conditions keep the order in which they came up. */
function withCondition(status: JobStatus, { nowMs, ...words }: NewCondition): JobStatus {
  const now = rfc3339(nowMs)
  const condition: JobCondition = { ...words, lastProbeTime: now, lastTransitionTime: now }
  const { conditions = [] } = status
  return {
    ...status,
    conditions: conditionOf(conditions, words.type)
      ? conditions.map(other => (other.type === words.type ? condition : other))
      : [...conditions, condition],
  }
}

/** Without what is zero or empty, as the server keeps it. */
function compact(status: JobStatus): JobStatus {
  const { active, succeeded, failed, completedIndexes, ...rest } = status
  return {
    ...rest,
    ...(active ? { active } : {}),
    ...(succeeded ? { succeeded } : {}),
    ...(failed ? { failed } : {}),
    ...(completedIndexes ? { completedIndexes } : {}),
  }
}
