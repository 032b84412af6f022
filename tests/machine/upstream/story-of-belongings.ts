/** What belongs to what: volumes that choose and are chosen, owners of all sorts, what is made anew, what counts towards a quota, and who is behind a Service. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import { own } from './chapter-of-owners.ts'
import { DEFINITIONS } from './non-resource-paths.ts'
import { isThere, type Story, until } from './story.ts'

const PLACE = 'belongings'
const CORE = `/api/v1/namespaces/${PLACE}`
const SLICES = `/apis/discovery.k8s.io/v1/namespaces/${PLACE}/endpointslices`
const CLASSES = '/apis/storage.k8s.io/v1/storageclasses'
const VOLUMES = '/api/v1/persistentvolumes'
const PRIORITIES = '/apis/scheduling.k8s.io/v1/priorityclasses'
const MERGE = 'application/merge-patch+json'

const COLLECTIONS: readonly string[] = [
  ...['configmaps', 'endpoints', 'persistentvolumeclaims', 'pods', 'resourcequotas'].map(
    name => `${CORE}/${name}`,
  ),
  ...['secrets', 'serviceaccounts', 'services'].map(name => `${CORE}/${name}`),
  SLICES,
  `${VOLUMES}?labelSelector=story%3Dbelongings`,
  `${DEFINITIONS}?labelSelector=story%3Dbelongings`,
]

const OURS = { labels: { story: 'belongings' } }
const container = (requests?: object) => ({
  name: 'main',
  image: 'web:1',
  ...(requests ? { resources: { requests } } : {}),
})
const small = { cpu: '10m' }
const merge = (api: ApiEnd, path: string, patch: object) => api.want('PATCH', path, patch, MERGE)

const pod = (api: ApiEnd, name: string, spec: object, labels: object = { app: name }) =>
  api.want('POST', `${CORE}/pods`, {
    metadata: { name, labels },
    spec: { containers: [container(small)], terminationGracePeriodSeconds: 1, ...spec },
  })

const volume = (api: ApiEnd, name: string, spec: object) =>
  api.want('POST', VOLUMES, {
    metadata: { name: `belongings-${name}`, ...OURS },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: `/belongings/${name}` },
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'belongings-by-hand',
      ...spec,
    },
  })

const claim = (api: ApiEnd, name: string, spec: object) =>
  api.want('POST', `${CORE}/persistentvolumeclaims`, {
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'belongings-by-hand',
      ...spec,
    },
  })

const phaseOf = async (api: ApiEnd, path: string) => (await api.want('GET', path)).status.phase
const isPhase = (api: ApiEnd, path: string, phase: string) =>
  until(`${path} is ${phase}`, async () => (await phaseOf(api, path)) === phase)

async function choose(api: ApiEnd): Promise<void> {
  await volume(api, 'large', { capacity: { storage: '9Gi' } })
  await volume(api, 'fitting', { capacity: { storage: '3Gi' } })
  await volume(api, 'tiny', { capacity: { storage: '10Mi' } })
  await volume(api, 'shared', { accessModes: ['ReadWriteMany', 'ReadOnlyMany'] })
  await volume(api, 'raw', { volumeMode: 'Block' })
  await volume(api, 'reserved', {
    capacity: { storage: '2Gi' },
    claimRef: { namespace: PLACE, name: 'reserving' },
  })
  await volume(api, 'elsewhere', { claimRef: { namespace: 'nowhere', name: 'nobody' } })
  for (const name of ['large', 'fitting', 'tiny', 'shared', 'raw', 'reserved'])
    await isPhase(api, `${VOLUMES}/belongings-${name}`, 'Available')
  await claim(api, 'three', { resources: { requests: { storage: '2500Mi' } } })
  await isPhase(api, `${CORE}/persistentvolumeclaims/three`, 'Bound')
  await claim(api, 'many', { accessModes: ['ReadWriteMany'] })
  await claim(api, 'block', { volumeMode: 'Block' })
  await claim(api, 'reserving', {})
  await claim(api, 'naming', { volumeName: 'belongings-large' })
  await claim(api, 'selecting', { selector: { matchLabels: { disk: 'none' } } })
  await claim(api, 'huge', { resources: { requests: { storage: '1Ti' } } })
  for (const name of ['many', 'block', 'reserving', 'naming'])
    await isPhase(api, `${CORE}/persistentvolumeclaims/${name}`, 'Bound')
  const storageClass = (name: string, more: object, annotations: object = {}) =>
    api.want('POST', CLASSES, { metadata: { name: `belongings-${name}`, annotations }, ...more })
  await storageClass('late', {
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  await storageClass('foreign', { provisioner: 'example.com/nobody' })
  // Whoever has not heard of a class yet says so.
  await sleep(1000)
  await claim(api, 'waiting', { storageClassName: 'belongings-late' })
  await claim(api, 'provisioned', { storageClassName: 'belongings-foreign' })
  await pod(api, 'consumer', {
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'waiting' } }],
  })
  await pod(api, 'patient', {
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'provisioned' } }],
  })
  // Without a class, as long as there is no default one.
  await api.want('POST', `${CORE}/persistentvolumeclaims`, {
    metadata: { name: 'classless' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  })
  await storageClass(
    'default',
    { provisioner: 'example.com/nobody' },
    { 'storageclass.kubernetes.io/is-default-class': 'true' },
  )
  await until('it has a class', async () => {
    const { spec } = await api.want('GET', `${CORE}/persistentvolumeclaims/classless`)
    return spec.storageClassName !== undefined
  })
  await api.want('DELETE', `${CLASSES}/belongings-default`)
  await api.want('DELETE', `${CORE}/persistentvolumeclaims/many`)
  await isPhase(api, `${VOLUMES}/belongings-shared`, 'Released')
  await merge(api, `${VOLUMES}/belongings-shared`, { spec: { claimRef: null } })
  await isPhase(api, `${VOLUMES}/belongings-shared`, 'Available')
}

/** What every namespace has comes back; what belongs to an account goes with it. */
async function renew(api: ApiEnd): Promise<void> {
  const token = (name: string, account: string) =>
    api.want('POST', `${CORE}/secrets`, {
      metadata: { name, annotations: { 'kubernetes.io/service-account.name': account } },
      type: 'kubernetes.io/service-account-token',
    })
  await api.want('POST', `${CORE}/serviceaccounts`, { metadata: { name: 'robot' } })
  await token('robot', 'robot')
  await token('nobody', 'nobody')
  await until('it has a token', async () => {
    const { data } = await api.want('GET', `${CORE}/secrets/robot`)
    return data?.token !== undefined
  })
  await merge(api, `${CORE}/secrets/robot`, { data: { token: null } })
  await until('it has one again', async () => {
    const { data } = await api.want('GET', `${CORE}/secrets/robot`)
    return data?.token !== undefined
  })
  await api.want('DELETE', `${CORE}/serviceaccounts/robot`)
  for (const name of ['robot', 'nobody'])
    await until('its token is gone', async () => !(await isThere(api, `${CORE}/secrets/${name}`)))
  const { metadata } = await api.want('GET', `${CORE}/serviceaccounts/default`)
  await api.want('DELETE', `${CORE}/serviceaccounts/default`)
  await until('the account is back', async () => {
    const { status, body } = await api.ask('GET', `${CORE}/serviceaccounts/default`)
    return status === 200 && body.metadata.uid !== metadata.uid
  })
  await merge(api, `${CORE}/configmaps/kube-root-ca.crt`, { data: { 'ca.crt': 'none', more: 'x' } })
  await until('the authority is back', async () => {
    const { data } = await api.want('GET', `${CORE}/configmaps/kube-root-ca.crt`)
    return data.more === undefined
  })
  await api.want('DELETE', `${CORE}/configmaps/kube-root-ca.crt`)
  await until('the authority is back', () => isThere(api, `${CORE}/configmaps/kube-root-ca.crt`))
}

