/** What a patch leaves alone is not decoded again: nobody may be able to tell. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { configMap } from '#api/core/v1/config-map.ts'
import { startTestServer, startWatch, type TestServer } from '../testing.ts'
import { toDecode } from './known-parts.ts'
import type { Write } from './write.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const FORMS = ['application/merge-patch+json', 'application/strategic-merge-patch+json']
const JSON_PATCH = 'application/json-patch+json'

const metadata = {
  name: 'a',
  labels: { z: '1', app: 'a' },
  annotations: { 'example.com/b': 'c' },
  finalizers: ['example.com/mine'],
  ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' }],
}
const template = {
  metadata: { labels: { app: 'a' } },
  spec: { containers: [{ name: 'c', image: 'i' }] },
}

let started: TestServer
before(async () => {
  started = await startTestServer()
  const made = await started.ask('POST', MAPS, { metadata, data: { x: '0' } })
  assert.equal(made.status, 201, made.text)
  const spec = { selector: { matchLabels: { app: 'a' } }, template }
  const deployed = await started.ask('POST', DEPLOYMENTS, { metadata, spec })
  assert.equal(deployed.status, 201, deployed.text)
})

const patched = (path: string, body: unknown, type: string) =>
  started.ask('PATCH', path, body, { headers: { 'content-type': type } })

/** Has the metadata decoded by what is new in them, and says the same otherwise: who counts generations takes none from anybody. */
const counting = (body: object) => ({ ...body, metadata: { generation: 99 } })
/** A patch that names its object has metadata of its own, and nothing new in them. */
const naming = (body: object) => ({ ...body, metadata: { name: 'a' } })

for (const type of FORMS)
  for (const [path, body] of [
    [`${MAPS}/a`, { data: { y: '1' } }],
    [`${MAPS}/a`, { data: null }],
    [`${DEPLOYMENTS}/a`, { spec: { replicas: 3 } }],
    [`${DEPLOYMENTS}/a/status`, { status: { replicas: 2 } }],
  ] as const)
    test(`metadata that were not decoded are stored as those that were: ${type} ${path}`, async () => {
      const dry = `${path}?dryRun=All&fieldManager=m`
      const decoded = await patched(dry, counting(body), type)
      for (const same of [body, naming(body)]) {
        const kept = await patched(dry, same, type)
        assert.equal(kept.status, 200, kept.text)
        assert.deepEqual(kept.body, decoded.body)
      }
    })

test('the same of a JSON patch', async () => {
  const change = { op: 'add', path: '/data/y', value: '1' }
  const naming = { op: 'replace', path: '/metadata/name', value: 'a' }
  const counting = { op: 'add', path: '/metadata/generation', value: 99 }
  const dry = `${MAPS}/a?dryRun=All&fieldManager=m`
  const decoded = await patched(dry, [change, counting], JSON_PATCH)
  for (const same of [[change], [change, naming]]) {
    const kept = await patched(dry, same, JSON_PATCH)
    assert.equal(kept.status, 200, kept.text)
    assert.deepEqual(kept.body, decoded.body)
  }
})

test('metadata that a patch changes are decoded, and what is unknown of them is told', async () => {
  const body = { data: { y: '2' }, metadata: { labels: { more: 'm' }, odd: 1 } }
  const { status, headers, body: map } = await patched(`${MAPS}/a`, body, FORMS[0] as string)
  assert.equal(status, 200)
  assert.equal(headers.warning, '299 - "unknown field \\"metadata.odd\\""')
  assert.deepEqual(map.metadata.labels, { ...metadata.labels, more: 'm' })
  assert.equal(map.metadata.odd, undefined)
})

test('what was read before a patch stays as it was read', async () => {
  const watch = await startWatch(started.server, `${MAPS}?watch=1`, { objects: true })
  await patched(`${MAPS}/a`, { data: { y: '3' } }, FORMS[0] as string)
  const old = watch.seen.at(-1)?.object
  assert.ok(Object.isFrozen(old), 'the very object of the cache')
  const text = JSON.stringify(old)
  const other = `${MAPS}/a?fieldManager=other`
  const after = await patched(other, { data: { y: '4' } }, FORMS[0] as string)
  assert.equal(JSON.stringify(old), text)
  const { resourceVersion: _, managedFields, ...rest } = after.body.metadata
  const { resourceVersion: __, managedFields: before, ...kept } = old.metadata
  assert.deepEqual(rest, kept)
  assert.equal(managedFields.length, before.length + 1)
})

test('metadata are decoded only where anything in them is new', () => {
  const write = { resource: { kind: configMap, view: {} }, subresource: '' } as Write
  const metadata = { name: 'a', uid: 'u', labels: { app: 'a' } }
  const known = Object.freeze({ apiVersion: 'v1', kind: 'ConfigMap', metadata })
  const isKept = (its: object) =>
    toDecode(write, { ...known, metadata: its }, known).metadata !== undefined
  assert.ok(isKept(metadata))
  assert.ok(isKept({ ...metadata, uid: 'u' }))
  assert.ok(!isKept({ ...metadata, uid: 'v' }))
  assert.ok(!isKept({ ...metadata, labels: { app: 'b' } }))
  assert.ok(!isKept({ ...metadata, odd: 1 }))
  assert.ok(!isKept({ name: 'a', uid: 'u' }))
  const { uid: _, ...nameless } = metadata
  assert.ok(!isKept({ ...nameless, odd: 'u' }))
})

test('a status whose defaults depend on the spec gets them', async () => {
  const services = '/api/v1/namespaces/default/services'
  const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] }
  const made = await started.ask('POST', services, { metadata: { name: 'lb' }, spec })
  assert.equal(made.status, 201, made.text)
  const status = { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } }
  for (const type of FORMS) {
    const dry = `${services}/lb/status?dryRun=All`
    const { body, text } = await patched(dry, { status }, type)
    assert.equal(body.status.loadBalancer?.ingress[0].ipMode, 'VIP', text)
  }
})
