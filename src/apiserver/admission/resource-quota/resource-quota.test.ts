import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quotaEvaluators } from '#api/core/quota/evaluators.ts'
import type { LimitedResource } from '#api/core/quota/limited.ts'
import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { startTestServer, type TestServer } from '../../testing.ts'
import { podNamed, requestOf, testWorld } from '../testing.ts'
import { QuotaLedger } from './ledger.ts'
import type { QuotaStore } from './store.ts'

const quotaEvaluatorOf = quotaEvaluators()

const IN = '/api/v1/namespaces/default'
const QUOTA = `${IN}/resourcequotas/q`

/** Makes a quota, and counts for it as its controller would. */
async function limit({ ask }: TestServer, hard: object, used: object, name = 'q') {
  await ask('POST', `${IN}/serviceaccounts`, { metadata: { name: 'default' } })
  const made = await ask('POST', `${IN}/resourcequotas`, { metadata: { name }, spec: { hard } })
  assert.equal(made.status, 201, made.text)
  const status = { ...made.body, status: { hard, used } }
  assert.equal((await ask('PUT', `${IN}/resourcequotas/${name}/status`, status)).status, 200)
}
const usedIn = async ({ ask }: TestServer) => (await ask('GET', QUOTA)).body.status.used
const sendMap = ({ ask }: TestServer, name: string, query = '') =>
  ask('POST', `${IN}/configmaps${query}`, { metadata: { name } })

test('as many as the quota allows are made, and no more', async () => {
  const api = await startTestServer()
  await limit(
    api,
    { configmaps: '2', 'count/configmaps': '9' },
    { configmaps: '0', 'count/configmaps': '0' },
  )
  assert.equal((await sendMap(api, 'a')).status, 201)
  assert.equal((await sendMap(api, 'b')).status, 201)
  const { status, body } = await sendMap(api, 'c')
  assert.equal(status, 403)
  assert.equal(body.reason, 'Forbidden')
  assert.equal(
    body.message,
    'configmaps "c" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=2, limited: configmaps=2',
  )
  assert.deepEqual(await usedIn(api), { configmaps: '2', 'count/configmaps': '2' })
})

test('a dry run is judged, but charged nothing', async () => {
  const api = await startTestServer()
  await limit(api, { configmaps: '1' }, { configmaps: '0' })
  assert.equal((await sendMap(api, 'a', '?dryRun=All')).status, 201)
  assert.deepEqual(await usedIn(api), { configmaps: '0' })
  assert.equal((await sendMap(api, 'a')).status, 201)
  assert.equal((await sendMap(api, 'b', '?dryRun=All')).status, 403)
})

test('pods are charged for what they ask for, and for what a resize adds', async () => {
  const api = await startTestServer()
  await limit(api, { pods: '2', 'requests.cpu': '2' }, { pods: '0', 'requests.cpu': '0' })
  const resources = (cpu: string) => ({ requests: { cpu } })
  const send = (name: string, more: object) =>
    api.ask('POST', `${IN}/pods`, {
      metadata: { name },
      spec: { containers: [{ name: 'main', image: 'x', ...more }] },
    })
  assert.equal(
    (await send('mute', {})).body.message,
    'pods "mute" is forbidden: failed quota: q: must specify requests.cpu for: main',
  )
  assert.equal((await send('a', { resources: resources('1') })).status, 201)
  assert.deepEqual(await usedIn(api), { pods: '1', 'requests.cpu': '1' })
  const resize = (cpu: string) =>
    api.ask(
      'PATCH',
      `${IN}/pods/a/resize`,
      { spec: { containers: [{ name: 'main', resources: resources(cpu) }] } },
      { headers: { 'content-type': 'application/strategic-merge-patch+json' } },
    )
  assert.equal((await resize('1500m')).status, 200)
  assert.deepEqual(await usedIn(api), { pods: '1', 'requests.cpu': '1500m' })
  assert.match(
    (await resize('3')).body.message,
    /exceeded quota: q, requested: requests.cpu=1500m, used: requests.cpu=1500m, limited: requests.cpu=2$/,
  )
})

test('a service that becomes another type is charged for it', async () => {
  const api = await startTestServer()
  const none = { 'services.nodeports': '0', 'services.loadbalancers': '0' }
  await limit(api, { 'services.nodeports': '1', 'services.loadbalancers': '0' }, none)
  const body = (type: string) => ({
    metadata: { name: 's' },
    spec: { type, ports: [{ port: 80 }] },
  })
  assert.equal((await api.ask('POST', `${IN}/services`, body('ClusterIP'))).status, 201)
  const patch = (type: string) =>
    api.ask(
      'PATCH',
      `${IN}/services/s`,
      { spec: { type } },
      {
        headers: { 'content-type': 'application/merge-patch+json' },
      },
    )
  assert.equal((await patch('NodePort')).status, 200)
  assert.deepEqual(await usedIn(api), { ...none, 'services.nodeports': '1' })
  assert.match((await patch('LoadBalancer')).body.message, /requested: services.loadbalancers=1/)
})

