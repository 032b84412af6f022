import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiService } from '#api/apiregistration/v1/api-service.ts'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { startTestServer, type TestServer } from '../testing.ts'

const PATH = '/apis/apiregistration.k8s.io/v1/apiservices'
const MANAGED = 'kube-aggregator.kubernetes.io/automanaged'

/** Lets what is due happen, writes included. */
async function settle({ clock }: TestServer): Promise<void> {
  clock.advance(1_000)
  for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
}

async function servicesOf({ ask }: TestServer): Promise<ReadonlyMap<string, ApiService>> {
  const items: ApiService[] = (await ask('GET', PATH)).body.items
  return new Map(items.map(each => [each.metadata.name ?? '', each]))
}

const ranksOf = (service: ApiService | undefined) => [
  service?.spec.groupPriorityMinimum,
  service?.spec.versionPriority,
]

test('every version that is served here has one, a moment after the start', async () => {
  const api = await startTestServer()
  assert.equal((await servicesOf(api)).size, 0)
  await settle(api)
  const services = await servicesOf(api)
  const core = services.get('v1.')
  assert.deepEqual(core?.metadata.labels, { [MANAGED]: 'onstart' })
  assert.deepEqual(core?.spec, { version: 'v1', groupPriorityMinimum: 18000, versionPriority: 1 })
  const [condition] = core?.status.conditions ?? []
  assert.deepEqual(
    [condition?.type, condition?.status, condition?.reason],
    ['Available', 'True', 'Local'],
  )
  assert.ok(condition?.lastTransitionTime)
  assert.deepEqual(ranksOf(services.get('v2.autoscaling')), [17500, 30])
  assert.deepEqual(ranksOf(services.get('v1beta1.admissionregistration.k8s.io')), [16700, 12])
  assert.deepEqual(ranksOf(services.get('v1.resource.k8s.io')), [16200, 21])
  assert.deepEqual(ranksOf(services.get('v1beta1.coordination.k8s.io')), [16500, 13])
  const groups = (await api.ask('GET', '/apis')).body.groups as {
    name: string
    versions: object[]
  }[]
  const served = groups.filter(({ name }) => name !== 'apiregistration.k8s.io')
  const count = served.reduce((sum, { versions }) => sum + versions.length, 1)
  assert.equal(services.size, count)
})

test('a later start sets right what is ours, and once only', async () => {
  const store = createMemoryStore()
  const first = await startTestServer({ store })
  await settle(first)
  const patch = (api: TestServer, name: string, body: object) =>
    api.ask('PATCH', `${PATH}/${name}`, body, {
      headers: { 'content-type': 'application/merge-patch+json' },
    })
  const changed = { spec: { versionPriority: 3 } }
  await patch(first, 'v1.apps', changed)
  await patch(first, 'v1.batch', { ...changed, metadata: { labels: { [MANAGED]: null } } })
  await first.ask('DELETE', `${PATH}/v1.policy`)
  await settle(first)
  assert.deepEqual(ranksOf((await servicesOf(first)).get('v1.apps')), [17800, 3])
  assert.equal((await servicesOf(first)).has('v1.policy'), false)
  await first.ask('POST', PATH, {
    metadata: { name: 'v9.apps', labels: { [MANAGED]: 'onstart' } },
    spec: { group: 'apps', version: 'v9', groupPriorityMinimum: 1, versionPriority: 1 },
  })
  await first.server.stop()
  const second = await startTestServer({ store })
  await settle(second)
  const services = await servicesOf(second)
  assert.deepEqual(ranksOf(services.get('v1.apps')), [17800, 15])
  assert.deepEqual(ranksOf(services.get('v1.batch')), [17400, 3])
  assert.equal(services.has('v1.policy'), true)
  assert.equal(services.has('v9.apps'), false)
  await second.server.stop()
})

test('those of custom resources come and go with them', async () => {
  const api = await startTestServer()
  await settle(api)
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const version = (name: string, served: boolean) => ({
    name,
    served,
    storage: name === 'v1',
    schema: { openAPIV3Schema: { type: 'object' } },
  })
  const created = await api.ask('POST', definitions, {
    metadata: { name: 'boats.sea.example' },
    spec: {
      group: 'sea.example',
      scope: 'Namespaced',
      names: { plural: 'boats', kind: 'Boat' },
      versions: [version('v1', true), version('v1alpha1', false)],
    },
  })
  assert.equal(created.status, 201, created.body.message)
  await settle(api)
  const service = (await servicesOf(api)).get('v1.sea.example')
  assert.deepEqual(ranksOf(service), [1000, 100])
  assert.deepEqual(service?.metadata.labels, { [MANAGED]: 'true' })
  assert.equal((await servicesOf(api)).has('v1alpha1.sea.example'), false)
  await api.ask('DELETE', `${PATH}/v1.sea.example`)
  await settle(api)
  assert.equal((await servicesOf(api)).has('v1.sea.example'), true)
  await api.ask('DELETE', `${definitions}/boats.sea.example`)
  await settle(api)
  await settle(api)
  assert.equal((await servicesOf(api)).has('v1.sea.example'), false)
})
