/** What goes wrong, or waits for somebody: pods that fit nowhere and why, one that makes room, rollouts that get stuck, jobs that are stopped, volumes that are left. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { type Story, until } from './story.ts'

const PLACE = 'troubles'
const CORE = `/api/v1/namespaces/${PLACE}`
const APPS = `/apis/apps/v1/namespaces/${PLACE}`
const BATCH = `/apis/batch/v1/namespaces/${PLACE}`
const CLAIMS = `/apis/resource.k8s.io/v1/namespaces/${PLACE}`
const STRATEGIC = 'application/strategic-merge-patch+json'

const COLLECTIONS: readonly string[] = [
  ...['endpoints', 'persistentvolumeclaims', 'pods', 'serviceaccounts'].map(
    name => `${CORE}/${name}`,
  ),
  ...['controllerrevisions', 'daemonsets', 'deployments', 'replicasets', 'statefulsets'].map(
    name => `${APPS}/${name}`,
  ),
  `${BATCH}/jobs`,
  `${CLAIMS}/resourceclaims`,
  `/apis/discovery.k8s.io/v1/namespaces/${PLACE}/endpointslices`,
  `/apis/policy/v1/namespaces/${PLACE}/poddisruptionbudgets`,
  '/api/v1/persistentvolumes',
]

const asks = (cpu: string) => ({ resources: { requests: { cpu } } })
const container = (more: object = asks('10m')) => ({ name: 'main', image: 'web:1', ...more })
const selecting = (app: string) => ({ selector: { matchLabels: { app } } })

const pod = (name: string, spec: object, more: object = {}): readonly [string, object] => [
  `${CORE}/pods`,
  {
    metadata: { name, labels: { app: name }, ...more },
    spec: { containers: [container()], ...spec },
  },
]

const template = (app: string, spec: object = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [container()], ...spec },
})

const NOW = 'requiredDuringSchedulingIgnoredDuringExecution'
const HOST = 'kubernetes.io/hostname'
const near = (app: string) => ({ labelSelector: { matchLabels: { app } }, topologyKey: HOST })
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }

/** Each of them waits, and its condition says for what. */
const WAITING: readonly (readonly [string, object])[] = [
  pod('big', { containers: [container(asks('64'))] }),
  pod('choosy', { nodeSelector: { disk: 'none' } }),
  pod('named', {
    affinity: {
      nodeAffinity: {
        [NOW]: {
          nodeSelectorTerms: [
            { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['elsewhere'] }] },
          ],
        },
      },
    },
  }),
  pod('port-1', { containers: [container({ ports: [{ containerPort: 80, hostPort: 8080 }] })] }),
  pod('lonely', { affinity: { podAffinity: { [NOW]: [near('nobody')] } } }),
  pod('spread', {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'zone',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app: 'spread' } },
      },
    ],
  }),
  pod('gated', { schedulingGates: [{ name: 'example.com/hold' }] }),
  pod('claimless', {
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'missing' } }],
  }),
  pod('foreign', { schedulerName: 'somebody-else' }),
  pod('devices', { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }] }),
  pod('no-devices', { resourceClaims: [{ name: 'gpu', resourceClaimName: 'missing' }] }),
]

async function wait(api: ApiEnd): Promise<void> {
  await api.want('POST', '/apis/resource.k8s.io/v1/deviceclasses', { metadata: { name: 'gpu' } })
  const devices = { requests: [{ name: 'one', exactly: { deviceClassName: 'gpu' } }] }
  await api.want('POST', `${CLAIMS}/resourceclaimtemplates`, {
    metadata: { name: 'gpu' },
    spec: { spec: { devices } },
  })
  for (const [path, object] of WAITING) await api.want('POST', path, object)
  await isScheduled(api, 'port-1')
  const [path, second] = pod('port-2', {
    containers: [container({ ports: [{ containerPort: 80, hostPort: 8080 }] })],
  })
  await api.want('POST', path, second)
  const [, first] = pod('apart-1', { affinity: { podAntiAffinity: { [NOW]: [near('apart-2')] } } })
  await api.want('POST', path, first)
  await isScheduled(api, 'apart-1')
  await api.want('POST', ...pod('apart-2', {}))
}

async function isScheduled(api: ApiEnd, name: string): Promise<void> {
  await until(`${name} has a node`, async () => {
    const { spec } = await api.want('GET', `${CORE}/pods/${name}`)
    return spec.nodeName !== undefined
  })
}

