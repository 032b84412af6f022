/** What changes while it runs: whose pods are whose, how many there are, what a node takes and who may be evicted. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { type Story, until } from './story.ts'
import { isReady, podsOf } from './story-pods.ts'

const PLACE = 'changes'
const CORE = `/api/v1/namespaces/${PLACE}`
const APPS = `/apis/apps/v1/namespaces/${PLACE}`
const BATCH = `/apis/batch/v1/namespaces/${PLACE}`
const BUDGETS = `/apis/policy/v1/namespaces/${PLACE}/poddisruptionbudgets`
const NODE = '/api/v1/nodes/node-0'
const STRATEGIC = 'application/strategic-merge-patch+json'
const MERGE = 'application/merge-patch+json'

const COLLECTIONS: readonly string[] = [
  ...['endpoints', 'pods', 'replicationcontrollers'].map(name => `${CORE}/${name}`),
  ...['controllerrevisions', 'daemonsets', 'deployments', 'replicasets', 'statefulsets'].map(
    name => `${APPS}/${name}`,
  ),
  `${BATCH}/jobs`,
  BUDGETS,
]

const container = { name: 'main', image: 'web:1', resources: { requests: { cpu: '10m' } } }
const selecting = (app: string) => ({ selector: { matchLabels: { app } } })
const template = (app: string, spec: object = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [container], terminationGracePeriodSeconds: 1, ...spec },
})
const runs = (script: string) => ({
  spec: {
    restartPolicy: 'Never',
    containers: [{ ...container, image: 'sh', command: ['sh', '-c', script] }],
    terminationGracePeriodSeconds: 1,
  },
})

const create = (api: ApiEnd, path: string, name: string, spec: object, more: object = {}) =>
  api.want('POST', path, { metadata: { name, ...more }, spec })
const workload = (api: ApiEnd, kind: string, name: string, spec: object, podSpec: object = {}) =>
  create(api, `${APPS}/${kind}`, name, {
    ...selecting(name),
    template: template(name, podSpec),
    ...spec,
  })
const change = (api: ApiEnd, path: string, spec: object) =>
  api.want('PATCH', path, { spec }, STRATEGIC)
const image = (name: string) => ({
  template: { spec: { containers: [{ name: 'main', image: name }] } },
})

const areReady = (api: ApiEnd, app: string, count: number) =>
  until(`${count} pods of ${app} are ready`, async () => {
    const pods = await podsOf(api, CORE, app)
    return pods.length === count && pods.every(isReady)
  })

/** Pods that somebody takes over, and such that leave who made them. */
async function handOver(api: ApiEnd): Promise<void> {
  await api.want('POST', `${CORE}/pods`, {
    ...template('crew'),
    metadata: { name: 'stray', labels: { app: 'crew' } },
  })
  await areReady(api, 'crew', 1)
  await workload(api, 'replicasets', 'crew', { replicas: 3 })
  await workload(api, 'deployments', 'heir', { replicas: 2 })
  await workload(api, 'daemonsets', 'guard', {})
  await workload(api, 'statefulsets', 'ring', {
    replicas: 3,
    serviceName: 'ring',
    ordinals: { start: 5 },
  })
  await create(api, `${CORE}/replicationcontrollers`, 'veteran', {
    replicas: 2,
    selector: { app: 'veteran' },
    template: template('veteran'),
  })
  await create(api, `${BATCH}/jobs`, 'pool', { parallelism: 2, template: runs('sleep 1000') })
  for (const [app, count] of [
    ['crew', 3],
    ['heir', 2],
    ['guard', 1],
    ['ring', 3],
    ['veteran', 2],
  ] as const)
    await areReady(api, app, count)
  for (const app of ['crew', 'heir', 'guard', 'veteran']) {
    const leaving = (await podsOf(api, CORE, app)).find(({ metadata }) => metadata.name !== 'stray')
    const labels = { app: `${app}-left` }
    await api.want(
      'PATCH',
      `${CORE}/pods/${leaving?.metadata.name}`,
      { metadata: { labels } },
      STRATEGIC,
    )
  }
  for (const [app, count] of [
    ['crew', 3],
    ['heir', 2],
    ['guard', 1],
    ['veteran', 2],
  ] as const)
    await areReady(api, app, count)
  await api.want('DELETE', `${APPS}/deployments/heir`, { propagationPolicy: 'Orphan' })
  await api.want('DELETE', `${APPS}/replicasets/crew`, { propagationPolicy: 'Orphan' })
  await until('both are gone', async () => {
    const paths = ['deployments/heir', 'replicasets/crew']
    const all = await Promise.all(paths.map(path => api.ask('GET', `${APPS}/${path}`)))
    return all.every(({ status }) => status === 404)
  })
  await workload(api, 'deployments', 'heir', { replicas: 3 })
  await workload(api, 'replicasets', 'crew', { replicas: 2 })
}

