/** Jobs of every sort: by index and without, that succeed early, fail by every rule, grow, shrink, rest, and are somebody else's. */
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { isThere, type Story, until } from './story.ts'
import { isReady, runs } from './story-pods.ts'

const PLACE = 'jobs'
const CORE = `/api/v1/namespaces/${PLACE}`
const JOBS = `/apis/batch/v1/namespaces/${PLACE}/jobs`
const STRATEGIC = 'application/strategic-merge-patch+json'
/** As long as a name of a job may be, so that those of its pods are cut. */
const LONG = `long-${'x'.repeat(56)}`

const COLLECTIONS: readonly string[] = [`${CORE}/pods`, JOBS]

/** The kubelet puts the index in. */
const INDEX = '$(JOB_COMPLETION_INDEX)'

const byIndex = (completions: number, parallelism = completions) => ({
  completions,
  parallelism,
  completionMode: 'Indexed',
})
const exits = (action: string, operator: string, values: readonly number[], more: object = {}) => ({
  action,
  onExitCodes: { operator, values, ...more },
})
const IGNORES_DISRUPTION = {
  action: 'Ignore',
  onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }],
}

type Given = readonly [name: string, template: object, spec: object]

/** Each comes to its end by itself. */
const ENDING: readonly Given[] = [
  // Of its four pods only the first ends.
  [
    'rules',
    runs(`sleep ${INDEX}000`),
    {
      ...byIndex(4),
      successPolicy: {
        rules: [{ succeededIndexes: '3' }, { succeededIndexes: '0-2', succeededCount: 1 }],
      },
    },
  ],
  [
    'counted',
    runs('true'),
    { ...byIndex(5, 1), successPolicy: { rules: [{ succeededCount: 2 }] } },
  ],
  [
    'codes',
    runs(`exit ${INDEX}`),
    {
      ...byIndex(4),
      backoffLimitPerIndex: 1,
      podFailurePolicy: {
        rules: [
          IGNORES_DISRUPTION,
          exits('FailIndex', 'In', [2]),
          exits('FailJob', 'NotIn', [1, 2, 3], { containerName: 'main' }),
          exits('Count', 'In', [3]),
        ],
      },
    },
  ],
  [
    'fatal',
    runs('exit 7'),
    {
      completions: 2,
      parallelism: 1,
      podFailurePolicy: { rules: [exits('FailJob', 'NotIn', [1])] },
    },
  ],
  [
    'many-failed',
    runs('false'),
    { ...byIndex(4, 1), backoffLimitPerIndex: 0, maxFailedIndexes: 1 },
  ],
  ['in-turn', runs(`sleep ${INDEX}; exit ${INDEX}`), { ...byIndex(3), backoffLimit: 1 }],
  ['none', runs('true'), byIndex(0)],
  ['queue', runs('sleep 1'), { parallelism: 3 }],
  ['restarts', runs('false', { restartPolicy: 'OnFailure' }), { backoffLimit: 1 }],
  ['own', runs('true'), { managedBy: 'kubernetes.io/job-controller' }],
  [LONG, runs('true'), byIndex(1)],
  ['soon-gone', runs('true'), { ttlSecondsAfterFinished: 0 }],
]

/** Each goes on until something happens to it. */
const LASTING: readonly Given[] = [
  ['elastic', runs('sleep 1000'), byIndex(2)],
  ['left', runs('sleep 1000'), { parallelism: 2, completions: 2 }],
  ['ended', runs('sleep 1000'), { parallelism: 2, completions: 2 }],
  ['awaited', runs('sleep 1000'), { parallelism: 1 }],
  ['stopped', runs('sleep 1000'), { ...byIndex(3, 2), activeDeadlineSeconds: 1000 }],
  ['held', runs('sleep 1000'), { suspend: true, parallelism: 2, completions: 2 }],
  ['foreign', runs('true'), { managedBy: 'example.com/somebody' }],
  ['idle', runs('true'), { parallelism: 0 }],
  [
    'disturbed',
    runs('sleep 1000'),
    { backoffLimit: 0, podFailurePolicy: { rules: [IGNORES_DISRUPTION] } },
  ],
  ['taken', runs('sleep 1000'), {}],
  ['refused', runs('sleep 1000', { serviceAccountName: 'late' }), {}],
]

const create = (api: ApiEnd, [name, template, spec]: Given) =>
  api.want('POST', JOBS, { metadata: { name }, spec: { ...spec, template } })
const change = (api: ApiEnd, name: string, spec: object) =>
  api.want('PATCH', `${JOBS}/${name}`, { spec }, STRATEGIC)
const statusOf = async (api: ApiEnd, name: string) =>
  (await api.want('GET', `${JOBS}/${name}`)).status

async function podsOf(api: ApiEnd, name: string): Promise<readonly Shown[]> {
  const { items } = await api.want('GET', `${CORE}/pods?labelSelector=job-name%3D${name}`)
  return items
}

/** The job counts them, too. */
const areReady = (api: ApiEnd, name: string, count: number) =>
  until(`${name} has ${count} pods that are ready`, async () => {
    const pods = await podsOf(api, name)
    const { active = 0, ready = 0, terminating = 0 } = await statusOf(api, name)
    const isSo = pods.length === count && pods.every(isReady)
    return isSo && active === count && ready === count && terminating === 0
  })