async function makeRoom(api: ApiEnd): Promise<void> {
  for (const [name, value, preemptionPolicy] of [
    ['troubles-high', 1000, 'PreemptLowerPriority'],
    ['troubles-meek', 1000, 'Never'],
  ])
    await api.want('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', {
      metadata: { name },
      value,
      preemptionPolicy,
    })
  const large = { containers: [container(asks('3'))], terminationGracePeriodSeconds: 1 }
  await api.want('POST', ...pod('low', large))
  await isScheduled(api, 'low')
  await api.want('POST', ...pod('meek', { ...large, priorityClassName: 'troubles-meek' }))
  await until('meek was refused', async () => {
    const { status } = await api.want('GET', `${CORE}/pods/meek`)
    return status.conditions?.length > 0
  })
  await api.want('DELETE', `${CORE}/pods/meek`)
  await api.want('POST', ...pod('high', { ...large, priorityClassName: 'troubles-high' }))
  await isScheduled(api, 'high')
}

/** Rollouts that go back, get stuck, are slow or wait for a person. */
async function rollOut(api: ApiEnd): Promise<void> {
  const change = (path: string, spec: object) => api.want('PATCH', path, { spec }, STRATEGIC)
  const imageOf = (image: string) => ({
    template: { spec: { containers: [{ name: 'main', image }] } },
  })
  const deployment = (name: string, more: object, spec: object = {}) =>
    api.want('POST', `${APPS}/deployments`, {
      metadata: { name },
      spec: { ...selecting(name), template: template(name, spec), ...more },
    })
  await deployment('back', { replicas: 2, revisionHistoryLimit: 1 })
  await deployment('anew', { replicas: 2, strategy: { type: 'Recreate' } })
  await deployment(
    'stuck',
    { progressDeadlineSeconds: 2, minReadySeconds: 1 },
    { nodeSelector: { disk: 'none' } },
  )
  await deployment('slow', {
    replicas: 3,
    minReadySeconds: 1,
    strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
  })
  await api.want('POST', `${APPS}/statefulsets`, {
    metadata: { name: 'parts' },
    spec: {
      serviceName: 'parts',
      replicas: 3,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } },
      ...selecting('parts'),
      template: template('parts'),
    },
  })
  await api.want('POST', `${APPS}/statefulsets`, {
    metadata: { name: 'by-hand' },
    spec: {
      serviceName: 'by-hand',
      replicas: 2,
      updateStrategy: { type: 'OnDelete' },
      ...selecting('by-hand'),
      template: template('by-hand'),
    },
  })
  for (const [name, more] of [
    ['daemon', { updateStrategy: { type: 'OnDelete' } }],
    ['nowhere', {}],
  ] as const)
    await api.want('POST', `${APPS}/daemonsets`, {
      metadata: { name },
      spec: {
        ...selecting(name),
        template: template(name, name === 'nowhere' ? { nodeSelector: { disk: 'none' } } : {}),
        ...more,
      },
    })
  const areReady = (path: string, count: number) =>
    until(`${path} is ready`, async () => {
      const { status } = await api.want('GET', `${APPS}/${path}`)
      return (status.availableReplicas ?? status.numberAvailable) === count
    })
  const all: readonly (readonly [string, number])[] = [
    ['deployments/back', 2],
    ['deployments/anew', 2],
    ['deployments/slow', 3],
    ['statefulsets/parts', 3],
    ['statefulsets/by-hand', 2],
    ['daemonsets/daemon', 1],
  ]
  for (const [path, count] of all) await areReady(path, count)
  for (const image of ['web:2', 'web:1']) {
    for (const [path] of all) await change(`${APPS}/${path}`, imageOf(image))
    for (const [path, count] of all) {
      await until(`${path} was seen`, async () => {
        const { metadata, status } = await api.want('GET', `${APPS}/${path}`)
        return status.observedGeneration === metadata.generation
      })
      await areReady(path, count)
    }
    // Whoever has only begun to roll out is ready, too.
    await sleep(3000)
  }
  await change(`${APPS}/statefulsets/parts`, { replicas: 1 })
  await change(`${APPS}/deployments/slow`, { replicas: 1 })
}

const runs = (script: string) => ({
  spec: {
    restartPolicy: 'Never',
    containers: [{ name: 'main', image: 'sh', command: ['sh', '-c', script], ...asks('10m') }],
    terminationGracePeriodSeconds: 1,
  },
})

