/** Nodes that fall silent, are taken away, and are emptied by hand, and what becomes of what runs on them. */
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { type Nodes, type Story, until } from './story.ts'
import { isReady, podsOf } from './story-pods.ts'

const PLACE = 'nodes'
const CORE = `/api/v1/namespaces/${PLACE}`
const APPS = `/apis/apps/v1/namespaces/${PLACE}`
const BUDGETS = `/apis/policy/v1/namespaces/${PLACE}/poddisruptionbudgets`
const NODES = '/api/v1/nodes'
const SILENT = 'node-2'
const EMPTIED = 'node-1'
const MERGE = 'application/merge-patch+json'

const COLLECTIONS: readonly string[] = [
  ...['endpoints', 'pods'].map(name => `${CORE}/${name}`),
  ...['daemonsets', 'deployments', 'replicasets', 'statefulsets'].map(name => `${APPS}/${name}`),
  `/apis/batch/v1/namespaces/${PLACE}/jobs`,
  `/apis/discovery.k8s.io/v1/namespaces/${PLACE}/endpointslices`,
  BUDGETS,
]

const container = { name: 'main', image: 'web:1', resources: { requests: { cpu: '10m' } } }
const selecting = (app: string) => ({ selector: { matchLabels: { app } } })
const HOST = 'kubernetes.io/hostname'

/** Leaves a silent node after a second; by default it would take five minutes. */
const soon = ['not-ready', 'unreachable'].map(key => ({
  key: `node.kubernetes.io/${key}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 1,
}))

const template = (app: string, spec: object = {}) => ({
  metadata: { labels: { app } },
  spec: {
    containers: [container],
    terminationGracePeriodSeconds: 1,
    tolerations: soon,
    ...spec,
  },
})
const spread = (app: string) => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: HOST,
      whenUnsatisfiable: 'DoNotSchedule',
      nodeTaintsPolicy: 'Honor',
      labelSelector: { matchLabels: { app } },
    },
  ],
})
const apart = (app: string) => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app } }, topologyKey: HOST },
      ],
    },
  },
})

const workload = (api: ApiEnd, kind: string, app: string, spec: object, podSpec: object = {}) =>
  api.want('POST', `${APPS}/${kind}`, {
    metadata: { name: app },
    spec: { ...selecting(app), template: template(app, podSpec), ...spec },
  })

const areReady = (api: ApiEnd, app: string, count: number) =>
  until(`${count} pods of ${app} are ready`, async () => {
    const pods = await podsOf(api, CORE, app)
    return pods.filter(isReady).length === count
  })

async function settle(api: ApiEnd): Promise<void> {
  await workload(api, 'deployments', 'wide', { replicas: 6 }, spread('wide'))
  // Of one by one, what is made again depends on which of them waits for a node.
  const kept = { replicas: 3, serviceName: 'kept', podManagementPolicy: 'Parallel' }
  await workload(api, 'statefulsets', 'kept', kept, apart('kept'))
  await workload(api, 'daemonsets', 'every', {})
  await api.want('POST', `${CORE}/services`, {
    metadata: { name: 'wide' },
    spec: { selector: { app: 'wide' }, ports: [{ port: 80 }] },
  })
  // A budget without pods says so.
  await areReady(api, 'wide', 6)
  await api.want('POST', BUDGETS, {
    metadata: { name: 'wide' },
    spec: { ...selecting('wide'), minAvailable: 2 },
  })
  await api.want('POST', `/apis/batch/v1/namespaces/${PLACE}/jobs`, {
    metadata: { name: 'long' },
    spec: {
      parallelism: 3,
      template: template('long', {
        ...apart('long'),
        restartPolicy: 'Never',
        containers: [{ ...container, image: 'sh', command: ['sh', '-c', 'sleep 1000'] }],
      }),
    },
  })
  for (const [app, count] of ALL) await areReady(api, app, count)
}

const ALL = [
  ['wide', 6],
  ['kept', 3],
  ['every', 3],
  ['long', 3],
] as const

/** Its pods are to go, but nobody is there who could end them. */
async function fallSilent(api: ApiEnd, nodes: Nodes): Promise<void> {
  await nodes.get(SILENT)?.stop()
  await until('it is unreachable', async () => {
    const { spec } = await api.want('GET', `${NODES}/${SILENT}`)
    return (spec.taints ?? []).some(
      ({ key, effect }: Shown) =>
        key === 'node.kubernetes.io/unreachable' && effect === 'NoExecute',
    )
  })
  await areReady(api, 'wide', 6)
  await until('all but one that stays are to go', async () => {
    const { items } = await api.want('GET', `${CORE}/pods?fieldSelector=spec.nodeName%3D${SILENT}`)
    return items.every(
      ({ metadata }: Shown) =>
        metadata.deletionTimestamp !== undefined || metadata.labels.app === 'every',
    )
  })
  await isReplaced(api)
}

/** A job rests for ten seconds and more before it replaces a pod. */
const isReplaced = (api: ApiEnd) =>
  until('the job has three pods again', async () => {
    const pods = await podsOf(api, CORE, 'long')
    return pods.filter(({ metadata }) => !metadata.deletionTimestamp).length === 3
  })

async function takeAway(api: ApiEnd): Promise<void> {
  await api.want('DELETE', `${NODES}/${SILENT}`)
  await until('its pods are gone', async () => {
    const { items } = await api.want('GET', `${CORE}/pods`)
    return items.every(({ spec }: Shown) => spec.nodeName !== SILENT)
  })
}

async function empty(api: ApiEnd): Promise<void> {
  await api.want('PATCH', `${NODES}/${EMPTIED}`, { spec: { unschedulable: true } }, MERGE)
  await until('it is tainted', async () => {
    const { spec } = await api.want('GET', `${NODES}/${EMPTIED}`)
    return spec.taints?.length === 1
  })
  for (const app of ['wide', 'kept', 'long'])
    for (const { metadata, spec } of await podsOf(api, CORE, app)) {
      if (spec.nodeName !== EMPTIED) continue
      const { name } = metadata
      await until(`${name} may go`, async () => {
        const { status, body } = await api.ask('POST', `${CORE}/pods/${name}/eviction`, {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name, namespace: PLACE },
        })
        if (status !== 201 && status !== 429) throw new Error(JSON.stringify(body))
        return status === 201
      })
    }
  await areReady(api, 'wide', 6)
  await isReplaced(api)
}

async function comeBack(api: ApiEnd): Promise<void> {
  await api.want('PATCH', `${NODES}/${EMPTIED}`, { spec: { unschedulable: null } }, MERGE)
  await areReady(api, 'kept', 2)
  await areReady(api, 'long', 2)
}

export const storyOfNodes: Story = {
  place: PLACE,
  nodes: 3,
  collections: COLLECTIONS,
  hashed: ['wide', 'kept', 'every'],
  numbered: ['kept'],
  suffixed: ['wide', 'every', 'long'],
  chapters: [
    { name: 'settled', happens: settle },
    { name: 'silent', happens: fallSilent },
    { name: 'taken away', happens: takeAway },
    { name: 'emptied', happens: empty },
    { name: 'back', happens: comeBack },
  ],
}
