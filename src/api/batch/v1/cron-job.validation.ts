import { messageOf } from '#base/errors.ts'
import { notNegative } from '../../core/v1/validation.ts'
import { type FieldError, invalid, notSupported, required } from '../../machinery/field-error.ts'
import type { CronJob, CronJobSpec } from './cron-job.schema.ts'
import { validateJobSpec } from './job.validation.ts'
import { parseSchedule } from './schedule.ts'
import { timeZoneOf } from './time-zone.ts'

/** The controller adds a dash and ten digits of time, and the names of jobs have at most 63 characters. */
const MAXIMUM_NAME_LENGTH = 52
const CONCURRENCY_POLICIES = ['Allow', 'Forbid', 'Replace']
const SCHEDULE = 'spec.schedule'
const TIME_ZONE = 'spec.timeZone'

export function validateCronJob({ spec }: CronJob): readonly FieldError[] {
  return [
    ...validateSchedule(spec.schedule),
    ...notNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds),
    ...validateConcurrencyPolicy(spec.concurrencyPolicy ?? ''),
    ...validateJobSpec('spec.jobTemplate.spec', spec.jobTemplate.spec),
    ...validateGenerated(spec),
    ...notNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...notNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
  ]
}

export function validateCronJobCreate({ metadata, spec }: CronJob): readonly FieldError[] {
  const { name = '' } = metadata
  const isLong = name.length > MAXIMUM_NAME_LENGTH
  const why = `must be no more than ${MAXIMUM_NAME_LENGTH} characters`
  return [
    ...validateZoneInSchedule(spec, false),
    ...validateTimeZone(spec.timeZone),
    ...(isLong ? [invalid('metadata.name', name, why)] : []),
  ]
}

export function validateCronJobUpdate(
  { spec }: CronJob,
  { spec: before }: CronJob,
): readonly FieldError[] {
  return [
    ...validateZoneInSchedule(spec, before.schedule.includes('TZ')),
    ...(spec.timeZone === before.timeZone ? [] : validateTimeZone(spec.timeZone)),
  ]
}

function validateSchedule(schedule: string): FieldError[] {
  if (schedule === '') return [required(SCHEDULE)]
  try {
    parseSchedule(schedule)
    return []
  } catch (thrown) {
    return [invalid(SCHEDULE, schedule, messageOf(thrown))]
  }
}

/** Once a schedule could name its zone itself; those that did may go on. */
function validateZoneInSchedule({ schedule, timeZone }: CronJobSpec, isOld: boolean): FieldError[] {
  if (!schedule.includes('TZ')) return []
  if (!isOld)
    return [
      invalid(
        SCHEDULE,
        schedule,
        'cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ),
    ]
  return timeZone === undefined
    ? []
    : [invalid(SCHEDULE, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule')]
}

function validateTimeZone(name: string | undefined): FieldError[] {
  if (name === undefined) return []
  if (name === '') return [invalid(TIME_ZONE, name, 'timeZone must be nil or non-empty string')]
  const unknown = invalid(TIME_ZONE, name, `unknown time zone ${name}`)
  if (!name.split('/').every(isZonePart)) return [unknown]
  const errors: FieldError[] = []
  if (name.toLowerCase() === 'local')
    errors.push(
      invalid(
        TIME_ZONE,
        name,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    )
  if (name !== 'Local' && !timeZoneOf(name)) errors.push(unknown)
  return errors
}

function isZonePart(part: string): boolean {
  if (part === '.' || part === '..' || part.startsWith('-')) return false
  return /^[A-Za-z.\-_0-9+]{1,14}$/.test(part)
}

function validateConcurrencyPolicy(policy: string): FieldError[] {
  if (policy === '') return [required('spec.concurrencyPolicy')]
  return CONCURRENCY_POLICIES.includes(policy)
    ? []
    : [notSupported('spec.concurrencyPolicy', policy, CONCURRENCY_POLICIES)]
}

/** The server makes the selector of each job. */
function validateGenerated({ jobTemplate }: CronJobSpec): FieldError[] {
  const { selector, manualSelector } = jobTemplate.spec
  const path = 'spec.jobTemplate.spec'
  return [
    ...(selector
      ? [invalid(`${path}.selector`, selector, '`selector` will be auto-generated')]
      : []),
    ...(manualSelector
      ? [notSupported(`${path}.manualSelector`, manualSelector, ['nil', 'false'])]
      : []),
  ]
}
