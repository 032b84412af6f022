/**
 * Cron jobs: what falls due, beside what still runs, in which zone, and what becomes of it. Nobody waits for a schedule: each is of
 * a day that is over, and the status is told to have seen none of it.
 */
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { isThere, type Story, until } from './story.ts'
import { runs } from './story-pods.ts'

const PLACE = 'schedules'
const CORE = `/api/v1/namespaces/${PLACE}`
const BATCH = `/apis/batch/v1/namespaces/${PLACE}`
const JOBS = `${BATCH}/jobs`
const CRON_JOBS = `${BATCH}/cronjobs`
const MERGE = 'application/merge-patch+json'
const ZONE = 'Asia/Kolkata'

const COLLECTIONS: readonly string[] = [`${CORE}/pods`, CRON_JOBS, JOBS]

const DAY_MS = 24 * 60 * 60_000
/** One for all lives. */
const TODAY_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS
const daysAgo = (days: number) => new Date(TODAY_MS - days * DAY_MS)
const timeOf = (date: Date) => date.toISOString().replace('.000', '')
const dateOf = (days: number) => timeOf(daysAgo(days)).slice(0, 10)
/** At the beginning of that day, and a year later again. */
const scheduleOf = (days: number) =>
  `0 0 ${daysAgo(days).getUTCDate()} ${daysAgo(days).getUTCMonth() + 1} *`

const job = (script: string, more: object = {}) => ({
  spec: { backoffLimit: 0, template: runs(script), ...more },
})
const LASTS = 'sleep 1000'

type Given = readonly [name: string, jobTemplate: object, spec: object]

/** The first time of each is five days ago. */
const GIVEN: readonly Given[] = [
  ['allow', job(LASTS), { concurrencyPolicy: 'Allow' }],
  ['forbid', job(LASTS), { concurrencyPolicy: 'Forbid' }],
  ['replace', job(LASTS), { concurrencyPolicy: 'Replace' }],
  ['kept', job('true'), { successfulJobsHistoryLimit: 1 }],
  ['failing', job('false'), { failedJobsHistoryLimit: 0 }],
  ['forgotten', job('true'), { successfulJobsHistoryLimit: 0 }],
  ['resting', job('true'), { suspend: true }],
  ['late', job('true'), { startingDeadlineSeconds: 3600 }],
  ['in-time', job('true'), { startingDeadlineSeconds: 30 * 24 * 3600 }],
  ['zoned', job('true'), { timeZone: ZONE }],
  ['brief', job('true', { ttlSecondsAfterFinished: 2 }), {}],
  [
    'marked',
    { metadata: { labels: { part: 'of-it' }, annotations: { note: 'kept' } }, ...job('true') },
    {},
  ],
  ['held', job('true', { suspend: true }), {}],
  ['named', job('true'), {}],
]
const NAMES = [...GIVEN.map(([name]) => name), 'crowded', 'hourly', 'minutely', 'minutely-abroad']

const create = (api: ApiEnd, name: string, jobTemplate: object, spec: object) =>
  api.want('POST', CRON_JOBS, { metadata: { name }, spec: { jobTemplate, ...spec } })
const change = (api: ApiEnd, name: string, spec: object) =>
  api.want('PATCH', `${CRON_JOBS}/${name}`, { spec }, MERGE)
const get = (api: ApiEnd, name: string) => api.want('GET', `${CRON_JOBS}/${name}`)

/** As if it had last been looked after on a day. */
const saw = (api: ApiEnd, name: string, days: number) =>
  api.want(
    'PATCH',
    `${CRON_JOBS}/${name}/status`,
    { status: { lastScheduleTime: timeOf(daysAgo(days)) } },
    MERGE,
  )

async function comesDue(api: ApiEnd, names: readonly string[], days: number): Promise<void> {
  for (const name of names) {
    await change(api, name, { schedule: scheduleOf(days) })
    await saw(api, name, days + 1)
  }
}

async function jobsOf(api: ApiEnd, name: string): Promise<readonly Shown[]> {
  const { items } = await api.want('GET', JOBS)
  return items.filter(({ metadata }: Shown) => metadata.name.replace(/-\d+$/, '') === name)
}

const isFinished = ({ status }: Shown): boolean =>
  (status.conditions ?? []).some(({ type }: Shown) => type === 'Complete' || type === 'Failed')

const nameAt = (name: string, days: number) => `${name}-${daysAgo(days).getTime() / 60_000}`

