/** Which kinds take finalizers that name no domain, as a kube-apiserver v1.36.3 takes them. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { startTestServer, type TestServer } from '../testing.ts'

const MERGE = { headers: { 'content-type': 'application/merge-patch+json' } }
const MAPS = '/api/v1/namespaces/default/configmaps'
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
const STORAGE_VERSIONS = '/apis/internal.apiserver.k8s.io/v1alpha1/storageversions'
const involved = { kind: 'Pod', namespace: 'default', name: 'p', apiVersion: 'v1' }
const UNQUALIFIED =
  'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'

let started: TestServer
before(async () => {
  started = await startTestServer()
})

async function finalizing(at: string, content: object, finalizers = ['mine']): Promise<string> {
  const body = { metadata: { name: 'a.b', finalizers }, ...content }
  const { status, body: said } = await started.ask('POST', `${at}?dryRun=All`, body)
  return status === 201 ? 'taken' : said.message
}

test('most kinds refuse them when they are made and when they are changed', async () => {
  assert.equal(await finalizing(MAPS, {}), `ConfigMap "a.b" is invalid: ${UNQUALIFIED}`)
  assert.equal(await finalizing(MAPS, {}, ['example.com/mine', 'orphan', 'kubernetes']), 'taken')
  await started.ask('POST', MAPS, { metadata: { name: 'a.b' } })
  const change = { metadata: { finalizers: ['mine'] } }
  const changed = await started.ask('PATCH', `${MAPS}/a.b`, change, MERGE)
  assert.equal(changed.body.message, `ConfigMap "a.b" is invalid: ${UNQUALIFIED}`)
})

test('some kinds take any', async () => {
  assert.equal(await finalizing(LEASES, { spec: {} }), 'taken')
  const noted = { involvedObject: involved, reason: 'R' }
  assert.equal(await finalizing('/api/v1/namespaces/default/events', noted), 'taken')
})

test('the record of storage versions takes them only later', async () => {
  assert.match(await finalizing(STORAGE_VERSIONS, { spec: {} }), /fully qualified$/)
  const made = await started.ask('POST', STORAGE_VERSIONS, {
    metadata: { name: 'a.b' },
    spec: {},
  })
  assert.equal(made.status, 201, made.text)
  const change = { metadata: { finalizers: ['mine'] } }
  const changed = await started.ask('PATCH', `${STORAGE_VERSIONS}/a.b`, change, MERGE)
  assert.deepEqual(changed.body.metadata.finalizers, ['mine'])
})

test('a new pod behind gates says since when it waits', async () => {
  const pods = '/api/v1/namespaces/default/pods'
  const spec = {
    automountServiceAccountToken: false,
    schedulingGates: [{ name: 'example.com/wait' }],
    containers: [{ name: 'c', image: 'i' }],
  }
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  await started.ask('POST', accounts, { metadata: { name: 'default' } })
  const { body } = await started.ask('POST', pods, { metadata: { name: 'p' }, spec })
  const [condition] = body.status.conditions
  assert.equal(condition.lastTransitionTime, body.metadata.creationTimestamp)
  assert.equal(condition.lastProbeTime, null)
})
