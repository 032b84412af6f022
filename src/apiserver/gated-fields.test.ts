/** What becomes of fields behind feature gates, as kube-apiserver 1.36.3 answered. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { startTestServer, type TestServer } from './testing.ts'

const GROUPS = '/apis/scheduling.k8s.io/v1alpha2/namespaces/default/podgroups'
const WORKLOADS = '/apis/scheduling.k8s.io/v1alpha2/namespaces/default/workloads'
const MERGE = { headers: { 'content-type': 'application/merge-patch+json' } }
const schedulingPolicy = { gang: { minCount: 2 } }
const of = {
  topology: { schedulingConstraints: { topology: [{ key: 'rack' }] } },
  devices: { resourceClaims: [{ name: 'gpu', resourceClaimName: 'one' }] },
  preemption: { disruptionMode: 'PodGroup', priorityClassName: 'high' },
}
const all = { schedulingPolicy, ...of.topology, ...of.devices, ...of.preemption }
const podSpec = { containers: [{ name: 'a', image: 'a' }], schedulingGroup: { podGroupName: 'g' } }
const template = { metadata: { labels: { a: 'b' } }, spec: podSpec }
const selector = { matchLabels: { a: 'b' } }
const forJob = { ...template, spec: { ...podSpec, restartPolicy: 'Never' } }
const job = { template: forJob }

/** A server with these gates on; another one over the same store is the same after a restart. */
async function start(gates: readonly string[], store = createMemoryStore()): Promise<TestServer> {
  const featureGates = new Map(gates.map(gate => [gate, true]))
  const started = await startTestServer({ store, featureGates, authorizationMode: 'AlwaysAllow' })
  const account = { metadata: { name: 'default' } }
  await started.ask('POST', '/api/v1/namespaces/default/serviceaccounts', account)
  const high = { metadata: { name: 'high' }, value: 70 }
  await started.ask('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', high)
  return started
}

async function made({ ask }: TestServer, path: string, object: object) {
  const { status, body } = await ask('POST', path, object)
  assert.equal(status, 201, JSON.stringify(body))
  return body
}

interface Cause {
  readonly message: string
}

const holders: readonly (readonly [path: string, object: object])[] = [
  ['/api/v1/namespaces/default/pods', { spec: podSpec }],
  ['/api/v1/namespaces/default/podtemplates', { template }],
  ['/api/v1/namespaces/default/replicationcontrollers', { spec: { template } }],
  ['/apis/apps/v1/namespaces/default/daemonsets', { spec: { selector, template } }],
  ['/apis/apps/v1/namespaces/default/deployments', { spec: { selector, template } }],
  ['/apis/apps/v1/namespaces/default/replicasets', { spec: { selector, template } }],
  ['/apis/apps/v1/namespaces/default/statefulsets', { spec: { selector, template } }],
  ['/apis/batch/v1/namespaces/default/jobs', { spec: job }],
  [
    '/apis/batch/v1/namespaces/default/cronjobs',
    { spec: { schedule: '* * * * *', jobTemplate: { spec: job } } },
  ],
]
const names = (object: object) => JSON.stringify(object).includes('"schedulingGroup"')
const labels = { metadata: { labels: { changed: 'yes' } } }

for (const [path, object] of holders)
  test(`${path.split('/').at(-1)} name a group only where GenericWorkload is on, or did before`, async () => {
    const store = createMemoryStore()
    const on = await start(['GenericWorkload'], store)
    const named = { metadata: { name: 'named' }, ...object }
    assert.ok(names((await made(on, path, named)).spec ?? named))
    const off = await start([], store)
    const kept = await off.ask('PATCH', `${path}/named`, labels, MERGE)
    assert.equal(kept.status, 200)
    const { metadata: _, ...rest } = kept.body
    assert.ok(names(rest), 'what was used before')
    const { metadata, ...dropped } = await made(off, path, { ...named, metadata: { name: 'new' } })
    assert.ok(!names(dropped))
    const { body } = await off.ask('PUT', `${path}/new`, { ...named, metadata })
    const { metadata: __, ...updated } = body
    assert.ok(!names(updated), JSON.stringify(updated))
  })

test('a field that is dropped is no change of the template of a DaemonSet', async () => {
  const off = await start([])
  const path = '/apis/apps/v1/namespaces/default/daemonsets'
  const made = { metadata: { name: 'a' }, spec: { selector, template } }
  assert.equal((await off.ask('POST', path, made)).status, 201)
  const { body } = await off.ask('PUT', `${path}/a`, made)
  const { generation, annotations } = body.metadata
  assert.equal(generation, 1)
  assert.equal(annotations['deprecated.daemonset.template.generation'], '1')
})

