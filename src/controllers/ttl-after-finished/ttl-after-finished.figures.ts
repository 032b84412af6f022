/** What upstream's controller measures of jobs whose time is over. */
import type { Job } from '#api/batch/v1/job.ts'
import { exponentialBounds, type FigureBook } from '#base/figures.ts'
import { type Look, writesOf } from '../runner/controller.ts'
import { finishTimeMs } from './ttl-after-finished.reconcile.ts'

export function measureDeletions(book: FigureBook, now: () => number): (look: Look) => void {
  const delays = book.histogram(
    'ttl_after_finished_controller_job_deletion_duration_seconds',
    'How long after its time a finished job is deleted.',
    exponentialBounds(0.1, 2, 14),
  )
  return ({ outcome, error }) => {
    if (!outcome || error !== undefined) return
    for (const write of writesOf(outcome)) {
      if (write.verb !== 'delete') continue
      const job = write.object as Job
      const dueMs = finishTimeMs(job) + (job.spec.ttlSecondsAfterFinished ?? 0) * 1000
      delays.observe([], Math.max(0, now() - dueMs) / 1000)
    }
  }
}
