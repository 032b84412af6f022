import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from './testing.ts'

const PODS = '/api/v1/namespaces/default/pods'
const POD = `${PODS}/p`

async function startWithPod() {
  const server = await startTestServer({ admission: [] })
  const spec = {
    nodeName: 'n',
    terminationGracePeriodSeconds: 7,
    containers: [{ name: 'c', image: 'i' }],
  }
  const made = await server.ask('POST', PODS, { metadata: { name: 'p' }, spec })
  assert.equal(made.status, 201, made.text)
  return { ...server, pod: made.body }
}

const eviction = (deleteOptions: object = {}) => ({
  apiVersion: 'policy/v1',
  kind: 'Eviction',
  metadata: { name: 'p', namespace: 'default' },
  deleteOptions,
})

test('an evicted pod gets the grace that it asks for, or that the eviction gives', async () => {
  for (const [options, grace] of [
    [{}, 7],
    [{ gracePeriodSeconds: 3 }, 3],
  ] as const) {
    const { ask } = await startWithPod()
    const { status, body } = await ask('POST', `${POD}/eviction`, eviction(options))
    assert.equal(status, 201)
    assert.deepEqual(
      { kind: body.kind, status: body.status, code: body.code },
      { kind: 'Status', status: 'Success', code: 201 },
    )
    assert.equal((await ask('GET', POD)).body.metadata.deletionGracePeriodSeconds, grace)
  }
})

test('a dry run leaves the pod alone, said in either place', async () => {
  const { ask, pod } = await startWithPod()
  const said = await ask('POST', `${POD}/eviction`, eviction({ dryRun: ['All'] }))
  assert.equal(said.status, 201)
  assert.equal((await ask('POST', `${POD}/eviction?dryRun=All`, eviction())).status, 201)
  const { metadata } = (await ask('GET', POD)).body
  assert.equal(metadata.deletionTimestamp, undefined)
  assert.equal(metadata.resourceVersion, pod.metadata.resourceVersion)
})

test('another pod of the same name is not evicted', async () => {
  const { ask, pod } = await startWithPod()
  const of = (preconditions: object) => ask('POST', `${POD}/eviction`, eviction({ preconditions }))
  assert.equal((await of({ uid: 'another' })).status, 409)
  assert.equal((await of({ resourceVersion: '1' })).status, 409)
  assert.equal((await ask('GET', POD)).body.metadata.deletionTimestamp, undefined)
  const { uid, resourceVersion } = pod.metadata
  assert.equal((await of({ uid, resourceVersion })).status, 201)
  assert.notEqual((await ask('GET', POD)).body.metadata.deletionTimestamp, undefined)
})

test('who is not there cannot be evicted, nor somebody under another name', async () => {
  const { ask } = await startWithPod()
  const none = { ...eviction(), metadata: { name: 'none' } }
  assert.equal((await ask('POST', `${PODS}/none/eviction`, none)).status, 404)
  assert.equal((await ask('POST', `${POD}/eviction`, none)).status, 400)
})

test('an eviction in the words of the version before is heard', async () => {
  const { ask } = await startWithPod()
  const old = { ...eviction(), apiVersion: 'policy/v1beta1' }
  assert.equal((await ask('POST', `${POD}/eviction?dryRun=All`, old)).status, 201)
  const other = { ...eviction(), apiVersion: 'policy/v1alpha1' }
  assert.equal((await ask('POST', `${POD}/eviction?dryRun=All`, other)).status, 400)
})