const hasSaid = (api: ApiEnd, name: string, reason: string) =>
  until(`${name} says ${reason}`, async () => {
    const { items } = await api.want('GET', `${CORE}/events?fieldSelector=reason%3D${reason}`)
    return items.some(({ involvedObject }: Shown) => involvedObject.name === name)
  })

const areFinished = (api: ApiEnd, names: readonly string[]) =>
  until(`${names.join()} are finished`, async () => {
    const all = await Promise.all(names.map(name => statusOf(api, name)))
    return all.every(({ conditions = [] }) =>
      conditions.some(({ type }: Shown) => type === 'Complete' || type === 'Failed'),
    )
  })

async function begin(api: ApiEnd): Promise<void> {
  const stray = { metadata: { name: 'stray', labels: { app: 'by-hand' } }, ...runs('sleep 1000') }
  await api.want('POST', `${CORE}/pods`, stray)
  await until('the stray pod is ready', async () =>
    isReady(await api.want('GET', `${CORE}/pods/stray`)),
  )
  for (const given of [...ENDING, ...LASTING]) await create(api, given)
  const app = { app: 'by-hand' }
  await create(api, [
    'by-hand',
    { metadata: { labels: app }, ...runs('sleep 1000') },
    { manualSelector: true, selector: { matchLabels: app }, parallelism: 2 },
  ])
  for (const [name, count] of [
    ['elastic', 2],
    ['left', 2],
    ['ended', 2],
    ['awaited', 1],
    ['stopped', 2],
    ['disturbed', 1],
    ['taken', 1],
  ] as const)
    await areReady(api, name, count)
  await until('the stray pod is taken on', async () => (await statusOf(api, 'by-hand')).ready === 2)
  await hasSaid(api, 'refused', 'FailedCreate')
  await areFinished(
    api,
    ENDING.flatMap(([name]) => (name === 'soon-gone' ? [] : [name])),
  )
  await until('soon-gone is gone', async () => !(await isThere(api, `${JOBS}/soon-gone`)))
}

/** More and fewer, rest and go on, lose pods to somebody. */
async function disturb(api: ApiEnd): Promise<void> {
  await change(api, 'elastic', { parallelism: 4, completions: 4 })
  await change(api, 'stopped', { suspend: true })
  await change(api, 'idle', { parallelism: 2 })
  await api.want('POST', `${CORE}/serviceaccounts`, { metadata: { name: 'late' } })
  const [disturbed] = await podsOf(api, 'disturbed')
  await api.want('POST', `${CORE}/pods/${disturbed?.metadata.name}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: disturbed?.metadata.name, namespace: PLACE },
  })
  const [taken] = await podsOf(api, 'taken')
  await api.want('DELETE', `${CORE}/pods/${taken?.metadata.name}`)
  // Its place may be anywhere as long as it rests.
  await change(api, 'held', {
    template: {
      metadata: { labels: { held: 'no' }, annotations: { held: 'no' } },
      spec: {
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [{ operator: 'Exists' }],
      },
    },
  })
  await change(api, 'held', { suspend: false })
  await areReady(api, 'elastic', 4)
  await areReady(api, 'held', 2)
  await areFinished(api, ['idle'])
  await until('stopped has no pods', async () => (await podsOf(api, 'stopped')).length === 0)
  for (const [name, pod] of [
    ['disturbed', disturbed],
    ['taken', taken],
  ] as const)
    await until(`${name} has another pod`, async () => {
      const pods = await podsOf(api, name)
      return (
        pods.length > 0 &&
        pods.every(each => each.metadata.uid !== pod?.metadata.uid && isReady(each))
      )
    })
  await areReady(api, 'refused', 1)
}

/** Goes on after a rest, shrinks, is given a time to live after its end, and is deleted in all three ways. */
async function settle(api: ApiEnd): Promise<void> {
  await change(api, 'stopped', { suspend: false })
  await change(api, 'elastic', { parallelism: 1, completions: 1 })
  await change(api, 'held', { suspend: true })
  await change(api, 'own', { ttlSecondsAfterFinished: 1 })
  await api.want('DELETE', `${JOBS}/left`, { propagationPolicy: 'Orphan' })
  await api.want('DELETE', `${JOBS}/ended`, { propagationPolicy: 'Background' })
  await api.want('DELETE', `${JOBS}/awaited`, { propagationPolicy: 'Foreground' })
  await areReady(api, 'stopped', 2)
  await areReady(api, 'elastic', 1)
  await areReady(api, 'held', 0)
  for (const name of ['own', 'left', 'ended', 'awaited'])
    await until(`${name} is gone`, async () => !(await isThere(api, `${JOBS}/${name}`)))
  await until('the pods of both are gone', async () => {
    const all = await Promise.all(['ended', 'awaited'].map(name => podsOf(api, name)))
    return all.flat().length === 0
  })
}

export const storyOfJobs: Story = {
  place: PLACE,
  collections: COLLECTIONS,
  hashed: [],
  suffixed: [...[...ENDING, ...LASTING].map(([name]) => name), 'by-hand', 'long-x+'],
  chapters: [
    { name: 'begun', happens: begin },
    { name: 'disturbed', happens: disturb },
    { name: 'settled', happens: settle },
  ],
}
