import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CronJob } from '#api/batch/v1/cron-job.ts'
import type { Job } from '#api/batch/v1/job.ts'
import type { AnyObject } from '../runner/controller.ts'
import { showOutcome, testScenarios } from '../testing/state-scenarios.ts'
import { reconcile } from './cronjob.reconcile.ts'
import { dueTime, nextInMs, timetableOf } from './due-time.ts'
import { scheduledTimeText } from './scheduled-time.ts'

const NOW_MS = Date.UTC(2026, 0, 1, 0, 0, 30)
const ago = (seconds: number) => `${new Date(NOW_MS - seconds * 1000).toISOString().slice(0, 19)}Z`
const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

interface JobState {
  readonly scheduled?: string
  readonly ended?: 'Complete' | 'Failed'
  readonly start?: number
}
interface State {
  readonly spec: object
  readonly created: number
  readonly deleting?: boolean
  readonly status?: object
  readonly jobs?: Readonly<Record<string, JobState>>
  readonly others?: readonly string[]
}

function cronJobOf({ spec, created, status = {}, deleting }: State): CronJob {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: {
      name: 'work',
      namespace: 'a',
      uid: 'c1',
      creationTimestamp: ago(created),
      ...(deleting ? { deletionTimestamp: ago(0) } : {}),
    },
    spec: { jobTemplate: { metadata: { labels: { a: 'b' } }, spec: {} }, ...spec },
    status,
  } as unknown as CronJob
}

function jobOf(name: string, { scheduled, ended, start }: JobState): Job {
  return {
    metadata: {
      name,
      namespace: 'a',
      uid: name,
      resourceVersion: '7',
      annotations: scheduled ? { [SCHEDULED_AT]: scheduled } : {},
    },
    spec: {},
    status: {
      ...(start === undefined ? {} : { startTime: ago(start) }),
      ...(ended ? { conditions: [{ type: ended, status: 'True' }] } : {}),
      ...(ended === 'Complete' ? { completionTime: ago((start ?? 0) - 10) } : {}),
    },
  } as unknown as Job
}

testScenarios<State>(new URL('cronjob.scenarios.txt', import.meta.url), state => {
  const cronJob = cronJobOf(state)
  const jobs = Object.entries(state.jobs ?? {}).map(([name, job]) => jobOf(name, job))
  const names = [...jobs.map(({ metadata }) => metadata.name), ...(state.others ?? [])]
  const outcome = reconcile({ cronJob, jobs, hasJob: name => names.includes(name), nowMs: NOW_MS })
  return showOutcome(
    outcome,
    cronJob as unknown as AnyObject,
    ({ metadata }) => ` for ${metadata.annotations?.[SCHEDULED_AT]}`,
  )
})

test('the last time that has come is found however long ago the last job was', () => {
  const due = (schedule: string, created: number) => {
    const cronJob = cronJobOf({ spec: { schedule }, created })
    const { dueMs } = dueTime(cronJob, timetableOf(cronJob), NOW_MS)
    return dueMs === undefined ? undefined : new Date(dueMs).toISOString()
  }
  const YEAR = 365 * 86_400
  assert.equal(due('* * * * *', YEAR), '2026-01-01T00:00:00.000Z')
  assert.equal(due('30 6-16/4 * * 1-5', 12 * 3600), '2025-12-31T14:30:00.000Z')
  assert.equal(due('0 0 29 2 *', 3 * YEAR), '2024-02-29T00:00:00.000Z')
  assert.equal(due('@every 1h', 7200), '2026-01-01T00:00:30.000Z')
  assert.equal(due('0 12 * * *', 3600), undefined)
})

test('the wait ends a moment after the next time', () => {
  const cronJob = cronJobOf({ spec: { schedule: '*/5 * * * *' }, created: 2000 })
  const timetable = timetableOf(cronJob)
  assert.equal(nextInMs(cronJob, timetable, NOW_MS), 270_100)
})

test('times are shown in the zone', () => {
  const summer = Date.UTC(2026, 6, 1, 12)
  assert.equal(scheduledTimeText(summer, 'Europe/Berlin'), '2026-07-01T14:00:00+02:00')
  assert.equal(scheduledTimeText(summer, 'America/St_Johns'), '2026-07-01T09:30:00-02:30')
  assert.equal(scheduledTimeText(summer, undefined), '2026-07-01T12:00:00Z')
})
