import { containerColumns, selectorColumn } from '../../apps/v1/columns.ts'
import { isOtherSpec, nameWarnings } from '../../apps/v1/warnings.ts'
import { defaultPodTemplate } from '../../core/v1/pod/defaults.ts'
import { ageColumn, ageOf, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { type CronJob, cronJobShape } from './cron-job.schema.ts'
import {
  validateCronJob,
  validateCronJobCreate,
  validateCronJobUpdate,
} from './cron-job.validation.ts'
import { jobSpecWarnings } from './job.warnings.ts'

export type * from './cron-job.schema.ts'

export const cronJob = defineKind<CronJob>({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  scope: 'Namespaced',
  takesAnyPrefix: true,
  shape: cronJobShape,
  hasGeneration: true,
  defaults: ({ spec }) => defaultPodTemplate(spec.jobTemplate.spec.template),
  prepareForCreate: draft => {
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validate: validateCronJob,
  validateCreate: validateCronJobCreate,
  validateUpdate: validateCronJobUpdate,
  warnings: cronJobWarnings,
  columns: [
    nameColumn,
    column('Schedule', 'When jobs are made, in the form of cron.', ({ spec }) => spec.schedule),
    column('Timezone', 'The time zone of the schedule.', ({ spec }) => spec.timeZone ?? '<none>'),
    column('Suspend', 'Whether no further jobs are made.', suspensionOf, { type: 'boolean' }),
    column('Active', 'How many jobs run now.', ({ status }) => status.active?.length ?? 0, {
      type: 'integer',
    }),
    column('Last Schedule', 'Time since a job was last made.', ({ status }, now) =>
      status.lastScheduleTime ? ageOf(status.lastScheduleTime, now) : '<none>',
    ),
    ageColumn,
    ...containerColumns<CronJob>(({ spec }) => spec.jobTemplate.spec.template),
    selectorColumn<CronJob>(({ spec }) => spec.jobTemplate.spec.selector),
  ],
  subresources: { status: true },
})

function suspensionOf({ spec: { suspend } }: CronJob): string {
  if (suspend === undefined) return '<unset>'
  return suspend ? 'True' : 'False'
}

function cronJobWarnings(object: CronJob, previous: CronJob | undefined): readonly string[] {
  const { schedule, jobTemplate } = object.spec
  return [
    ...nameWarnings(object, previous),
    ...(isOtherSpec(object, previous)
      ? jobSpecWarnings('spec.jobTemplate.spec', jobTemplate.spec)
      : []),
    // Only what exists can have one, and upstream's path has one part too many.
    ...(previous && schedule.includes('TZ')
      ? [
          'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
        ]
      : []),
  ]
}
