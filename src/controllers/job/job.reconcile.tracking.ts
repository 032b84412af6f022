/**
 * Counts every pod just once, whatever happens in between: it is noted as ended in the status, then loses the finalizer that
 * keeps it, and moves from the notes to the counters when that is done.
 */
import type { JobStatus } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { isCounted } from './failure-policy.ts'
import { hasIndex, showIndexSet, sizeOf } from './index-set.ts'
import { hasFailed, indexOf, isTracked } from './job.pods.ts'
import type { Verdict } from './job.reconcile.verdict.ts'
import type { JobView } from './job.reconcile.view.ts'

/** At most so many pods are noted at a time, so that the notes stay below 20 KB. */
const MAXIMUM_NOTED = 500

export interface Tracking {
  /** The counts before the finalizers go. */
  readonly noted: JobStatus
  /** These pods may go. */
  readonly released: readonly Pod[]
  /** The counts afterwards. */
  readonly counted: JobStatus
  /** False where pods are left for the next time. */
  readonly isWhole: boolean
}

export function track(view: JobView, verdict: Verdict | undefined): Tracking {
  const { job, pods, indexes } = view
  const tracked = pods.filter(isTracked)
  const kept = new Set(tracked.map(({ metadata }) => metadata.uid ?? ''))
  // Whoever has lost the finalizer since it was noted is counted now.
  const base = settle(job.status, uid => kept.has(uid), !indexes)
  const succeeded = [...(base.uncountedTerminatedPods?.succeeded ?? [])]
  const failed = [...(base.uncountedTerminatedPods?.failed ?? [])]
  const released: Pod[] = []
  let newIndexes = 0
  let isWhole = true
  for (const pod of tracked) {
    if (!mayGo(view, pod, verdict)) continue
    released.push(pod)
    const { uid = '' } = pod.metadata
    if (pod.status.phase === 'Succeeded' && !failed.includes(uid)) {
      // The index says that it is counted; there is no need for the UID.
      if (indexes) newIndexes += isNewIndex(view, pod) ? 1 : 0
      else if (!succeeded.includes(uid)) succeeded.push(uid)
    } else if (countsAsFailed(view, pod, verdict) && !failed.includes(uid)) failed.push(uid)
    if (newIndexes + succeeded.length + failed.length >= MAXIMUM_NOTED) {
      isWhole = false
      break
    }
  }
  const noted: JobStatus = {
    ...base,
    uncountedTerminatedPods: {
      ...(succeeded.length > 0 ? { succeeded } : {}),
      ...(failed.length > 0 ? { failed } : {}),
    },
    ...(indexes ? indexStatus(view) : {}),
  }
  const gone = new Set(released.map(({ metadata }) => metadata.uid ?? ''))
  const counted = settle(noted, uid => kept.has(uid) && !gone.has(uid), !indexes)
  return { noted, released, counted, isWhole }
}

function mayGo({ job, indexes }: JobView, pod: Pod, verdict: Verdict | undefined): boolean {
  if (job.metadata.deletionTimestamp || verdict || pod.status.phase === 'Succeeded') return true
  if (!hasFailed(pod, job)) return false
  // It stays until its successor has taken its failure count over.
  const index = indexOf(pod, job)
  return index === undefined || indexes?.replaced.get(index)?.metadata.uid !== pod.metadata.uid
}

/** Once a job has failed, all that have not succeeded have failed, too. */
function countsAsFailed({ job, indexes }: JobView, pod: Pod, verdict: Verdict | undefined) {
  if (!hasFailed(pod, job) && verdict?.type !== 'FailureTarget') return false
  if (indexes && indexOf(pod, job) === undefined) return false
  return isCounted(job.spec.podFailurePolicy, pod)
}

function isNewIndex({ job, indexes }: JobView, pod: Pod): boolean {
  const index = indexOf(pod, job)
  return index !== undefined && !hasIndex(indexes?.succeededBefore ?? [], index)
}

function indexStatus({ indexes }: JobView): Partial<JobStatus> {
  const { succeeded = [], failed } = indexes ?? {}
  return {
    succeeded: sizeOf(succeeded),
    completedIndexes: showIndexSet(succeeded),
    ...(failed ? { failedIndexes: showIndexSet(failed) } : {}),
  }
}

/** Moves notes to the counters, but for those that are still kept by the finalizer. Indexes are counted by themselves. */
function settle(
  status: JobStatus,
  isKept: (uid: string) => boolean,
  countsSuccesses: boolean,
): JobStatus {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {}
  const left = { succeeded: succeeded.filter(isKept), failed: failed.filter(isKept) }
  const more = succeeded.length - left.succeeded.length
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + (countsSuccesses ? more : 0),
    failed: (status.failed ?? 0) + failed.length - left.failed.length,
    uncountedTerminatedPods: {
      ...(left.succeeded.length > 0 ? { succeeded: left.succeeded } : {}),
      ...(left.failed.length > 0 ? { failed: left.failed } : {}),
    },
  }
}
