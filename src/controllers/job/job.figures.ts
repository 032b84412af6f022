/** What upstream's controller counts of jobs. */
import { type Job, job as jobKind } from '#api/batch/v1/job.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { exponentialBounds, type FigureBook } from '#base/figures.ts'
import type { Informer } from '#client/informer.ts'
import { type Look, type Write, writesOf } from '../runner/controller.ts'
import { isFinished } from '../runner/pods.ts'
import { matchFailurePolicy } from './failure-policy.ts'
import { parseIndexSet, sizeOf } from './index-set.ts'
import { isTracked } from './job.pods.ts'
import { isManagedElsewhere } from './job.reconcile.ts'

const SYNC_LABELS = ['completion_mode', 'result', 'action']
const MODE_LABELS = ['completion_mode', 'result']

/** `jobOf` gives the job as it was decided from. */
export function countJobs(
  book: FigureBook,
  jobOf: (key: string) => Job | undefined,
): (look: Look) => void {
  const name = (text: string) => `job_controller_${text}`
  const seconds = book.histogram(
    name('job_sync_duration_seconds'),
    'How long a look at a job takes.',
    exponentialBounds(0.004, 2, 15),
    SYNC_LABELS,
  )
  const syncs = book.counter(name('job_syncs_total'), 'Looks at jobs.', SYNC_LABELS)
  const finished = book.counter(name('jobs_finished_total'), 'Jobs that came to an end.', [
    ...MODE_LABELS,
    'reason',
  ])
  const podsFinished = book.counter(
    name('job_pods_finished_total'),
    'Finished pods that were counted and let go.',
    MODE_LABELS,
  )
  const created = book.counter(name('job_pods_creation_total'), 'Pods that were made for jobs.', [
    'reason',
    'status',
  ])
  const handled = book.counter(
    name('pod_failures_handled_by_failure_policy_total'),
    'Failed pods that a rule of a podFailurePolicy fits, by what it says.',
    ['action'],
  )
  return ({ key, outcome, error, seconds: taken }) => {
    const job = jobOf(key)
    if (!job || !outcome) return
    const mode = job.spec.completionMode ?? 'NonIndexed'
    const writes = writesOf(outcome)
    const labels = [mode, error === undefined ? 'success' : 'error', actionOf(writes)]
    seconds.observe(labels, taken)
    syncs.add(labels)
    const creations = writes.filter(write => write.verb === 'create').length
    if (creations > 0)
      created.add([reasonOfCreation(job), error === undefined ? 'succeeded' : 'failed'], creations)
    if (error !== undefined) return
    for (const write of writes) {
      const released = releasedBy(write)
      if (released) {
        podsFinished.add([mode, released.status.phase?.toLowerCase() ?? ''])
        const action = failureAction(job, released)
        if (action) handled.add([action])
      }
      const end = endIn(write)
      if (end) finished.add([mode, end.type === 'Failed' ? 'failed' : 'succeeded', end.reason])
    }
  }
}

function actionOf(writes: readonly Write[]): string {
  const touches = (verb: Write['verb']) =>
    writes.some(write => write.verb === verb && 'kind' in write && write.kind === podKind)
  if (touches('create')) return 'pods_created'
  return touches('delete') ? 'pods_deleted' : 'tracking'
}

/** A finished pod from which the finalizer is taken. */
function releasedBy(write: Write): Pod | undefined {
  if (write.verb !== 'patch' || write.kind !== podKind) return undefined
  const released = write.object as Pod
  return isFinished(released) ? released : undefined
}

function failureAction({ spec: { podFailurePolicy } }: Job, pod: Pod): string | undefined {
  if (pod.status.phase !== 'Failed' || !podFailurePolicy) return undefined
  return matchFailurePolicy(podFailurePolicy, pod)?.action
}

/** Why a job that has had pods before makes more. */
function reasonOfCreation({ spec, status: { failed = 0, terminating = 0 } }: Job): string {
  if (spec.podReplacementPolicy === 'Failed' && failed > 0) return 'recreate_failed'
  return failed + terminating > 0 ? 'recreate_terminating_or_failed' : 'new'
}

/** What upstream counts as it comes along, whoever writes it. Gives what must end with the controller. */
export function countJobEvents(
  book: FigureBook,
  jobs: Informer<Job>,
  pods: Informer<Pod>,
): () => void {
  const name = (text: string) => `job_controller_${text}`
  const tracked = book.counter(
    name('terminated_pods_tracking_finalizer_total'),
    'Terminated pods that got the finalizer of jobs or are rid of it.',
    ['event'],
  )
  const external = book.counter(
    name('jobs_by_external_controller_total'),
    'Jobs that are left to another controller.',
    ['controller_name'],
  )
  const indexes = book.counter(
    name('job_finished_indexes_total'),
    'Indexes that have come to an end.',
    ['status', 'backoffLimit'],
  )
  const isKept = (found: Pod | undefined) =>
    found !== undefined && isTracked(found) && isFinished(found)
  const ends = [
    pods.subscribe({
      changed(next, previous) {
        if (isKept(next) === isKept(previous)) return
        tracked.add([isKept(next) ? 'add' : 'delete'])
      },
      deleted(gone) {
        if (isKept(gone)) tracked.add(['delete'])
      },
    }),
    jobs.subscribe({
      changed(next, previous) {
        if (!previous && isManagedElsewhere(next)) external.add([next.spec.managedBy ?? ''])
        if (!previous) return
        const limit = next.spec.backoffLimitPerIndex === undefined ? 'global' : 'perIndex'
        const more = (field: 'completedIndexes' | 'failedIndexes') =>
          countOfIndexes(next.status[field], next) - countOfIndexes(previous.status[field], next)
        const [succeeded, failed] = [more('completedIndexes'), more('failedIndexes')]
        if (succeeded > 0) indexes.add(['succeeded', limit], succeeded)
        if (failed > 0) indexes.add(['failed', limit], failed)
      },
      deleted() {},
    }),
  ]
  return () => {
    for (const end of ends) end()
  }
}

const countOfIndexes = (text: string | undefined, { spec: { completions = 0 } }: Job): number =>
  sizeOf(parseIndexSet(text ?? '', completions))

function endIn(write: Write): { type: string; reason: string } | undefined {
  if (write.verb !== 'update' || write.kind !== jobKind) return undefined
  const { status } = write.object as unknown as Job
  const end = (status.conditions ?? []).find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )
  return end && { type: end.type, reason: end.reason ?? '' }
}