async function count(api: ApiEnd): Promise<void> {
  await api.want('POST', PRIORITIES, { metadata: { name: 'belongings-high' }, value: 10 })
  const quota = (name: string, spec: object) =>
    api.want('POST', `${CORE}/resourcequotas`, { metadata: { name }, spec })
  await quota('everything', {
    hard: {
      pods: '20',
      services: '9',
      'requests.cpu': '2',
      'limits.memory': '4Gi',
      'requests.storage': '5Ti',
      persistentvolumeclaims: '20',
      'belongings-by-hand.storageclass.storage.k8s.io/requests.storage': '4Ti',
      'count/configmaps': '40',
      'count/deployments.apps': '2',
      'services.nodeports': '3',
    },
  })
  await quota('best-effort', { hard: { pods: '3' }, scopes: ['BestEffort'] })
  await quota('others', { hard: { pods: '9', 'requests.cpu': '1' }, scopes: ['NotBestEffort'] })
  await quota('ending', { hard: { pods: '3' }, scopes: ['Terminating'] })
  await quota('high', {
    hard: { pods: '2' },
    scopeSelector: {
      matchExpressions: [
        { scopeName: 'PriorityClass', operator: 'In', values: ['belongings-high'] },
      ],
    },
  })
  await until('they are in force', async () => {
    const { items } = await api.want('GET', `${CORE}/resourcequotas`)
    return items.every(({ status }: Shown) => status.used !== undefined)
  })
  await api.want('POST', `${CORE}/limitranges`, {
    metadata: { name: 'defaults' },
    spec: {
      limits: [{ type: 'Container', default: { memory: '64Mi' }, defaultRequest: { cpu: '10m' } }],
    },
  })
  const counted = { containers: [container({ cpu: '100m', memory: '10Mi' })] }
  await pod(api, 'counted', counted)
  await pod(api, 'brief', { ...counted, activeDeadlineSeconds: 600 })
  await pod(api, 'important', { ...counted, priorityClassName: 'belongings-high' })
  await pod(api, 'over', {
    ...counted,
    restartPolicy: 'Never',
    containers: [{ ...container(small), image: 'sh', command: ['sh', '-c', 'true'] }],
  })
  await pod(api, 'removed', counted)
  await isPhase(api, `${CORE}/pods/over`, 'Succeeded')
  await api.want('DELETE', `${CORE}/pods/removed`)
  await api.want('DELETE', `${CORE}/persistentvolumeclaims/huge`)
  await until('what is gone does not count', async () => {
    const { status } = await api.want('GET', `${CORE}/resourcequotas/everything`)
    return status.used.pods === '5'
  })
}

