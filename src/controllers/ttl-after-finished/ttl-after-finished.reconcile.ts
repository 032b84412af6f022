/** Whether a finished job has been there for long enough. */
import { isFinished } from '#api/batch/v1/job.conditions.ts'
import { type Job, job as jobKind } from '#api/batch/v1/job.ts'
import { nothingToDo, type Outcome } from '../runner/controller.ts'

export function reconcile(job: Job, nowMs: number): Outcome {
  const { ttlSecondsAfterFinished } = job.spec
  if (ttlSecondsAfterFinished === undefined) return nothingToDo
  if (!isFinished(job.status) || job.metadata.deletionTimestamp) return nothingToDo
  const finishedMs = finishTimeMs(job)
  // Upstream gives such a job up, too: nobody says since when it is over.
  if (Number.isNaN(finishedMs)) return nothingToDo
  const leftMs = finishedMs + ttlSecondsAfterFinished * 1000 - nowMs
  if (leftMs > 0) return { writes: [], againAfterMs: leftMs }
  const { resourceVersion } = job.metadata
  return {
    writes: [
      {
        verb: 'delete',
        kind: jobKind,
        object: job,
        options: {
          propagationPolicy: 'Foreground',
          // The time to live may have been prolonged just now.
          ...(resourceVersion ? { resourceVersion } : {}),
        },
      },
    ],
  }
}

/** NaN where nobody says when it finished. */
export function finishTimeMs({ status }: Job): number {
  const end = (status.conditions ?? []).find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )
  return Date.parse(end?.lastTransitionTime ?? '')
}
