/** Jobs on a whole cluster: made by hand or by the clock, through scheduler and hollow kubelets to their end and beyond. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cronJob } from '#api/batch/v1/cron-job.ts'
import { type Job, job } from '#api/batch/v1/job.ts'
import { event } from '#api/core/v1/event.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { type Cluster, startCluster } from '#index'
import { until } from './hollow-workloads.ts'

let cluster: Cluster
before(async () => {
  cluster = await startCluster({ nodes: { kind: 'hollow', count: 2 } })
})
after(() => cluster.stop())

async function create(name: string, script: string, spec: object = {}): Promise<void> {
  const containers = [{ name: 'main', image: 'busybox', command: ['sh', '-c', script] }]
  const template = { spec: { restartPolicy: 'Never', containers } }
  await until('the account of pods', () =>
    cluster.client
      .create(job, {
        metadata: { name, namespace: 'default' },
        spec: { template, ...spec },
      } as never)
      .catch(() => undefined),
  )
}

const get = (name: string): Promise<Job> => cluster.client.get(job, name, 'default')
const podsOf = async (name: string) =>
  (await cluster.client.list(pod, { namespace: 'default', labelSelector: `job-name=${name}` }))
    .items
const conditions = ({ status }: Job) =>
  (status.conditions ?? [])
    .filter(({ status }) => status === 'True')
    .map(({ type, reason }) => `${type} ${reason}`)
const ended = (name: string, type: string) =>
  until(`${name} to be ${type}`, async () => {
    const found = await get(name)
    return conditions(found).some(text => text.startsWith(`${type} `)) ? found : undefined
  })

test('a job runs to its completion, and its pods are kept without the finalizer', async () => {
  await create('five', 'sleep 0.05; echo done', { completions: 5, parallelism: 2 })
  const found = await ended('five', 'Complete')
  assert.deepEqual(conditions(found), [
    'SuccessCriteriaMet CompletionsReached',
    'Complete CompletionsReached',
  ])
  const { startTime, completionTime, conditions: _, ...counts } = found.status
  assert.ok(startTime && completionTime && completionTime >= startTime)
  assert.deepEqual(counts, { succeeded: 5, ready: 0, terminating: 0, uncountedTerminatedPods: {} })
  const pods = await podsOf('five')
  assert.equal(pods.length, 5)
  assert.ok(pods.every(({ metadata }) => (metadata.finalizers ?? []).length === 0))
  const reasons = await until('its events', async () => {
    const { items } = await cluster.client.list(event, { namespace: 'default' })
    const own = items.filter(({ involvedObject }) => involvedObject.name === 'five')
    return own.some(({ reason }) => reason === 'Completed')
      ? own.map(({ reason }) => reason)
      : undefined
  })
  assert.deepEqual([...new Set(reasons)].toSorted(), ['Completed', 'SuccessfulCreate'])
})

test('an indexed job runs every index once', async () => {
  await create('indexed', 'exit 0', { completionMode: 'Indexed', completions: 7, parallelism: 3 })
  const { status } = await ended('indexed', 'Complete')
  assert.equal(status.completedIndexes, '0-6')
  const hosts = (await podsOf('indexed')).map(({ spec }) => spec.hostname)
  assert.deepEqual(
    hosts.toSorted(),
    Array.from({ length: 7 }, (_, index) => `indexed-${index}`),
  )
})

test('a fatal exit code fails the job and ends its other pods', async () => {
  await create('fatal', 'sleep 0.2; exit 42', {
    completions: 3,
    parallelism: 3,
    podFailurePolicy: {
      rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }],
    },
  })
  const found = await ended('fatal', 'Failed')
  assert.deepEqual(conditions(found), ['FailureTarget PodFailurePolicy', 'Failed PodFailurePolicy'])
  assert.match(
    found.status.conditions?.[0]?.message ?? '',
    /^Container main for pod default\/fatal-\S+ failed with exit code 42 matching FailJob rule at index 0$/,
  )
  assert.equal(found.status.failed, 3)
})

test('a job that takes too long fails', async () => {
  await create('slow', 'sleep 1000', { activeDeadlineSeconds: 1 })
  const found = await ended('slow', 'Failed')
  assert.deepEqual(conditions(found), ['FailureTarget DeadlineExceeded', 'Failed DeadlineExceeded'])
})

test('suspended, a job has no pods; resumed, it goes on', async () => {
  await create('paused', 'sleep 0.05', { completions: 2, suspend: true })
  await ended('paused', 'Suspended')
  assert.deepEqual(await podsOf('paused'), [])
  const at = { name: 'paused', namespace: 'default' }
  await cluster.client.patch(job, at, 'merge', { spec: { suspend: false } })
  const found = await ended('paused', 'Complete')
  assert.ok(found.status.startTime)
})

test('deleted, a job takes its pods along, though they are kept by the finalizer', async () => {
  await create('gone', 'sleep 1000', { parallelism: 2, completions: 2 })
  await until('its pods to run', async () => (await get('gone')).status.active === 2)
  for (const { metadata } of await podsOf('gone'))
    assert.deepEqual(metadata.finalizers, ['batch.kubernetes.io/job-tracking'])
  const at = { name: 'gone', namespace: 'default' }
  await cluster.client.delete(job, at, { propagationPolicy: 'Background' })
  await until('its pods to go', async () => (await podsOf('gone')).length === 0)
})

test('a finished job goes with its pods after its time to live', async () => {
  await create('short', 'exit 0', { ttlSecondsAfterFinished: 0 })
  await until('the job to go', () =>
    get('short').then(
      () => false,
      () => true,
    ),
  )
  assert.deepEqual(await podsOf('short'), [])
})

test('a cron job makes a job, and keeps account of it until it is done', async () => {
  const containers = [{ name: 'main', image: 'busybox', command: ['true'] }]
  const template = { spec: { restartPolicy: 'Never', containers } }
  await cluster.client.create(cronJob, {
    metadata: { name: 'often', namespace: 'default' },
    spec: { schedule: '@every 1s', jobTemplate: { spec: { template } } },
  } as never)
  const get = () => cluster.client.get(cronJob, 'often', 'default')
  const listed = await until('a job that is under way', async () => (await get()).status.active)
  assert.match(listed[0]?.name ?? '', /^often-\d+$/)
  await until('a success', async () => (await get()).status.lastSuccessfulTime)
  // The next one may have begun by then.
  const at = { name: 'often', namespace: 'default' }
  await cluster.client.patch(cronJob, at, 'merge', { spec: { suspend: true } })
  const { status } = await until('the end of the last', async () => {
    const found = await get()
    return found.status.active === undefined ? found : undefined
  })
  const made = (await cluster.client.list(job, { namespace: 'default' })).items.find(
    ({ metadata }) => metadata.ownerReferences?.[0]?.name === 'often',
  )
  assert.match(made?.metadata.name ?? '', /^often-\d+$/)
  assert.ok(status.lastScheduleTime && status.lastSuccessfulTime)
})
