/** What is so now: the job's pods, sorted by what they mean for it. */
import type { Job } from '#api/batch/v1/job.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { isActive } from '../runner/pods.ts'
import { isCounted, matchFailurePolicy } from './failure-policy.ts'
import { hasIndex, type IndexSet, indexSetOf, parseIndexSet, sizeOf, union } from './index-set.ts'
import { hasFailed, indexFailuresOf, indexOf, isTerminating, isTracked } from './job.pods.ts'
import { finishedAtMs } from './pod-backoff.ts'

export interface JobView {
  readonly job: Job
  readonly nowMs: number
  /** All pods that the job controls; by index where it has indexes. */
  readonly pods: readonly Pod[]
  readonly active: readonly Pod[]
  readonly terminating: readonly Pod[]
  /** How many succeeded, the ones that are not in the status yet included. */
  readonly succeeded: number
  readonly failed: number
  readonly indexes: IndexView | undefined
}

/** What only jobs with indexes have. */
export interface IndexView {
  readonly succeededBefore: IndexSet
  readonly succeeded: IndexSet
  /** Only where failures are counted by index. */
  readonly failed: IndexSet | undefined
  /** Of indexes that wait for a new pod, the pod that failed last: the new one takes its failure count over. */
  readonly replaced: ReadonlyMap<number, Pod>
}

export function viewOf(job: Job, owned: readonly Pod[], nowMs: number): JobView {
  const isIndexed = job.spec.completionMode === 'Indexed'
  const pods = isIndexed ? owned.toSorted((a, b) => rank(a, job) - rank(b, job)) : owned
  const { succeeded = [], failed = [] } = job.status.uncountedTerminatedPods ?? {}
  const isNew = (pod: Pod) => isTracked(pod) && (!isIndexed || indexOf(pod, job) !== undefined)
  const newlySucceeded = pods.filter(
    pod =>
      pod.status.phase === 'Succeeded' && isNew(pod) && !succeeded.includes(pod.metadata.uid ?? ''),
  )
  const newlyFailed = pods.filter(
    pod =>
      hasFailed(pod, job) &&
      isNew(pod) &&
      !failed.includes(pod.metadata.uid ?? '') &&
      isCounted(job.spec.podFailurePolicy, pod),
  )
  const active = pods.filter(isActive)
  const indexes = isIndexed ? indexViewOf(job, pods, active) : undefined
  return {
    job,
    nowMs,
    pods,
    active,
    terminating: pods.filter(isTerminating),
    succeeded: indexes
      ? sizeOf(indexes.succeeded)
      : (job.status.succeeded ?? 0) + newlySucceeded.length + succeeded.length,
    failed: (job.status.failed ?? 0) + newlyFailed.length + failed.length,
    indexes,
  }
}

const rank = (pod: Pod, job: Job) => indexOf(pod, job) ?? Number.MAX_SAFE_INTEGER

function indexViewOf(job: Job, pods: readonly Pod[], active: readonly Pod[]): IndexView {
  const { completions = 0, backoffLimitPerIndex } = job.spec
  const tracked = pods.filter(pod => isTracked(pod) && indexOf(pod, job) !== undefined)
  const succeededBefore = parseIndexSet(job.status.completedIndexes ?? '', completions)
  const ended = tracked.filter(({ status }) => status.phase === 'Succeeded')
  const succeeded = union(succeededBefore, indexesOf(ended, job))
  if (backoffLimitPerIndex === undefined)
    return { succeededBefore, succeeded, failed: undefined, replaced: new Map() }
  const given = tracked.filter(pod => isIndexFailed(pod, job, backoffLimitPerIndex))
  const failedBefore = parseIndexSet(job.status.failedIndexes ?? '', completions)
  const failed = union(failedBefore, indexesOf(given, job))
  const settled = union(succeeded, failed, indexesOf(active, job))
  const replaced = new Map<number, Pod>()
  for (const pod of tracked) {
    const index = indexOf(pod, job) ?? 0
    if (!hasFailed(pod, job) || hasIndex(settled, index)) continue
    const other = replaced.get(index)
    if (!other || isLater(pod, other)) replaced.set(index, pod)
  }
  return { succeededBefore, succeeded, failed, replaced }
}

export function indexesOf(pods: readonly Pod[], job: Job): IndexSet {
  return indexSetOf(pods.flatMap(pod => indexOf(pod, job) ?? []))
}

/** No further pod of this index is tried. */
function isIndexFailed(pod: Pod, job: Job, limit: number): boolean {
  if (!hasFailed(pod, job)) return false
  const action = matchFailurePolicy(job.spec.podFailurePolicy, pod)?.action
  if (action === 'FailIndex') return true
  return action !== 'Ignore' && indexFailuresOf(pod).counted >= limit
}

function isLater(pod: Pod, other: Pod): boolean {
  return allFailures(pod) >= allFailures(other) && finishedAtMs(pod) >= finishedAtMs(other)
}

/** Failures of the index before this pod, whether they count or not. */
export function allFailures(pod: Pod): number {
  const { counted, ignored } = indexFailuresOf(pod)
  return counted + ignored
}
