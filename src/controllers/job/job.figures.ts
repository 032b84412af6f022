/** What upstream's controller counts of jobs. */
import { type Job, job as jobKind } from '#api/batch/v1/job.ts'
import { type Pod, pod as podKind } from '#api/core/v1/pod/pod.ts'
import { exponentialBounds, type FigureBook } from '#base/figures.ts'
import { type Look, type Write, writesOf } from '../runner/controller.ts'

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
  return ({ key, outcome, error, seconds: taken }) => {
    const job = jobOf(key)
    if (!job || !outcome) return
    const mode = job.spec.completionMode ?? 'NonIndexed'
    const writes = writesOf(outcome)
    const labels = [mode, error === undefined ? 'success' : 'error', actionOf(writes)]
    seconds.observe(labels, taken)
    syncs.add(labels)
    const creations = writes.filter(write => write.verb === 'create').length
    if (creations > 0) created.add(['new', error === undefined ? 'succeeded' : 'failed'], creations)
    if (error !== undefined) return
    for (const write of writes) {
      const phase = phaseOfReleased(write)
      if (phase) podsFinished.add([mode, phase.toLowerCase()])
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

/** Of a finished pod from which the finalizer is taken. */
function phaseOfReleased(write: Write): 'Succeeded' | 'Failed' | undefined {
  if (write.verb !== 'patch' || write.kind !== podKind) return undefined
  const { phase } = (write.object as Pod).status
  return phase === 'Succeeded' || phase === 'Failed' ? phase : undefined
}

function endIn(write: Write): { type: string; reason: string } | undefined {
  if (write.verb !== 'update' || write.kind !== jobKind) return undefined
  const { status } = write.object as unknown as Job
  const end = (status.conditions ?? []).find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )
  return end && { type: end.type, reason: end.reason ?? '' }
}
