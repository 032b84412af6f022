/** What upstream's controller measures of jobs by the clock. */
import { job } from '#api/batch/v1/job.ts'
import { exponentialBounds, type FigureBook } from '#base/figures.ts'
import { type Look, writesOf } from '../runner/controller.ts'

const SCHEDULED = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

export function measureSkew(book: FigureBook, now: () => number): (look: Look) => void {
  const skew = book.histogram(
    'cronjob_controller_cronjob_job_creation_skew_duration_seconds',
    'How long after its scheduled time a job is made.',
    exponentialBounds(1, 2, 10),
  )
  return ({ outcome, error }) => {
    if (!outcome || error !== undefined) return
    for (const write of writesOf(outcome)) {
      if (write.verb !== 'create' || write.kind !== job) continue
      const dueMs = Date.parse(write.object.metadata.annotations?.[SCHEDULED] ?? '')
      if (!Number.isNaN(dueMs)) skew.observe([], Math.max(0, now() - dueMs) / 1000)
    }
  }
}
