/** Claims for devices as the server keeps them: one object in several versions, and a status that only its own path writes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from './testing.ts'

const at = (version: string, resource = 'namespaces/default/resourceclaims') =>
  `/apis/resource.k8s.io/${version}/${resource}`

const request = { name: 'main', deviceClassName: 'gpu' }
const mode = { allocationMode: 'ExactCount', count: 1 }

test('a claim is the same object in every version', async () => {
  const { ask } = await startTestServer()
  const old = { metadata: { name: 'a' }, spec: { devices: { requests: [request] } } }
  const made = await ask('POST', at('v1beta1'), old)
  assert.equal(made.status, 201)
  assert.match(made.headers.warning ?? '', /v1beta1 ResourceClaim is deprecated in v1\.35\+/)
  assert.deepEqual(made.body.spec.devices.requests, [{ ...request, ...mode }])
  for (const version of ['v1', 'v1beta2']) {
    const { body } = await ask('GET', `${at(version)}/a`)
    assert.equal(body.apiVersion, `resource.k8s.io/${version}`)
    assert.equal(body.metadata.uid, made.body.metadata.uid)
    const { name, ...exactly } = request
    assert.deepEqual(body.spec.devices.requests, [{ name, exactly: { ...exactly, ...mode } }])
  }
  const { body } = await ask('GET', at('v1beta1'))
  assert.deepEqual(body.items[0].spec.devices.requests, [{ ...request, ...mode }])
  const refused = await ask('PUT', `${at('v1beta1')}/a`, {
    ...made.body,
    spec: { devices: { requests: [{ ...request, count: 2 }] } },
  })
  assert.equal(refused.status, 422)
  assert.equal(refused.body.details.causes[0].field, 'spec')
})

test('the status of a claim is written through its own path, and loses reports with their devices', async () => {
  const { ask } = await startTestServer()
  const { name, ...exactly } = request
  const claim = { metadata: { name: 'a' }, spec: { devices: { requests: [{ name, exactly }] } } }
  const made = await ask('POST', at('v1'), { ...claim, status: { reservedFor: [] } })
  assert.deepEqual(made.body.status, {})
  const device = { driver: 'gpu.example.com', pool: 'node', device: 'x' }
  const allocation = { devices: { results: [{ request: 'main', ...device }] } }
  const status = { allocation, devices: [{ ...device, conditions: null }] }
  const given = await ask('PUT', `${at('v1')}/a/status`, { ...made.body, status })
  assert.equal(given.status, 200)
  assert.deepEqual(given.body.status, status)
  const freed = await ask('PUT', `${at('v1')}/a/status`, {
    ...given.body,
    status: { devices: status.devices },
  })
  assert.equal(freed.status, 200)
  assert.deepEqual(freed.body.status, {})
})

test('taints know since when they are there, in whichever version they come', async () => {
  const { ask, clock } = await startTestServer()
  const rules = at('v1beta2', 'devicetaintrules')
  const made = await ask('POST', rules, {
    metadata: { name: 'a' },
    spec: { taint: { key: 'broken', effect: 'None' } },
  })
  assert.equal(made.status, 201)
  const { timeAdded } = made.body.spec.taint
  assert.match(timeAdded, /^\d{4}-/)
  assert.equal(made.body.metadata.generation, 1)
  clock.advance(60_000)
  const stronger = await ask(
    'PATCH',
    `${at('v1alpha3', 'devicetaintrules')}/a`,
    { spec: { taint: { effect: 'NoExecute' } } },
    { headers: { 'content-type': 'application/merge-patch+json' } },
  )
  assert.equal(stronger.body.metadata.generation, 2)
  assert.equal(Date.parse(stronger.body.spec.taint.timeAdded) - Date.parse(timeAdded), 60_000)
})