async function serve(api: ApiEnd): Promise<void> {
  const service = (name: string, spec: object) =>
    api.want('POST', `${CORE}/services`, {
      metadata: { name },
      spec: { ports: [{ port: 80 }], selector: { app: 'backend' }, ...spec },
    })
  const ported = {
    containers: [{ ...container(small), ports: [{ name: 'web', containerPort: 8080 }] }],
  }
  await pod(api, 'backend-1', ported, { app: 'backend', tier: 'a' })
  await pod(api, 'backend-2', ported, { app: 'backend', tier: 'b' })
  for (const name of ['backend-1', 'backend-2'])
    await isPhase(api, `${CORE}/pods/${name}`, 'Running')
  await service('moving', {})
  await service('narrowing', {})
  await service('losing', {})
  await service('turning', {})
  await service('passing', {})
  await service('bare', { selector: undefined })
  const endpoints = (name: string, more: object, subsets: readonly object[]) =>
    api.want('POST', `${CORE}/endpoints`, { metadata: { name, ...more }, subsets })
  const addresses = (...ips: string[]) => ips.map(ip => ({ ip }))
  await endpoints('bare', {}, [
    { addresses: addresses('192.0.2.1', '192.0.2.2'), ports: [{ name: 'a', port: 1 }] },
    {
      addresses: addresses('192.0.2.3'),
      notReadyAddresses: addresses('192.0.2.4'),
      ports: [
        { name: 'a', port: 1 },
        { name: 'b', port: 2, protocol: 'UDP' },
      ],
    },
    { addresses: addresses('2001:db8::1'), ports: [{ name: 'a', port: 1 }] },
  ])
  await endpoints('lonely', {}, [{ addresses: addresses('192.0.2.9'), ports: [{ port: 1 }] }])
  await service('skipped', { selector: undefined })
  await endpoints('skipped', { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }, [
    { addresses: addresses('192.0.2.9'), ports: [{ port: 1 }] },
  ])
  await until('slices are there', async () => {
    const { items } = await api.want('GET', SLICES)
    const of = new Set(
      items.map(({ metadata }: Shown) => metadata.labels['kubernetes.io/service-name']),
    )
    return ['moving', 'narrowing', 'losing', 'turning', 'passing', 'bare'].every(each =>
      of.has(each),
    )
  })
  await sleep(2000)
  await merge(api, `${CORE}/services/moving`, {
    spec: { ports: [{ port: 90, targetPort: 'web', appProtocol: 'http' }] },
  })
  await merge(api, `${CORE}/services/narrowing`, { spec: { selector: { tier: 'a' } } })
  await merge(api, `${CORE}/services/losing`, { spec: { selector: null } })
  await merge(api, `${CORE}/services/turning`, {
    metadata: { labels: { color: 'red' } },
    spec: { publishNotReadyAddresses: true },
  })
  await api.want('DELETE', `${CORE}/services/passing`)
  await merge(api, `${CORE}/endpoints/bare`, {
    subsets: [{ addresses: addresses('192.0.2.7'), ports: [{ name: 'a', port: 7 }] }],
  })
  await merge(api, `${CORE}/pods/backend-2`, { metadata: { labels: { app: 'retired' } } })
}

async function serveLess(api: ApiEnd): Promise<void> {
  await api.want('DELETE', `${CORE}/endpoints/bare`)
  await api.want('DELETE', `${CORE}/pods/backend-1`)
  await until('it is gone', async () => !(await isThere(api, `${CORE}/pods/backend-1`)))
  await api.want('DELETE', `${CORE}/services/turning`)
  await api.want('DELETE', `${SLICES}?labelSelector=kubernetes.io%2Fservice-name%3Dmoving`)
  await until('it has a slice again', async () => {
    const { items } = await api.want(
      'GET',
      `${SLICES}?labelSelector=kubernetes.io%2Fservice-name%3Dmoving`,
    )
    return items.length > 0
  })
}

/** What is not in the namespace. */
async function tidy(api: ApiEnd): Promise<void> {
  for (const name of ['late', 'foreign']) await api.want('DELETE', `${CLASSES}/belongings-${name}`)
  await api.want('DELETE', `${PRIORITIES}/belongings-high`)
}

export const storyOfBelongings: Story = {
  place: PLACE,
  collections: COLLECTIONS,
  hashed: ['nothing'],
  suffixed: ['moving', 'narrowing', 'losing', 'turning', 'passing', 'bare', 'skipped'],
  chapters: [
    { name: 'chosen', happens: choose },
    { name: 'owned', happens: api => own(api, PLACE) },
    { name: 'renewed', happens: renew },
    { name: 'counted', happens: count },
    { name: 'served', happens: serve },
    { name: 'served less', happens: serveLess },
    { name: 'tidied', happens: tidy },
  ],
}