test('other resources are counted by name, and other namespaces are not', async () => {
  const api = await startTestServer()
  await limit(api, { 'count/deployments.apps': '0' }, { 'count/deployments.apps': '0' })
  const send = (namespace: string) =>
    api.ask('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { labels: { a: 'b' } },
          spec: { containers: [{ name: 'main', image: 'x' }] },
        },
      },
    })
  assert.match((await send('default')).body.message, /^deployments.apps "d" is forbidden: exceeded/)
  assert.equal((await send('kube-system')).status, 201)
})

test('64 clients of two servers do not get past a quota', async () => {
  const store = createMemoryStore()
  const servers = [await startTestServer({ store }), await startTestServer({ store })] as const
  await limit(servers[0], { configmaps: '20' }, { configmaps: '0' })
  await servers[1].ask('GET', QUOTA)
  const clients = Array.from({ length: 64 }, async (_, client) => {
    const api = servers[client % 2] as TestServer
    const statuses: number[] = []
    for (let turn = 0; turn < 5; turn++)
      statuses.push((await sendMap(api, `m-${client}-${turn}`)).status)
    return statuses
  })
  const statuses = (await Promise.all(clients)).flat()
  const made = statuses.filter(status => status === 201).length
  const stored = (await servers[0].ask('GET', `${IN}/configmaps`)).body.items
  assert.equal(stored.length, made)
  assert.ok(made <= 20, `${made} were made`)
  assert.ok(made > 0)
  assert.deepEqual(
    [...new Set(statuses)].filter(status => ![201, 403, 409].includes(status)),
    [],
  )
  assert.equal(Number((await usedIn(servers[0])).configmaps), made)
})

/** One quota that several servers write; `isCareful` false is the planted bug: whoever writes last wins. */
function sharedQuota(isCareful: boolean) {
  let revision = 1
  let quota: ResourceQuota = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace: 'shop', resourceVersion: '1' },
    status: { hard: { pods: '20' }, used: { pods: '0' } },
    spec: {},
  }
  const store: QuotaStore = {
    list: () => [quota],
    latest: async () => quota,
    async setUsed(next) {
      await undefined
      const isStale = next.metadata.resourceVersion !== String(revision)
      if (isCareful && isStale) return false
      revision++
      quota = { ...next, metadata: { ...next.metadata, resourceVersion: String(revision) } }
      return true
    },
  }
  return { store, used: () => Number(quota.status.used?.pods) }
}

/** How many of 64 clients on eight servers got their pod. */
async function race({ store }: ReturnType<typeof sharedQuota>): Promise<number> {
  const { clock } = testWorld()
  const ledgers = Array.from({ length: 8 }, () => new QuotaLedger(store, clock))
  const evaluator = quotaEvaluatorOf({ group: '', resource: 'pods' })
  assert.ok(evaluator)
  const clients = Array.from({ length: 64 }, (_, client) => {
    const request = requestOf({ object: podNamed(`p-${client}`) })
    return ledgers[client % 8]?.charge(request, evaluator)
  })
  const results = await Promise.allSettled(clients)
  return results.filter(({ status }) => status === 'fulfilled').length
}

test('servers that race for one quota charge for all that they let pass', async () => {
  const quota = sharedQuota(true)
  const passed = await race(quota)
  assert.ok(passed > 0 && passed <= 20, `${passed} passed`)
  assert.equal(passed, quota.used())
})

test('the race catches a planted bug: a status that is written without a look at its revision', async () => {
  assert.ok((await race(sharedQuota(false))) > 20)
})

test('of what a file limits nothing is used without a quota that says how much', async () => {
  const limited = (matchContains: string[], matchScopes: LimitedResource['matchScopes'] = []) =>
    startTestServer({
      pluginConfiguration: {
        resourceQuota: [{ apiGroup: '', resource: 'pods', matchContains, matchScopes }],
      },
    })
  const send = async ({ ask }: TestServer, name: string, more: object = {}) => {
    const spec = { containers: [{ name: 'main', image: 'x', ...more }] }
    const { status, body } = await ask('POST', `${IN}/pods`, { metadata: { name }, spec })
    return status === 201 ? '' : body.message
  }
  const api = await limited(['requests.cpu'])
  await api.ask('POST', `${IN}/serviceaccounts`, { metadata: { name: 'default' } })
  assert.equal(await send(api, 'free'), '')
  const asking = { resources: { requests: { cpu: '1' } } }
  assert.equal(
    await send(api, 'a', asking),
    'pods "a" is forbidden: insufficient quota to consume: requests.cpu',
  )
  await limit(api, { 'requests.cpu': '1' }, { 'requests.cpu': '0' })
  assert.equal(await send(api, 'a', asking), '')
  assert.match(await send(api, 'b', asking), /exceeded quota: q/)
  const scoped = await limited([], [{ scopeName: 'BestEffort', operator: 'Exists' }])
  await scoped.ask('POST', `${IN}/serviceaccounts`, { metadata: { name: 'default' } })
  assert.equal(await send(scoped, 'asks', asking), '')
  assert.equal(
    await send(scoped, 'mute'),
    'insufficient quota to match these scopes: [{BestEffort Exists []}]',
  )
})
