/** Whether and how a job comes to its end. */
import type { Job, SuccessPolicyRule } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { conditionOf } from '../runner/pods.ts'
import { matchFailurePolicy } from './failure-policy.ts'
import { type IndexSet, parseIndexSet, sizeOf, sizeOfOverlap } from './index-set.ts'
import { hasFailed } from './job.pods.ts'
import type { JobView } from './job.reconcile.view.ts'

/** Told as a condition of this type at once, and as Complete or Failed when all pods are gone and counted. */
export interface Verdict {
  readonly type: 'FailureTarget' | 'SuccessCriteriaMet'
  readonly reason: string
  readonly message: string
}

/** Undefined while the job goes on. What was said once stays so; of several reasons the first in upstream's order counts. */
export function verdictOf(view: JobView): Verdict | undefined {
  return toldBefore(view.job) ?? failureOf(view) ?? successOf(view)
}

function toldBefore({ status }: Job): Verdict | undefined {
  for (const type of ['SuccessCriteriaMet', 'FailureTarget'] as const) {
    const condition = conditionOf(status.conditions, type)
    if (condition?.status !== 'True') continue
    return { type, reason: condition.reason ?? '', message: condition.message ?? '' }
  }
  return undefined
}

function failureOf(view: JobView): Verdict | undefined {
  const { job, pods, failed, nowMs } = view
  const failure = (reason: string, message: string): Verdict => ({
    type: 'FailureTarget',
    reason,
    message,
  })
  const { backoffLimit = 0 } = job.spec
  const fatal = job.spec.podFailurePolicy && fatalMessage(job, pods)
  if (fatal) return failure('PodFailurePolicy', fatal)
  if (failed > backoffLimit || hasTooManyRestarts(job, pods))
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  if ((deadlineInMs(job, nowMs) ?? 1) <= 0)
    return failure('DeadlineExceeded', 'Job was active longer than specified deadline')
  return indexFailureOf(view, failure)
}

function indexFailureOf(
  { job, indexes }: JobView,
  failure: (reason: string, message: string) => Verdict,
): Verdict | undefined {
  if (!indexes?.failed) return undefined
  const { completions = 0, maxFailedIndexes = Number.POSITIVE_INFINITY } = job.spec
  const failed = sizeOf(indexes.failed)
  if (failed > maxFailedIndexes)
    return failure(
      'MaxFailedIndexesExceeded',
      'Job has exceeded the specified maximal number of failed indexes',
    )
  if (failed > 0 && failed + sizeOf(indexes.succeeded) >= completions)
    return failure('FailedIndexes', 'Job has failed indexes')
  return undefined
}

function fatalMessage(job: Job, pods: readonly Pod[]): string | undefined {
  for (const pod of pods) {
    if (!hasFailed(pod, job)) continue
    const match = matchFailurePolicy(job.spec.podFailurePolicy, pod)
    if (match?.action === 'FailJob') return match.message
  }
  return undefined
}

/** Pods that are restarted in place never fail; their restarts count instead. */
function hasTooManyRestarts({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false
  const restarts = pods
    .filter(({ status }) => status.phase === 'Running' || status.phase === 'Pending')
    .flatMap(({ status }) => [
      ...(status.initContainerStatuses ?? []),
      ...(status.containerStatuses ?? []),
    ])
    .reduce((sum, { restartCount = 0 }) => sum + restartCount, 0)
  return restarts > 0 && restarts >= (spec.backoffLimit ?? 0)
}

/** How long until activeDeadlineSeconds are over; undefined where no time runs. */
export function deadlineInMs({ spec, status }: Job, nowMs: number): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || !status.startTime || spec.suspend)
    return undefined
  return Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000 - nowMs
}

function successOf({ job, succeeded, active, indexes }: JobView): Verdict | undefined {
  const { completions, successPolicy } = job.spec
  const rule = (successPolicy?.rules ?? []).findIndex(
    rule => indexes && isMet(rule, indexes.succeeded, completions ?? 0),
  )
  if (rule >= 0)
    return {
      type: 'SuccessCriteriaMet',
      reason: 'SuccessPolicy',
      message: `Matched rules at index ${rule}`,
    }
  // Without a number, one success is enough, and the pods beside it may finish what they do.
  const isEnough = completions === undefined ? succeeded > 0 : succeeded >= completions
  return isEnough && active.length === 0
    ? {
        type: 'SuccessCriteriaMet',
        reason: 'CompletionsReached',
        message: 'Reached expected number of succeeded pods',
      }
    : undefined
}

function isMet(rule: SuccessPolicyRule, succeeded: IndexSet, completions: number): boolean {
  if (succeeded.length === 0) return false
  const { succeededIndexes, succeededCount = Number.POSITIVE_INFINITY } = rule
  if (succeededIndexes === undefined) return sizeOf(succeeded) >= succeededCount
  const asked = parseIndexSet(succeededIndexes, completions)
  const met = sizeOfOverlap(asked, succeeded)
  return asked.length > 0 && (met === sizeOf(asked) || met >= succeededCount)
}