async function stopJobs(api: ApiEnd): Promise<void> {
  const job = (name: string, spec: object) =>
    api.want('POST', `${BATCH}/jobs`, { metadata: { name }, spec })
  await job('late', { activeDeadlineSeconds: 2, template: runs('sleep 1000') })
  await job('halted', { parallelism: 2, template: runs('sleep 1000') })
  await job('resumed', { suspend: true, template: runs('true') })
  await job('again', { backoffLimit: 1, template: runs('false') })
  await job('ignored', {
    backoffLimit: 0,
    podFailurePolicy: {
      rules: [
        { action: 'Count', onExitCodes: { operator: 'In', values: [1] } },
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
      ],
    },
    template: runs('exit 1'),
  })
  await job('indices', {
    completions: 3,
    parallelism: 1,
    completionMode: 'Indexed',
    backoffLimitPerIndex: 0,
    maxFailedIndexes: 0,
    template: runs('exit 1'),
  })
  await until('halted runs', async () => {
    const { status } = await api.want('GET', `${BATCH}/jobs/halted`)
    return status.ready === 2
  })
  const suspend = (name: string, isSuspended: boolean) =>
    api.want('PATCH', `${BATCH}/jobs/${name}`, { spec: { suspend: isSuspended } }, STRATEGIC)
  await suspend('halted', true)
  await suspend('resumed', false)
  for (const name of ['late', 'again', 'ignored', 'indices'])
    await until(`${name} has failed`, async () => {
      const { status } = await api.want('GET', `${BATCH}/jobs/${name}`)
      return (status.conditions ?? []).some(({ type }: Shown) => type === 'Failed')
    })
}

async function leaveVolumes(api: ApiEnd): Promise<void> {
  for (const [name, persistentVolumeReclaimPolicy] of [
    ['left', 'Retain'],
    ['undeletable', 'Delete'],
    ['used', 'Retain'],
  ])
    await api.want('POST', '/api/v1/persistentvolumes', {
      metadata: { name: `troubles-${name}` },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/data' },
        persistentVolumeReclaimPolicy,
        storageClassName: `troubles-${name}`,
      },
    })
  for (const name of ['left', 'undeletable', 'used']) {
    await api.want('POST', `${CORE}/persistentvolumeclaims`, {
      metadata: { name },
      spec: { ...claim, storageClassName: `troubles-${name}` },
    })
    await until(`${name} is bound`, async () => {
      const { status } = await api.want('GET', `${CORE}/persistentvolumeclaims/${name}`)
      return status.phase === 'Bound'
    })
  }
  await api.want(
    'POST',
    ...pod('user', {
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'used' } }],
    }),
  )
  await isScheduled(api, 'user')
  for (const name of ['left', 'undeletable', 'used'])
    await api.want('DELETE', `${CORE}/persistentvolumeclaims/${name}`)
}

async function serve(api: ApiEnd): Promise<void> {
  const ports = [
    { name: 'http', port: 80, targetPort: 'web' },
    { name: 'fixed', port: 81, targetPort: 8081 },
  ]
  const service = (name: string, spec: object) =>
    api.want('POST', `${CORE}/services`, {
      metadata: { name },
      spec: { selector: { app: 'server' }, ports, ...spec },
    })
  await service('ready', {})
  await service('all', { publishNotReadyAddresses: true })
  await service('headless', { clusterIP: 'None' })
  await service('portless', { clusterIP: 'None', ports: [] })
  await service('close', { trafficDistribution: 'PreferSameZone' })
  await service('elsewhere', { type: 'ExternalName', externalName: 'example.com', ports: [] })
  const budget = (name: string, spec: object) =>
    api.want('POST', `/apis/policy/v1/namespaces/${PLACE}/poddisruptionbudgets`, {
      metadata: { name },
      spec: { ...selecting('server'), ...spec },
    })
  await budget('half', { minAvailable: '50%' })
  const ported = {
    containers: [container({ ports: [{ name: 'web', containerPort: 8080 }] })],
  }
  const labels = { labels: { app: 'server' } }
  await api.want('POST', ...pod('server-ready', { ...ported, hostname: 'one' }, labels))
  await api.want(
    'POST',
    ...pod(
      'server-gated',
      { ...ported, readinessGates: [{ conditionType: 'example.com/open' }] },
      labels,
    ),
  )
  await api.want('POST', ...pod('server-plain', {}, labels))
  for (const name of ['server-ready', 'server-gated', 'server-plain']) await isScheduled(api, name)
}

export const storyOfTroubles: Story = {
  place: PLACE,
  collections: COLLECTIONS,
  hashed: ['back', 'anew', 'stuck', 'slow', 'parts', 'by-hand', 'daemon', 'nowhere'],
  suffixed: [
    ...['back', 'anew', 'stuck', 'slow', 'daemon', 'devices-gpu'],
    ...['late', 'halted', 'resumed', 'again', 'ignored', 'indices'],
    ...['ready', 'all', 'headless', 'portless', 'close'],
  ],
  chapters: [
    { name: 'waiting', happens: wait },
    { name: 'made room', happens: makeRoom },
    { name: 'rolled out', happens: rollOut },
    { name: 'stopped', happens: stopJobs },
    { name: 'left', happens: leaveVolumes },
    { name: 'served', happens: serve },
  ],
}
