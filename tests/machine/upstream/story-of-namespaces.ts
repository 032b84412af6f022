/** Many namespaces at once, each with a little of everything: filled, changed, held by finalizers, made again under their names and taken away, all at the same time. */
import type { ApiEnd, Shown } from '../etcd/servers.ts'
import {
  fillOne,
  hasWhatAllHave,
  isFull,
  merge,
  NAMESPACES,
  paths,
  template,
} from './namespace-contents.ts'
import { isThere, type Story, until } from './story.ts'

const PLACE = 'many'
const COUNT = 30
const ANSWERS = `${NAMESPACES}/${PLACE}/configmaps`
const MERGE = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'
const HOLD = 'example.com/hold'

const placeOf = (index: number) => `many-${String(index).padStart(2, '0')}`
const PLACES = Array.from({ length: COUNT }, (_, index) => placeOf(index))

/** What every cluster has is not told, and differs. */
const OURS = `fieldSelector=${['default', 'kube-node-lease', 'kube-public', 'kube-system']
  .map(name => `metadata.namespace%21%3D${name}`)
  .join('%2C')}`

const COLLECTIONS: readonly string[] = [
  ...['configmaps', 'limitranges', 'persistentvolumeclaims', 'pods', 'resourcequotas'].map(
    name => `/api/v1/${name}?${OURS}`,
  ),
  ...['endpoints', 'secrets', 'serviceaccounts', 'services'].map(name => `/api/v1/${name}?${OURS}`),
  ...['deployments', 'replicasets'].map(name => `/apis/apps/v1/${name}?${OURS}`),
  `/apis/batch/v1/jobs?${OURS}`,
  `/apis/policy/v1/poddisruptionbudgets?${OURS}`,
  `/apis/discovery.k8s.io/v1/endpointslices?${OURS}`,
  `/apis/networking.k8s.io/v1/networkpolicies?${OURS}`,
  ...['roles', 'rolebindings'].map(name => `/apis/rbac.authorization.k8s.io/v1/${name}?${OURS}`),
  `${NAMESPACES}?labelSelector=story%3Dmany`,
  '/api/v1/persistentvolumes',
]

const inAll = (
  places: readonly string[],
  act: (place: string, index: number) => Promise<unknown>,
) => Promise.all(places.map(place => act(place, PLACES.indexOf(place))))

const make = (api: ApiEnd, place: string) =>
  api.want('POST', NAMESPACES, { metadata: { name: place, labels: { story: 'many' } } })

