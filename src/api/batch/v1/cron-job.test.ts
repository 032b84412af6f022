import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { type CronJob, cronJob } from './cron-job.ts'
import { template } from './testing.ts'

const jobTemplate = { spec: { template } }
const cronJobWith = (spec: object = {}, metadata: object = {}): CronJob =>
  created(cronJob, {
    metadata: { name: 'web', ...metadata },
    spec: { schedule: '*/5 * * * *', jobTemplate, ...spec },
  })
const problems = (spec: object, metadata: object = {}) => {
  const object = cronJobWith(spec, metadata)
  return lines([...cronJob.validate(object), ...cronJob.validateCreate(object)])
}
const updateProblems = (before: object, after: object) => {
  const next = cronJobWith(after)
  return lines([...cronJob.validate(next), ...cronJob.validateUpdate(next, cronJobWith(before))])
}

test('a cron job gets a history and lets jobs overlap', () => {
  const { spec, status } = cronJobWith()
  const { jobTemplate: jobs, ...rest } = spec
  assert.deepEqual(rest, {
    schedule: '*/5 * * * *',
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  })
  assert.equal(jobs.spec.template.spec.dnsPolicy, 'ClusterFirst')
  // The jobs themselves get the defaults of jobs when they are made.
  assert.equal(jobs.spec.backoffLimit, undefined)
  assert.equal(jobs.spec.completionMode, undefined)
  assert.deepEqual(status, {})
  assert.deepEqual(problems({ timeZone: 'Europe/Berlin', successfulJobsHistoryLimit: 0 }), [])
})

const zone = (name: string, why = `unknown time zone ${name}`) =>
  `spec.timeZone: Invalid value: "${name}": ${why}`
const wrong: [name: string, spec: object, expected: string[]][] = [
  ['no schedule', { schedule: undefined }, ['spec.schedule: Required value']],
  [
    'unreadable schedule',
    { schedule: 'error' },
    ['spec.schedule: Invalid value: "error": expected exactly 5 fields, found 1: [error]'],
  ],
  [
    'zone in the schedule',
    { schedule: 'TZ=UTC 0 * * * *' },
    [
      'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
    ],
  ],
  ['empty zone', { timeZone: '' }, [zone('', 'timeZone must be nil or non-empty string')]],
  ['unknown zone', { timeZone: 'Mars/Olympus' }, [zone('Mars/Olympus')]],
  ['path as zone', { timeZone: '../etc/passwd' }, [zone('../etc/passwd')]],
  ['offset as zone', { timeZone: '+0500' }, [zone('+0500')]],
  [
    'local zone',
    { timeZone: 'local' },
    [
      zone(
        'local',
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
      zone('local'),
    ],
  ],
  [
    'negative numbers',
    { startingDeadlineSeconds: -1, successfulJobsHistoryLimit: -2, failedJobsHistoryLimit: -3 },
    [
      'spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0',
      'spec.successfulJobsHistoryLimit: Invalid value: -2: must be greater than or equal to 0',
      'spec.failedJobsHistoryLimit: Invalid value: -3: must be greater than or equal to 0',
    ],
  ],
  [
    'unknown policy',
    { concurrencyPolicy: 'Queue' },
    [
      'spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", "Forbid", "Replace"',
    ],
  ],
  [
    'selectors of its own',
    { jobTemplate: { spec: { template, selector: {}, manualSelector: true } } },
    [
      'spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated',
      'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
    ],
  ],
  [
    'jobs that never end',
    {
      jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Always' } } } },
    },
    [
      'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
  ],
]
for (const [name, spec, expected] of wrong)
  test(`refused: ${name}`, () => assert.deepEqual(problems(spec), expected))

test('a new name leaves room for the time of each job', () => {
  const name = 'x'.repeat(53)
  assert.deepEqual(problems({}, { name: name.slice(1) }), [])
  assert.deepEqual(problems({}, { name }), [
    `metadata.name: Invalid value: "${name}": must be no more than 52 characters`,
  ])
})

test('an old cron job keeps its zone, where it has it', () => {
  const old = { schedule: 'CRON_TZ=UTC 0 * * * *' }
  assert.deepEqual(updateProblems(old, old), [])
  assert.deepEqual(updateProblems(old, { ...old, timeZone: 'UTC' }), [
    'spec.schedule: Invalid value: "CRON_TZ=UTC 0 * * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule',
  ])
  assert.deepEqual(updateProblems({}, old), [
    'spec.schedule: Invalid value: "CRON_TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
  ])
  assert.deepEqual(updateProblems({ timeZone: 'Old/Zone' }, { timeZone: 'Old/Zone' }), [])
  assert.deepEqual(updateProblems({ timeZone: 'UTC' }, { timeZone: 'Old/Zone' }), [
    zone('Old/Zone'),
  ])
})

test('an ordinary update keeps the status', () => {
  const previous = cronJobWith()
  previous.status.lastScheduleTime = '2026-01-01T00:00:00Z'
  const next = updated(cronJob, previous, { spec: previous.spec, status: { active: [] } })
  assert.deepEqual(next.status, previous.status)
})

test('warns of names, of jobs that change and of zones in old schedules', () => {
  const named = cronJobWith({}, { name: 'web.1' })
  assert.match(
    `${cronJob.warnings(named, undefined)}`,
    /^metadata\.name: this is used in Pod names/,
  )
  const spec = { schedule: 'TZ=UTC 0 * * * *', jobTemplate: { spec: { template: badPods } } }
  const previous = cronJobWith(spec, { generation: 1 })
  const [pods] = cronJob.warnings(cronJobWith(spec), undefined)
  assert.match(`${pods}`, /^spec\.jobTemplate\.spec\.template\.spec\.terminationGrace/)
  const [old, ...more] = cronJob.warnings(previous, previous)
  assert.match(`${old}`, /^cannot use TZ or CRON_TZ in spec\.spec\.schedule, use timeZone instead/)
  assert.deepEqual(more, [])
  assert.deepEqual(cronJob.warnings(cronJobWith(spec, { generation: 2 }), previous), [pods, old])
})
const badPods = { spec: { ...template.spec, terminationGracePeriodSeconds: -1 } }

test('kubectl get shows when and how many', () => {
  const object = cronJobWith({ timeZone: 'UTC', suspend: true })
  object.metadata.creationTimestamp = '2026-01-01T00:00:00Z'
  object.status = {
    active: [{ name: 'a' }, { name: 'b' }],
    lastScheduleTime: '2026-01-01T00:55:00Z',
  }
  assert.deepEqual(rowOf(cronJob, object), {
    Name: 'web',
    Schedule: '*/5 * * * *',
    Timezone: 'UTC',
    Suspend: 'True',
    Active: 2,
    'Last Schedule': '5m',
    Age: '60m',
    Containers: 'main',
    Images: 'busybox:1',
    Selector: '<none>',
  })
  const fresh = rowOf(cronJob, cronJobWith())
  assert.deepEqual(
    [fresh.Timezone, fresh.Suspend, fresh.Active, fresh['Last Schedule']],
    ['<none>', 'False', 0, '<none>'],
  )
})
