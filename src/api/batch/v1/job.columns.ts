import { workloadColumns } from '../../apps/v1/columns.ts'
import { ageColumn, column, humanDuration, nameColumn } from '../../machinery/columns.ts'
import type { Column } from '../../machinery/kind.ts'
import { hasCondition } from './job.conditions.ts'
import type { Job } from './job.schema.ts'

export const jobColumns: readonly Column<Job>[] = [
  nameColumn,
  column('Status', 'What the job is doing, in one word.', statusOf),
  column('Completions', 'How many pods succeeded, of how many.', completionsOf),
  column('Duration', 'How long the job took, or has taken until now.', durationOf),
  ageColumn,
  ...workloadColumns,
]

function statusOf({ metadata, status }: Job): string {
  if (hasCondition(status, 'Complete')) return 'Complete'
  if (hasCondition(status, 'Failed')) return 'Failed'
  if (metadata.deletionTimestamp) return 'Terminating'
  if (hasCondition(status, 'Suspended')) return 'Suspended'
  if (hasCondition(status, 'FailureTarget')) return 'FailureTarget'
  if (hasCondition(status, 'SuccessCriteriaMet')) return 'SuccessCriteriaMet'
  return 'Running'
}

function completionsOf({ spec, status }: Job): string {
  const succeeded = status.succeeded ?? 0
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`
  const parallelism = spec.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function durationOf({ status: { startTime, completionTime } }: Job, now: number): string {
  if (!startTime) return ''
  const end = completionTime ? Date.parse(completionTime) : now
  return humanDuration(end - Date.parse(startTime))
}
