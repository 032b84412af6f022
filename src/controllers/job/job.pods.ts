/** What the job controller asks about a pod, and what it marks pods with. */
import type { Job } from '#api/batch/v1/job.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Write } from '../runner/controller.ts'
import { isFinished } from '../runner/pods.ts'

/** Keeps a pod that has ended until it is in the counters of its job. */
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking'
/** Annotation and label of the same name. */
export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index'
/** How often pods of the same index failed before this one. */
export const INDEX_FAILURES = 'batch.kubernetes.io/job-index-failure-count'
/** Those failures of the index that the policy says to ignore. */
export const INDEX_IGNORED_FAILURES = 'batch.kubernetes.io/job-index-ignored-failure-count'

export const isTracked = (pod: Pod): boolean =>
  (pod.metadata.finalizers ?? []).includes(TRACKING_FINALIZER)

/** The completion index, if it is one of the job. */
export function indexOf(pod: Pod, { spec: { completions = 0 } }: Job): number | undefined {
  const index = wholeNumber(pod.metadata.annotations?.[COMPLETION_INDEX])
  return index !== undefined && index < completions ? index : undefined
}

function wholeNumber(text: string | undefined): number | undefined {
  const number = /^\d{1,10}$/.test(text ?? '') ? Number(text) : undefined
  return number !== undefined && number < 2 ** 31 ? number : undefined
}

/** Failures of the index before this pod that count, and that do not. */
export function indexFailuresOf({ metadata: { annotations = {} } }: Pod) {
  return {
    counted: wholeNumber(annotations[INDEX_FAILURES]) ?? 0,
    ignored: wholeNumber(annotations[INDEX_IGNORED_FAILURES]) ?? 0,
  }
}

/** A pod that is on its way out is replaced only when it has failed for good. */
export function replacesOnlyFailed({ spec }: Job): boolean {
  return spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined
}

/** Deleted pods count as failed, too: nobody may be left to say so of them. */
export function hasFailed(pod: Pod, job: Job): boolean {
  if (pod.status.phase === 'Failed') return true
  if (replacesOnlyFailed(job) || pod.status.phase === 'Succeeded') return false
  return pod.metadata.deletionTimestamp !== undefined
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && !isFinished(pod)
}

/** Lets the pod go, counted or not. */
export function untracking(pod: Pod): Write {
  const patch = { metadata: { '$deleteFromPrimitiveList/finalizers': [TRACKING_FINALIZER] } }
  const tolerate = (error: unknown) => isStatus(error, 'NotFound')
  return { verb: 'patch', kind: podKind, object: pod, type: 'strategic', patch, tolerate }
}
