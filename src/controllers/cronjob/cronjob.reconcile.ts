/** Makes jobs when their time has come, keeps account of those that run, and removes old ones. */
import { type CronJob, type CronJobStatus, cronJob as cronJobKind } from '#api/batch/v1/cron-job.ts'
import { hasCondition, isFinished } from '#api/batch/v1/job.conditions.ts'
import { type Job, job as jobKind } from '#api/batch/v1/job.ts'
import { timeZoneOf } from '#api/batch/v1/time-zone.ts'
import { isStatus } from '#api/machinery/status.ts'
import { rfc3339 } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Batch, EventWrite, Outcome, Write } from '../runner/controller.ts'
import { isNamespaceTerminating } from '../runner/errors.ts'
import { sameJson } from '../runner/json.ts'
import { controllerReference } from '../runner/owners.ts'
import { dueTime, nextInMs, type Timetable, timetableOf } from './due-time.ts'
import { scheduledTimeText } from './scheduled-time.ts'

/** On a job: the time that it was made for. */
const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

export interface CronJobWorld {
  readonly cronJob: CronJob
  /** The jobs that it controls. */
  readonly jobs: readonly Job[]
  /** Whether the namespace has a job of this name, whoever made it. */
  readonly hasJob: (name: string) => boolean
  readonly nowMs: number
}

export function reconcile(world: CronJobWorld): Outcome {
  const { cronJob } = world
  const old = oldJobs(world)
  const account = accountOf(world, old)
  const plan = cronJob.metadata.deletionTimestamp ? noPlan : planOf(world, account.status)
  const gone = new Set([...old, ...plan.replaced].map(({ metadata }) => metadata.uid))
  const active = (account.status.active ?? []).filter(({ uid }) => !gone.has(uid))
  const { active: _, ...rest } = account.status
  const status = { ...rest, ...(active.length > 0 ? { active } : {}) }
  const update: Write[] = sameJson(status, cronJob.status)
    ? []
    : [
        {
          verb: 'update',
          kind: cronJobKind,
          object: { ...cronJob, status },
          subresource: 'status',
        },
      ]
  const deletions = [...old, ...plan.replaced].map(job => deletion(cronJob, job))
  const batch: Batch[] = deletions.length > 0 ? [{ verb: 'batch', writes: deletions }] : []
  return {
    writes: [...batch, ...update, ...account.events, ...plan.events, ...plan.creations],
    ...(plan.againAfterMs === undefined ? {} : { againAfterMs: plan.againAfterMs }),
  }
}

interface Account {
  readonly status: CronJobStatus
  readonly events: readonly EventWrite[]
}