/** The job of a day runs, and the cron job knows it. */
const areRunning = (api: ApiEnd, names: readonly string[], days: number) =>
  until(`${names.join()} run`, async () => {
    const all = await Promise.all(
      names.map(async name => {
        const { status } = await get(api, name)
        const { body } = await api.ask('GET', `${JOBS}/${nameAt(name, days)}`)
        const isListed = (status.active ?? []).some(
          (each: Shown) => each.name === nameAt(name, days),
        )
        return isListed && body.status?.ready === 1
      }),
    )
    return all.every(Boolean)
  })

/** What came of a day is over, told, and cleared away but for so many jobs. */
const areDone = (api: ApiEnd, counts: Readonly<Record<string, number>>, days: number) =>
  until(`${Object.keys(counts).join()} are done`, async () => {
    const all = await Promise.all(
      Object.entries(counts).map(async ([name, count]) => {
        const [{ status, spec }, jobs] = [await get(api, name), await jobsOf(api, name)]
        const offsetMs = spec.timeZone ? 5.5 * 3_600_000 : 0
        const dueMs = daysAgo(days).getTime() - offsetMs
        const isSeen = Date.parse(status.lastScheduleTime) === dueMs
        return isSeen && !status.active && jobs.length === count && jobs.every(isFinished)
      }),
    )
    return all.every(Boolean)
  })

const hasSaid = (api: ApiEnd, name: string, reason: string) =>
  until(`${name} says ${reason}`, async () => {
    const { items } = await api.want('GET', `${CORE}/events?fieldSelector=reason%3D${reason}`)
    return items.some(({ involvedObject }: Shown) => involvedObject.name === name)
  })

const RUNNING = ['allow', 'forbid', 'replace']

async function fallDue(api: ApiEnd): Promise<void> {
  // Somebody else's job has the name.
  await api.want('POST', JOBS, { metadata: { name: nameAt('named', 5) }, ...job(LASTS) })
  for (const [name, jobTemplate, spec] of GIVEN) {
    await create(api, name, jobTemplate, { ...spec, schedule: scheduleOf(5) })
    await saw(api, name, 6)
  }
  // Yesterday, and not again before the day after tomorrow, whenever this is.
  await create(api, 'crowded', job('true'), { schedule: '@every 72h' })
  await saw(api, 'crowded', 361)
  await create(api, 'hourly', job('true'), { schedule: '@every 40h' })
  await saw(api, 'hourly', 2)
  await create(api, 'never', job('true'), { schedule: '0 0 31 2 *' })
  await areRunning(api, RUNNING, 5)
  await areDone(api, { kept: 1, 'in-time': 1, zoned: 1, marked: 1, brief: 0 }, 5)
  await areDone(api, { failing: 0, forgotten: 0 }, 5)
  await areDone(api, { crowded: 1 }, 1)
  await until('hourly is done', async () => (await jobsOf(api, 'hourly')).some(isFinished))
  await until('held is there', async () => (await get(api, 'held')).status.active?.length === 1)
  for (const [name, reason] of [
    ['never', 'InvalidSchedule'],
    ['crowded', 'TooManyMissedTimes'],
  ] as const)
    await hasSaid(api, name, reason)
}

/** Beside what runs; and what was made up for late, or made by hand. */
async function fallDueAgain(api: ApiEnd): Promise<void> {
  await comesDue(api, [...RUNNING, 'kept', 'failing', 'held'], 3)
  await change(api, 'resting', { suspend: false })
  const { metadata, spec } = await get(api, 'allow')
  await api.want('POST', JOBS, {
    metadata: {
      name: 'allow-by-hand',
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [
        {
          apiVersion: 'batch/v1',
          kind: 'CronJob',
          name: metadata.name,
          uid: metadata.uid,
          controller: true,
        },
      ],
    },
    spec: spec.jobTemplate.spec,
  })
  await areRunning(api, ['allow', 'replace'], 3)
  await areDone(api, { kept: 1, failing: 0 }, 3)
  await areDone(api, { resting: 1 }, 5)
  await until('held is there twice', async () => {
    return (await get(api, 'held')).status.active?.length === 2
  })
  await hasSaid(api, 'forbid', 'JobAlreadyActive')
  await hasSaid(api, 'allow', 'UnexpectedJob')
  await until('what was replaced is gone', async () => {
    return (await jobsOf(api, 'replace')).length === 1
  })
}

