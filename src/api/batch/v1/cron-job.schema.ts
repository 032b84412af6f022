import { objectReference } from '../../core/v1/references.ts'
import { type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  boolean,
  int32,
  int64,
  list,
  shape,
  string,
  struct,
  time,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { jobTemplateSpec } from './job.schema.ts'

export const cronJobSpec = shape(
  'io.k8s.api.batch.v1.CronJobSpec',
  'Which jobs are made, and when.',
  {
    schedule: string(1)
      .required()
      .doc('When, in the form of cron: minute, hour, day of month, month, day of week.'),
    timeZone: string(8)
      .optional()
      .doc("The zone of the schedule by its IANA name; if absent, the controller's own."),
    startingDeadlineSeconds: int64(2)
      .optional()
      .doc('How late a job may begin; later it is left out and counts as failed.'),
    concurrencyPolicy: string(3)
      .enum('Allow', 'Forbid', 'Replace')
      .unpublishedDefault('Allow')
      .doc(
        'What happens while the last job still runs: Allow both, Forbid the new, Replace the old.',
      ),
    suspend: boolean(4)
      .optional()
      .unpublishedDefault(false)
      .doc('When true, no further jobs are made; running ones go on.'),
    jobTemplate: struct(5, jobTemplateSpec).required().doc('The jobs.'),
    successfulJobsHistoryLimit: int32(6)
      .optional()
      .unpublishedDefault(3)
      .doc('How many jobs are kept that succeeded.'),
    failedJobsHistoryLimit: int32(7)
      .optional()
      .unpublishedDefault(1)
      .doc('How many jobs are kept that failed.'),
  },
)
export type CronJobSpec = ValueOfShape<typeof cronJobSpec>

export const cronJobStatus = shape(
  'io.k8s.api.batch.v1.CronJobStatus',
  'How a cron job is doing.',
  {
    active: list(1, objectReference).atomic().doc('The jobs that run now.'),
    lastScheduleTime: time(4).optional().doc('When a job was last made.'),
    lastSuccessfulTime: time(5).optional().doc('When a job last succeeded.'),
  },
)
export type CronJobStatus = ValueOfShape<typeof cronJobStatus>

export const cronJobShape = objectShape(
  'io.k8s.api.batch.v1.CronJob',
  'Makes a job again and again, by a schedule.',
  {
    spec: struct(2, cronJobSpec).required().doc('Which jobs are made, and when.'),
    status: struct(3, cronJobStatus).always().doc('How it is doing.'),
  },
)
export type CronJob = ObjectOfShape<typeof cronJobShape>