const gated: readonly (readonly [gates: readonly string[], group: object, template: object])[] = [
  [[], { disruptionMode: 'Pod' }, {}],
  [
    ['TopologyAwareWorkloadScheduling'],
    { ...of.topology, disruptionMode: 'Pod' },
    { ...of.topology },
  ],
  [['DRAWorkloadResourceClaims'], { ...of.devices, disruptionMode: 'Pod' }, { ...of.devices }],
  [['WorkloadAwarePreemption'], { ...of.preemption, priority: 70 }, { ...of.preemption }],
]
for (const [gates, group, ofTemplate] of gated)
  test(`groups and workloads with ${gates.join() || 'no more gates'}`, async () => {
    const server = await start(['GenericWorkload', ...gates])
    const { spec } = await made(server, GROUPS, { metadata: { name: 'g' }, spec: all })
    assert.deepEqual(spec, { schedulingPolicy, ...group })
    const podGroupTemplates = [{ name: 'workers', ...all }]
    const work = { metadata: { name: 'w' }, spec: { podGroupTemplates } }
    const { spec: shown } = await made(server, WORKLOADS, work)
    assert.deepEqual(shown.podGroupTemplates, [
      { name: 'workers', schedulingPolicy, ...ofTemplate },
    ])
  })

test('groups and workloads keep what they used before', async () => {
  const store = createMemoryStore()
  const on = await start(['AllAlpha'], store)
  const { spec } = await made(on, GROUPS, { metadata: { name: 'g' }, spec: all })
  const podGroupTemplates = [{ name: 'workers', ...all }]
  const work = await made(on, WORKLOADS, { metadata: { name: 'w' }, spec: { podGroupTemplates } })
  const off = await start([], store)
  const group = await off.ask('PATCH', `${GROUPS}/g`, labels, MERGE)
  assert.deepEqual([group.status, group.body.spec], [200, spec])
  const workload = await off.ask('PATCH', `${WORKLOADS}/w`, labels, MERGE)
  assert.deepEqual([workload.status, workload.body.spec], [200, work.spec])
})

test('what a group used before may go while its gate is off, and not become anything else', async () => {
  const store = createMemoryStore()
  await made(await start(['AllAlpha'], store), GROUPS, { metadata: { name: 'g' }, spec: all })
  const off = await start([], store)
  const told = async (spec: object) => {
    const { status, body } = await off.ask('PATCH', `${GROUPS}/g`, { spec }, MERGE)
    return status === 200 ? [] : (body.details.causes as Cause[])
  }
  const forbidden = (name: string) => [
    { reason: 'FieldValueForbidden', message: 'Forbidden', field: `spec.${name}` },
  ]
  assert.deepEqual(await told({ priorityClassName: 'other' }), forbidden('priorityClassName'))
  assert.deepEqual(await told({ priority: 5 }), forbidden('priority'))
  assert.deepEqual(await told({ disruptionMode: null }), forbidden('disruptionMode'))
  const constraints = { schedulingConstraints: { topology: [] } }
  assert.deepEqual(await told(constraints), forbidden('schedulingConstraints'))
  assert.deepEqual(await told({ schedulingConstraints: null, priorityClassName: null }), [])
  const [claims] = await told({ resourceClaims: null })
  assert.equal(claims?.message, 'Invalid value: null: field is immutable')
})

test('an unknown class is nobody’s business while the gate is off', async () => {
  const spec = { schedulingPolicy, priorityClassName: 'gone' }
  const group = { metadata: { name: 'g' }, spec }
  const off = await start(['GenericWorkload'])
  assert.equal((await made(off, GROUPS, group)).spec.priorityClassName, undefined)
  const on = await start(['AllAlpha'])
  assert.equal((await on.ask('POST', GROUPS, group)).status, 403)
})

test('the claims of a group are told only where it has some', async () => {
  const store = createMemoryStore()
  const status = { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'y' }] }
  const on = await start(['AllAlpha'], store)
  await made(on, GROUPS, { metadata: { name: 'before' }, spec: all })
  const off = await start([], store)
  await made(off, GROUPS, { metadata: { name: 'after' }, spec: all })
  const told = async (name: string) =>
    (await off.ask('PATCH', `${GROUPS}/${name}/status`, { status }, MERGE)).body.status
  assert.deepEqual(await told('before'), status)
  assert.deepEqual(await told('after'), {})
})