/** More and fewer, also amid a rollout that cannot go on: then each set grows by its share. */
async function resize(api: ApiEnd): Promise<void> {
  await workload(api, 'deployments', 'mixed', {
    replicas: 10,
    strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
  })
  await workload(api, 'deployments', 'forgetful', { replicas: 1, revisionHistoryLimit: 0 })
  await create(api, `${BATCH}/jobs`, 'growing', {
    parallelism: 1,
    completions: 1,
    completionMode: 'Indexed',
    template: runs('sleep 1000'),
  })
  await create(api, `${BATCH}/jobs`, 'foreign', {
    managedBy: 'example.com/somebody',
    template: runs('true'),
  })
  await create(api, `${BATCH}/jobs`, 'patient', {
    podReplacementPolicy: 'Failed',
    template: runs('sleep 1000'),
  })
  await areReady(api, 'mixed', 10)
  await areReady(api, 'forgetful', 1)
  await change(api, `${APPS}/deployments/forgetful`, image('web:2'))
  await change(api, `${APPS}/deployments/mixed`, {
    template: { spec: { nodeSelector: { disk: 'none' } } },
  })
  await until('the rollout got stuck', async () => {
    const { status } = await api.want('GET', `${APPS}/deployments/mixed`)
    return status.updatedReplicas === 5 && status.availableReplicas === 8
  })
  await sleep(2000)
  await change(api, `${APPS}/deployments/mixed`, { replicas: 16 })
  await until('it grew', async () => {
    const { status } = await api.want('GET', `${APPS}/deployments/mixed`)
    return status.replicas === 19
  })
  await sleep(2000)
  await change(api, `${APPS}/deployments/mixed`, { replicas: 6 })
  await until('it shrank', async () => {
    const { status } = await api.want('GET', `${APPS}/deployments/mixed`)
    return status.replicas === 9
  })
  await until('what was rolled out is alone', async () => {
    const { status } = await api.want('GET', `${APPS}/deployments/forgetful`)
    const pods = await podsOf(api, CORE, 'forgetful')
    return status.updatedReplicas === 1 && pods.length === 1 && pods.every(isReady)
  })
  await change(api, `${BATCH}/jobs/growing`, { parallelism: 3, completions: 3 })
  await change(api, `${BATCH}/jobs/pool`, { parallelism: 0 })
  await change(api, `${APPS}/statefulsets/ring`, { replicas: 1, minReadySeconds: 1 })
  await change(api, `${CORE}/replicationcontrollers/veteran`, { replicas: 0 })
  await until('patient runs', async () => {
    const { status } = await api.want('GET', `${BATCH}/jobs/patient`)
    return status.ready === 1
  })
  const { items } = await api.want('GET', `${CORE}/pods?labelSelector=job-name%3Dpatient`)
  const [first] = items
  await api.want('DELETE', `${CORE}/pods/${first.metadata.name}`)
  await until('another took its place', async () => {
    const { items: now } = await api.want('GET', `${CORE}/pods?labelSelector=job-name%3Dpatient`)
    return (
      now.length > 0 &&
      now.every((each: Shown) => each.metadata.uid !== first.metadata.uid && isReady(each))
    )
  })
}