/** By hand: what waited for a job is made as soon as that is gone, and what rests goes on. */
async function loseJobs(api: ApiEnd): Promise<void> {
  await api.want('DELETE', `${JOBS}/${nameAt('forbid', 5)}`, { propagationPolicy: 'Background' })
  await api.want('DELETE', `${JOBS}/${nameAt('allow', 3)}`, { propagationPolicy: 'Background' })
  await change(api, 'replace', { suspend: true })
  for (const each of await jobsOf(api, 'held'))
    await api.want('PATCH', `${JOBS}/${each.metadata.name}`, { spec: { suspend: false } }, MERGE)
  await areRunning(api, ['forbid'], 3)
  await areDone(api, { held: 2 }, 3)
  await until('allow has one less', async () => {
    return (await get(api, 'allow')).status.active?.length === 1
  })
}

/** A quota stands in the way for a while. */
async function beRefused(api: ApiEnd): Promise<void> {
  await api.want('POST', `${CORE}/resourcequotas`, {
    metadata: { name: 'no-more' },
    spec: { hard: { 'count/jobs.batch': '1' } },
  })
  await until('the quota is in force', async () => {
    const { status } = await api.want('GET', `${CORE}/resourcequotas/no-more`)
    return status.used !== undefined
  })
  await comesDue(api, ['marked'], 2)
  await hasSaid(api, 'marked', 'FailedCreate')
  await api.want('DELETE', `${CORE}/resourcequotas/no-more`)
  await areDone(api, { marked: 2 }, 2)
}

/** Each minute, until it has been seen once. */
async function runByTheClock(api: ApiEnd): Promise<void> {
  const names = ['minutely', 'minutely-abroad']
  // Neither shall come due between the two.
  await until('a minute has just begun or lasts', async () => new Date().getSeconds() < 50)
  await create(api, 'minutely', job('true'), { schedule: '* * * * *' })
  await create(api, 'minutely-abroad', job('true'), { schedule: '*/1 * * * *', timeZone: ZONE })
  await until('both came due', async () => {
    const all = await Promise.all(names.map(name => get(api, name)))
    return all.every(({ status }) => status.lastScheduleTime)
  })
  for (const name of names) await change(api, name, { suspend: true })
  await until('both are done', async () => {
    const all = await Promise.all(names.map(name => get(api, name)))
    return all.every(({ status }) => status.lastSuccessfulTime && !status.active)
  })
}

async function end(api: ApiEnd): Promise<void> {
  const deletes = (name: string, propagationPolicy: string) =>
    api.want('DELETE', `${CRON_JOBS}/${name}`, { propagationPolicy })
  await deletes('allow', 'Background')
  await deletes('forbid', 'Foreground')
  await deletes('replace', 'Orphan')
  for (const name of RUNNING)
    await until(`${name} is gone`, async () => !(await isThere(api, `${CRON_JOBS}/${name}`)))
  await until('jobs of two are gone', async () => {
    const all = await Promise.all([
      ...['allow', 'allow-by-hand', 'forbid'].map(name => jobsOf(api, name)),
    ])
    return all.flat().length === 0
  })
}

export const storyOfSchedules: Story = {
  place: PLACE,
  collections: COLLECTIONS,
  hashed: [],
  suffixed: [...NAMES, 'allow-by-hand'],
  alike: [
    ...[1, 2, 3, 5].flatMap(days => [
      [new RegExp(`\\b${daysAgo(days).getTime() / 60_000}\\b`, 'g'), `${days}`] as const,
      [new RegExp(`"${timeOf(daysAgo(days))}"`, 'g'), `"${days} days ago"`] as const,
    ]),
    // By the clock.
    [/(?<=minutely(?:-abroad)?-)\d{8}\b/g, '0'],
    [new RegExp(`(?!${dateOf(5)})\\d{4}-\\d\\d-\\d\\dT[\\d:]+(?=\\+05:30)`, 'g'), 'TIME'],
    // In the middle of yesterday.
    [/(?<=hourly-)\d{8}\b/g, '1'],
  ],
  chapters: [
    { name: 'due', happens: fallDue },
    { name: 'due again', happens: fallDueAgain },
    { name: 'lost jobs', happens: loseJobs },
    { name: 'refused', happens: beRefused },
    { name: 'by the clock', happens: runByTheClock },
    { name: 'ended', happens: end },
  ],
}
