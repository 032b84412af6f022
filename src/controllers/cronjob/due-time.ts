/** When a CronJob should have made its last job, and when the next one is due. */
import type { CronJob } from '#api/batch/v1/cron-job.ts'
import { parseSchedule, type Schedule } from '#api/batch/v1/schedule.ts'
import { type TimeZone, timeZoneOf } from '#api/batch/v1/time-zone.ts'

/** So that a job is never looked for a moment before its time. */
const MARGIN_MS = 100
/** As upstream: more missed times than these point to a clock that is off. */
const MANY_MISSED = 100
/** A schedule whose steps differ widely is gone through this far, and no further. */
const MAXIMUM_STEPS = 10_000

export interface Timetable {
  readonly schedule: Schedule
  readonly zone: TimeZone
}

export interface DueTime {
  /** The last time that has come; undefined where none has since the last job. */
  readonly dueMs?: number
  readonly isManyMissed: boolean
}

/** Throws an Error that says what is wrong with the schedule. A zone that is unknown is left to the caller. */
export function timetableOf({ spec }: CronJob): Timetable {
  const zone = timeZoneOf(spec.timeZone ?? 'UTC') ?? (timeZoneOf('UTC') as TimeZone)
  return { schedule: parseSchedule(spec.schedule), zone }
}

/** Throws where the schedule never comes. Times before the starting deadline do not count. */
export function dueTime(cronJob: CronJob, timetable: Timetable, nowMs: number): DueTime {
  const { startingDeadlineSeconds } = cronJob.spec
  const since = sinceMs(cronJob)
  if (startingDeadlineSeconds === undefined) return lastBefore(since, timetable, nowMs)
  return lastBefore(Math.max(since, nowMs - startingDeadlineSeconds * 1000), timetable, nowMs)
}

/** How long until the next job is due. */
export function nextInMs(cronJob: CronJob, timetable: Timetable, nowMs: number): number {
  const since = sinceMs(cronJob)
  const { dueMs, isManyMissed } = lastBefore(since, timetable, nowMs)
  const from = dueMs ?? (isManyMissed ? nowMs : since)
  const next = timetable.schedule.next(from, timetable.zone) ?? Number.POSITIVE_INFINITY
  return Math.max(0, next - nowMs) + MARGIN_MS
}

function sinceMs({ metadata, status }: CronJob): number {
  return Date.parse(status.lastScheduleTime ?? metadata.creationTimestamp ?? '')
}

/**
 * Steps over what lies between by the length of the first step, then goes through the rest. After a long absence a time of a
 * schedule with uneven steps may be passed over by that, here as upstream.
 */
function lastBefore(sinceMs: number, { schedule, zone }: Timetable, nowMs: number): DueTime {
  const first = schedule.next(sinceMs, zone)
  const second = first === undefined ? undefined : schedule.next(first, zone)
  if (first === undefined || second === undefined)
    throw new Error('time difference between two schedules is less than 1 second')
  if (nowMs < first) return { isManyMissed: false }
  if (nowMs < second) return { dueMs: first, isManyMissed: false }
  const stepMs = second - first
  const missed = Math.floor((nowMs - first) / stepMs) + 1
  let dueMs: number | undefined
  let next = schedule.next(first + (missed - 2) * stepMs, zone)
  for (let steps = 0; next !== undefined && next <= nowMs && steps < MAXIMUM_STEPS; steps++) {
    dueMs = next
    next = schedule.next(next, zone)
  }
  const isManyMissed = missed > MANY_MISSED
  return dueMs === undefined ? { isManyMissed } : { dueMs, isManyMissed }
}