async function fill(api: ApiEnd): Promise<void> {
  await inAll(PLACES, place => make(api, place))
  await inAll(PLACES, place => fillOne(api, place))
  await inAll(PLACES, place => isFull(api, place))
  // A budget without pods says so.
  await inAll(PLACES, place =>
    api.want('POST', paths(place).budgets, {
      metadata: { name: 'web' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    }),
  )
}

/** Something else in each of them, all at once. */
const CHANGES: readonly ((api: ApiEnd, place: string) => Promise<unknown>)[] = [
  (api, place) => merge(api, `${paths(place).apps}/deployments/web`, { spec: { replicas: 2 } }),
  (api, place) =>
    api.want(
      'PATCH',
      `${paths(place).apps}/deployments/web`,
      { spec: { template: { spec: { containers: [{ name: 'main', image: 'web:2' }] } } } },
      STRATEGIC,
    ),
  async (api, place) => {
    const { core } = paths(place)
    await merge(api, `${core}/resourcequotas/quota`, {
      spec: { hard: { pods: '1', secrets: '1' } },
    })
    await merge(api, `${core}/configmaps/settings`, { data: { color: 'blue' } })
  },
  async (api, place) => {
    const { core, budgets } = paths(place)
    await merge(api, `${budgets}/web`, { spec: { minAvailable: null, maxUnavailable: '50%' } })
    await merge(api, `${core}/services/web`, { spec: { selector: { app: 'nobody' } } })
  },
  async (api, place) => {
    const { core, rbac } = paths(place)
    await api.want('DELETE', `${core}/configmaps/kube-root-ca.crt`)
    await api.want('DELETE', `${core}/serviceaccounts/robot`)
    await api.want('DELETE', `${rbac}/rolebindings/reader`)
  },
  async (api, place) => {
    const { core, batch, policies } = paths(place)
    await api.want('DELETE', `${batch}/jobs/sum`, { propagationPolicy: 'Foreground' })
    await api.want('DELETE', `${core}/persistentvolumeclaims/data`)
    await api.want('DELETE', `${core}/limitranges/limits`)
    await api.want('DELETE', `${policies}/closed`)
  },
]

async function change(api: ApiEnd): Promise<void> {
  await inAll(PLACES, (place, index) => CHANGES[index % CHANGES.length]?.(api, place) ?? nothing)
  await inAll(PLACES, (place, index) => {
    const which = index % CHANGES.length
    if (which === 4) return hasWhatAllHave(api, place)
    if (which < 2) return isFull(api, place, which === 0 ? 2 : 1)
    return nothing
  })
  // A quota counts what is deleted within a while.
  await inAll(PLACES, (place, index) =>
    until(`the quota of ${place} counts right`, async () => {
      const { core } = paths(place)
      const pods = await api.want('GET', `${core}/pods`)
      const running = pods.items.filter(({ status }: Shown) => status.phase !== 'Succeeded')
      const { spec, status } = await api.want('GET', `${core}/resourcequotas/quota`)
      const used = Number(status.used.pods)
      return used === running.length && status.hard.pods === spec.hard.pods && index >= 0
    }),
  )
}

const nothing = Promise.resolve()

/** By what each of the first ones is held. */
const HOLDS: readonly ((api: ApiEnd, place: string) => Promise<unknown>)[] = [
  () => nothing,
  (api, place) =>
    merge(api, `${paths(place).core}/configmaps/settings`, { metadata: { finalizers: [HOLD] } }),
  (api, place) => merge(api, paths(place).self, { metadata: { finalizers: [HOLD] } }),
  async (api, place) => {
    const { self } = paths(place)
    const found = await api.want('GET', self)
    await api.want('PUT', `${self}/finalize`, {
      ...found,
      spec: { finalizers: [...found.spec.finalizers, HOLD] },
    })
  },
  async (api, place) => {
    const { core } = paths(place)
    const { items } = await api.want('GET', `${core}/pods?labelSelector=app%3Dweb`)
    for (const { metadata } of items)
      await merge(api, `${core}/pods/${metadata.name}`, { metadata: { finalizers: [HOLD] } })
  },
  async (api, place) => {
    const { core, rbac } = paths(place)
    await merge(api, `${core}/secrets/password`, { metadata: { finalizers: [HOLD] } })
    await merge(api, `${rbac}/roles/reader`, {
      metadata: { finalizers: [HOLD, 'example.com/too'] },
    })
  },
]

const HELD = PLACES.slice(0, 2 * HOLDS.length)

/** What is left is told by a namespace that is held. */
const LEFT: readonly RegExp[] = [
  /^$/,
  /^Some resources are remaining: configmaps\. has 1 resource instances$/,
  /^All content successfully removed$/,
  /^All content successfully removed$/,
  /^$/,
  /^Some resources are remaining: roles\.rbac\S+ has 1 resource instances, secrets\. has 1 resource instances$/,
]

async function hold(api: ApiEnd): Promise<void> {
  await inAll(HELD, (place, index) => HOLDS[index % HOLDS.length]?.(api, place) ?? nothing)
  await inAll(HELD, place => api.want('DELETE', paths(place).self))
  await inAll(HELD, (place, index) => {
    const wanted = LEFT[index % HOLDS.length] ?? /^/
    return until(`${place} has let go of what is not held`, async () => {
      const { status, body } = await api.ask('GET', paths(place).self)
      if (index % HOLDS.length === 0) return status === 404
      if (index % HOLDS.length === POD_HELD) return waitsForPod(api, place)
      const conditions = body.status?.conditions ?? []
      return conditions.some(
        ({ type, message }: Shown) => type === 'NamespaceContentRemaining' && wanted.test(message),
      )
    })
  })
  await ask(api)
  // Upstream says meanwhile that all content is removed, which is told of other namespaces only.
  await inAll(HELD, (place, index) =>
    index % HOLDS.length === POD_HELD ? letGo(api, place, POD_HELD) : nothing,
  )
  await inAll(HELD, (place, index) =>
    until(`${place} is gone if its pod held it`, async () => {
      return index % HOLDS.length !== POD_HELD || !(await isThere(api, paths(place).self))
    }),
  )
}

const POD_HELD = 4

/** What pods may need stays until the last of them is gone. */
async function waitsForPod(api: ApiEnd, place: string): Promise<boolean> {
  const { self, core, apps } = paths(place)
  const { items } = await api.want('GET', `${core}/pods`)
  const { status } = await api.want('GET', self)
  const others = [`${core}/configmaps/settings`, `${apps}/deployments/web`, `${core}/services/web`]
  const areThere = await Promise.all(others.map(path => isThere(api, path)))
  if (!areThere.every(Boolean)) throw new Error(`${place} lost more than its pods`)
  const [last] = items
  return items.length === 1 && last.metadata.deletionTimestamp && status.conditions?.length > 0
}

/** What cannot be done where a namespace is to go, or is gone, in the server's words. */
async function ask(api: ApiEnd): Promise<void> {
  const data: Record<string, string> = {}
  const note = async (name: string, asked: ReturnType<ApiEnd['ask']>) => {
    const { status, body } = await asked
    const { causes = [], ...details } = body.details ?? {}
    // What is wrong with metadata, upstream finds twice.
    const each = new Set(causes.map((cause: object) => JSON.stringify(cause)))
    data[name] = [status, body.reason, body.message, JSON.stringify(details), ...each].join(' ')
  }
  const created = (place: string, path: string, object: object) =>
    api.ask('POST', `${NAMESPACES}/${place}/${path}`, object)
  const named = (name: string) => ({ metadata: { name } })
  const held = placeOf(1)
  await note('create', created(held, 'configmaps', named('late')))
  await note('account', created(held, 'serviceaccounts', named('late')))
  await note('gone', created(placeOf(0), 'configmaps', named('late')))
  await note('again', api.ask('POST', NAMESPACES, named(held)))
  await note('twice', api.ask('DELETE', `${NAMESPACES}/${held}`))
  await note('dry', api.ask('POST', `${NAMESPACES}/${held}/configmaps?dryRun=All`, named('late')))
  await note(
    'deployment',
    api.ask('POST', `/apis/apps/v1/namespaces/${held}/deployments`, {
      metadata: { name: 'late' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: template('web:1'),
      },
    }),
  )
  await note(
    'review',
    api.ask('POST', `/apis/authorization.k8s.io/v1/namespaces/${held}/localsubjectaccessreviews`, {
      metadata: { namespace: held },
      spec: {
        user: 'jane',
        resourceAttributes: { namespace: held, verb: 'get', resource: 'pods' },
      },
    }),
  )
  await note(
    'finalizer',
    api.ask(
      'PATCH',
      `${NAMESPACES}/${held}/configmaps/settings`,
      { metadata: { finalizers: [HOLD, 'example.com/more'] } },
      MERGE,
    ),
  )
  await note(
    'namespace finalizer',
    api.ask('PATCH', `${NAMESPACES}/${held}`, { metadata: { finalizers: [HOLD] } }, MERGE),
  )
  const keys = Object.entries(data).map(([name, said]) => [name.replaceAll(' ', '-'), said])
  await api.want('POST', ANSWERS, {
    metadata: { name: 'answers' },
    data: Object.fromEntries(keys),
  })
}

/** Who held them lets go, and they are made again while others still go. */
async function comeBack(api: ApiEnd): Promise<void> {
  await inAll(HELD, (place, index) => letGo(api, place, index % HOLDS.length))
  await inAll(HELD, async (place, index) => {
    await until(`${place} is gone`, async () => !(await isThere(api, paths(place).self)))
    const again = index < HOLDS.length
    if (!again) return
    await make(api, place)
    await hasWhatAllHave(api, place)
    await api.want('POST', `${paths(place).core}/configmaps`, { metadata: { name: 'settings' } })
  })
}

async function letGo(api: ApiEnd, place: string, which: number): Promise<void> {
  const { self, core, rbac } = paths(place)
  const free = (path: string) => merge(api, path, { metadata: { finalizers: null } })
  if (which === 1) await free(`${core}/configmaps/settings`)
  if (which === 2) await free(self)
  if (which === 3) {
    const found = await api.want('GET', self)
    await api.want('PUT', `${self}/finalize`, { ...found, spec: { finalizers: [] } })
  }
  if (which === POD_HELD)
    for (const { metadata } of (await api.want('GET', `${core}/pods`)).items)
      await free(`${core}/pods/${metadata.name}`)
  if (which === 5)
    for (const path of [`${core}/secrets/password`, `${rbac}/roles/reader`]) await free(path)
}

async function end(api: ApiEnd): Promise<void> {
  const left = PLACES.filter((_, index) => index < HOLDS.length || index >= HELD.length)
  await inAll(left, place => api.want('DELETE', paths(place).self))
  await inAll(left, place =>
    until(`${place} is gone`, async () => !(await isThere(api, paths(place).self))),
  )
  await until('no volume is bound', async () => {
    const { items } = await api.want('GET', '/api/v1/persistentvolumes')
    return items.every(({ status }: Shown) => status.phase === 'Released')
  })
}

export const storyOfNamespaces: Story = {
  place: PLACE,
  collections: COLLECTIONS,
  events: [`/api/v1/events?${OURS}`],
  hashed: ['web'],
  suffixed: ['web', 'sum'],
  chapters: [
    { name: 'filled', happens: fill },
    { name: 'changed', happens: change },
    { name: 'held', happens: hold },
    { name: 'back', happens: comeBack },
    { name: 'ended', happens: end },
  ],
}
