import type { JobStatus } from './job.schema.ts'

export type JobConditionType =
  | 'Complete'
  | 'Failed'
  | 'Suspended'
  | 'FailureTarget'
  | 'SuccessCriteriaMet'

export function hasCondition({ conditions = [] }: JobStatus, type: JobConditionType): boolean {
  return conditions.some(condition => condition.type === type && condition.status === 'True')
}

/** Whether it has come to its end, well or not. */
export function isFinished(status: JobStatus): boolean {
  return hasCondition(status, 'Complete') || hasCondition(status, 'Failed')
}