/** What a node takes changes, and comes back. */
async function changeNode(api: ApiEnd): Promise<void> {
  await workload(api, 'daemonsets', 'picky', {}, { nodeSelector: { changes: 'yes' } })
  await workload(
    api,
    'daemonsets',
    'steady',
    {},
    {
      tolerations: [{ key: 'changes', operator: 'Exists' }],
    },
  )
  await workload(api, 'daemonsets', 'surging', {
    updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
  })
  await workload(api, 'deployments', 'brief', { replicas: 2 })
  const onlyJust = { key: 'changes', effect: 'NoExecute', operator: 'Exists', tolerationSeconds: 1 }
  await api.want('POST', `${CORE}/pods`, {
    ...template('passing', { tolerations: [onlyJust] }),
    metadata: { name: 'passing', labels: { app: 'passing' } },
  })
  for (const [app, count] of [
    ['steady', 1],
    ['surging', 1],
    ['brief', 2],
    ['passing', 1],
  ] as const)
    await areReady(api, app, count)
  await api.want('POST', `${CORE}/pods`, {
    ...runs('true'),
    metadata: { name: 'done', labels: { app: 'done' } },
  })
  await until(
    'it is done',
    async () => (await podsOf(api, CORE, 'done'))[0]?.status.phase === 'Succeeded',
  )
  await change(api, `${APPS}/daemonsets/surging`, image('web:2'))
  await api.want('PATCH', NODE, { metadata: { labels: { changes: 'yes' } } }, STRATEGIC)
  await areReady(api, 'picky', 1)
  await api.want('PATCH', NODE, { metadata: { labels: { changes: null } } }, MERGE)
  await until('it has left', async () => (await podsOf(api, CORE, 'picky')).length === 0)
  await change(api, NODE, { taints: [{ key: 'changes', value: 'yes', effect: 'NoExecute' }] })
  await until('pods are gone', async () => {
    const { items } = await api.want('GET', `${CORE}/pods`)
    return items.every(
      ({ spec, metadata }: Shown) => !spec.nodeName || metadata.labels.app === 'steady',
    )
  })
}

async function changeNodeBack(api: ApiEnd): Promise<void> {
  await api.want('PATCH', NODE, { spec: { taints: null } }, MERGE)
  for (const [app, count] of [
    ['heir', 3],
    ['brief', 2],
    ['guard', 1],
  ] as const)
    await areReady(api, app, count)
  await change(api, NODE, { unschedulable: true })
  await until('it is tainted', async () => {
    const { spec } = await api.want('GET', NODE)
    return (spec.taints ?? []).some(({ key }: Shown) => key === 'node.kubernetes.io/unschedulable')
  })
  await change(api, `${APPS}/deployments/brief`, { replicas: 3 })
  await change(api, `${APPS}/deployments/heir`, image('web:3'))
}

/** Evictions that budgets allow, and such that they do not. */
async function evict(api: ApiEnd): Promise<void> {
  await change(api, NODE, { unschedulable: false })
  await until('it is free', async () => !(await api.want('GET', NODE)).spec.taints)
  await areReady(api, 'brief', 3)
  await areReady(api, 'heir', 3)
  const budget = (name: string, spec: object) =>
    create(api, BUDGETS, name, { ...selecting(name), ...spec })
  await budget('heir', { minAvailable: 2 })
  await budget('brief', { maxUnavailable: 0 })
  await budget('crew', { maxUnavailable: '40%' })
  await budget('ring', { minAvailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' })
  await create(api, BUDGETS, 'nobody', { ...selecting('nobody'), minAvailable: 1 })
  await until('budgets were judged', async () => {
    const { items } = await api.want('GET', BUDGETS)
    return items.every(
      ({ metadata, status }: Shown) => status.observedGeneration === metadata.generation,
    )
  })
  await sleep(1000)
  for (const [app, wanted] of [
    ['heir', 201],
    ['brief', 429],
    ['crew', 201],
    ['ring', 429],
  ] as const) {
    const [first] = await podsOf(api, CORE, app)
    const { name } = first?.metadata ?? {}
    const { status, body } = await api.ask('POST', `${CORE}/pods/${name}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace: PLACE },
    })
    if (status !== wanted) throw new Error(`${app}: ${status} ${JSON.stringify(body)}`)
  }
  await sleep(2000)
  await areReady(api, 'heir', 3)
  await areReady(api, 'crew', 2)
}

export const storyOfChanges: Story = {
  place: PLACE,
  collections: COLLECTIONS,
  hashed: ['heir', 'mixed', 'forgetful', 'brief', 'ring', 'guard', 'picky', 'steady', 'surging'],
  suffixed: [
    ...['crew', 'guard', 'veteran', 'pool', 'growing', 'patient', 'picky', 'steady', 'surging'],
    ...['mixed', 'heir', 'brief'],
  ],
  chapters: [
    { name: 'handed over', happens: handOver },
    { name: 'resized', happens: resize },
    { name: 'the node changed', happens: changeNode },
    { name: 'the node changed back', happens: changeNodeBack },
    { name: 'evicted', happens: evict },
  ],
}