/** What the status says, brought up to date with the jobs. Of old ones it is told that they are deleted, not that they ended. */
function accountOf({ cronJob, jobs, hasJob }: CronJobWorld, old: readonly Job[]): Account {
  const events: EventWrite[] = []
  const say = (type: EventWrite['type'], reason: string, message: string) =>
    events.push(eventOn(cronJob, type, reason, message))
  let { active = [], lastScheduleTime, lastSuccessfulTime } = cronJob.status
  const known = new Set(jobs.map(({ metadata }) => metadata.uid))
  // One that is no longer its own, as when a deletion leaves jobs behind, is not missing.
  const isThere = ({ uid, name = '' }: (typeof active)[number]) => known.has(uid) || hasJob(name)
  for (const gone of active.filter(each => !isThere(each)))
    say('Normal', 'MissingJob', `Active job went missing: ${gone.name}`)
  active = active.filter(isThere)
  for (const job of jobs.toSorted(byStart)) {
    const isListed = active.some(({ uid }) => uid === job.metadata.uid)
    // Made by the last look, or by one that was cut short before it could tell.
    const isNew = !isListed && scheduledMs(job) > Date.parse(lastScheduleTime ?? rfc3339(0))
    if (isNew) lastScheduleTime = rfc3339(scheduledMs(job))
    const { name } = job.metadata
    if (isFinished(job.status)) {
      active = active.filter(({ uid }) => uid !== job.metadata.uid)
      const end = hasCondition(job.status, 'Complete') ? 'Complete' : 'Failed'
      if ((isListed || isNew) && !old.includes(job))
        say('Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${end}`)
      const { completionTime } = job.status
      if (completionTime && completionTime > (lastSuccessfulTime ?? ''))
        lastSuccessfulTime = completionTime
    } else if (isNew) active = [...active, referenceTo(job)]
    else if (!isListed && !job.metadata.deletionTimestamp)
      say(
        'Warning',
        'UnexpectedJob',
        `Saw a job that the controller did not create or forgot: ${name}`,
      )
  }
  return {
    status: {
      ...(active.length > 0 ? { active } : {}),
      ...(lastScheduleTime ? { lastScheduleTime } : {}),
      ...(lastSuccessfulTime ? { lastSuccessfulTime } : {}),
    },
    events,
  }
}

function scheduledMs({ metadata }: Job): number {
  return Date.parse(metadata.annotations?.[SCHEDULED_AT] ?? '')
}

function referenceTo({ metadata }: Job) {
  const { name = '', namespace = '', uid = '', resourceVersion = '' } = metadata
  return { kind: 'Job', namespace, name, uid, apiVersion: 'batch/v1', resourceVersion }
}

/** Started first comes first; what has not started comes last. */
function byStart(a: Job, b: Job): number {
  const [one, other] = [a.status.startTime ?? '~', b.status.startTime ?? '~']
  if (one !== other) return one < other ? -1 : 1
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}

/** Finished jobs beyond the history limits. */
function oldJobs({ cronJob, jobs }: CronJobWorld): Job[] {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec
  const beyond = (type: 'Complete' | 'Failed', limit = Number.POSITIVE_INFINITY) => {
    const finished = jobs.filter(({ status }) => hasCondition(status, type)).toSorted(byStart)
    return finished.slice(0, Math.max(0, finished.length - limit))
  }
  return [
    ...beyond('Complete', successfulJobsHistoryLimit),
    ...beyond('Failed', failedJobsHistoryLimit),
  ].filter(({ metadata }) => !metadata.deletionTimestamp)
}

interface Plan {
  readonly creations: readonly Write[]
  readonly replaced: readonly Job[]
  readonly events: readonly EventWrite[]
  readonly againAfterMs?: number
}

const noPlan: Plan = { creations: [], replaced: [], events: [] }

/** Whether a job is to be made now. What is wrong with the schedule is told, and nothing happens before it is changed. */
function planOf(world: CronJobWorld, status: CronJobStatus): Plan {
  const { nowMs } = world
  const cronJob = { ...world.cronJob, status }
  const { schedule, timeZone, suspend } = cronJob.spec
  const warning = (reason: string, message: string) =>
    eventOn(world.cronJob, 'Warning', reason, message)
  const refuse = (reason: string, message: string) => ({
    ...noPlan,
    events: [warning(reason, message)],
  })
  if (timeZone !== undefined && !timeZoneOf(timeZone))
    return refuse(
      'UnknownTimeZone',
      `invalid timeZone: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`,
    )
  if (suspend) return noPlan
  let timetable: Timetable
  try {
    timetable = timetableOf(cronJob)
  } catch (error) {
    return refuse(
      'UnparseableSchedule',
      `unparseable schedule: ${JSON.stringify(schedule)} : ${messageOf(error)}`,
    )
  }
  try {
    const due = dueTime(cronJob, timetable, nowMs)
    const zoned = schedule.includes('TZ')
      ? [warning('UnsupportedSchedule', zoneAdvice(schedule))]
      : []
    const missed = due.dueMs !== undefined && due.isManyMissed
    const events = missed ? [...zoned, warning('TooManyMissedTimes', TOO_MANY_MISSED)] : zoned
    const plan = due.dueMs === undefined ? noPlan : planAt(world, status, due.dueMs)
    return {
      ...plan,
      events: [...events, ...plan.events],
      againAfterMs: nextInMs(cronJob, timetable, nowMs),
    }
  } catch (error) {
    return refuse('InvalidSchedule', `invalid schedule: ${schedule} : ${messageOf(error)}`)
  }
}

const TOO_MANY_MISSED =
  'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'

const zoneAdvice = (schedule: string) =>
  `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`

function planAt(world: CronJobWorld, status: CronJobStatus, dueMs: number): Plan {
  const { cronJob, jobs, nowMs } = world
  const { startingDeadlineSeconds, concurrencyPolicy } = cronJob.spec
  if (startingDeadlineSeconds !== undefined && dueMs + startingDeadlineSeconds * 1000 < nowMs) {
    const time = new Date(dueMs).toUTCString().replace('GMT', '+0000')
    const message = `Missed scheduled time to start a job: ${time}`
    return { ...noPlan, events: [eventOn(cronJob, 'Warning', 'MissSchedule', message)] }
  }
  const name = jobName(cronJob, dueMs)
  const { active = [], lastScheduleTime } = status
  if (lastScheduleTime === rfc3339(dueMs) || world.hasJob(name)) return noPlan
  if (concurrencyPolicy === 'Forbid' && active.length > 0) {
    const message =
      'Not starting job because prior execution is running and concurrency policy is Forbid'
    return { ...noPlan, events: [eventOn(cronJob, 'Normal', 'JobAlreadyActive', message)] }
  }
  const running = new Set(active.map(({ uid }) => uid))
  return {
    creations: [creation(cronJob, name, dueMs)],
    replaced:
      concurrencyPolicy === 'Replace'
        ? jobs.filter(({ metadata }) => running.has(metadata.uid))
        : [],
    events: [],
  }
}

/** The same time gives the same name, so no job is made twice. */
function jobName({ metadata }: CronJob, dueMs: number): string {
  return `${metadata.name}-${Math.floor(dueMs / 60_000)}`
}

function creation(cronJob: CronJob, name: string, dueMs: number): Write {
  const { metadata = {}, spec } = cronJob.spec.jobTemplate
  return {
    verb: 'create',
    kind: jobKind,
    object: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name,
        namespace: cronJob.metadata.namespace ?? '',
        ...(metadata.labels ? { labels: metadata.labels } : {}),
        annotations: {
          ...metadata.annotations,
          [SCHEDULED_AT]: scheduledTimeText(dueMs, cronJob.spec.timeZone),
        },
        ownerReferences: [controllerReference(cronJobKind, cronJob)],
      },
      spec,
    },
    // Somebody else's job has the name, or the namespace is being emptied: trying again would change nothing.
    tolerate: error => isStatus(error, 'AlreadyExists') || isNamespaceTerminating(error),
    report: {
      about: cronJob,
      success: { reason: 'SuccessfulCreate', message: name => `Created job ${name}` },
      failure: { reason: 'FailedCreate', message: error => `Error creating job: ${error}` },
    },
  }
}

function deletion(cronJob: CronJob, job: Job): Write {
  return {
    verb: 'delete',
    kind: jobKind,
    object: job,
    options: { propagationPolicy: 'Background' },
    report: {
      about: cronJob,
      success: { reason: 'SuccessfulDelete', message: name => `Deleted job ${name}` },
      failure: { reason: 'FailedDelete', message: error => `Deleted job: ${error}` },
    },
  }
}

function eventOn(
  about: CronJob,
  type: EventWrite['type'],
  reason: string,
  message: string,
): EventWrite {
  return { verb: 'event', about, type, reason, text: { message } }
}
