import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, startTestServer, startWatch } from './testing.ts'

const AT = '/api/v1/namespaces/default/configmaps'
const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})

test('a ConfigMap is created, read, listed, updated and deleted', async () => {
  const { ask } = await startTestServer()
  const created = await ask('POST', AT, configMap('a', { x: '1' }))
  assert.equal(created.status, 201)
  assert.equal(created.body.metadata.namespace, 'default')
  assert.match(created.body.metadata.uid, /^[0-9a-f-]{36}$/)
  assert.equal(created.body.metadata.creationTimestamp, '2026-05-01T12:00:00Z')

  const got = await ask('GET', `${AT}/a`)
  assert.equal(got.text, created.text)

  const list = await ask('GET', AT)
  assert.equal(list.body.kind, 'ConfigMapList')
  const { kind: _, apiVersion: __, ...item } = created.body
  assert.deepEqual(list.body.items, [item], 'what they are, the list says for all')

  const updated = await ask('PUT', `${AT}/a`, { ...created.body, data: { x: '2' } })
  assert.equal(updated.status, 200)
  assert.ok(
    Number(updated.body.metadata.resourceVersion) > Number(created.body.metadata.resourceVersion),
  )

  const stale = await ask('PUT', `${AT}/a`, { ...created.body, data: { x: '3' } })
  assert.equal(stale.status, 409)
  assert.equal(
    stale.body.message,
    'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
  )

  const deleted = await ask('DELETE', `${AT}/a`)
  assert.deepEqual(deleted.body, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name: 'a', kind: 'configmaps', uid: created.body.metadata.uid },
  })
  const gone = await ask('GET', `${AT}/a`)
  assert.equal(gone.status, 404)
  assert.equal(gone.body.message, 'configmaps "a" not found')
})

test('an update that changes nothing keeps the revision', async () => {
  const { ask } = await startTestServer()
  const created = await ask('POST', AT, configMap('a', { x: '1' }))
  const same = await ask('PUT', `${AT}/a`, { data: { x: '1' }, ...created.body })
  assert.equal(same.text, created.text)
})

test('a watch tells every change in order, also those before it joined', async () => {
  const { ask, server } = await startTestServer()
  const first = await ask('POST', AT, configMap('a'))
  await ask('POST', AT, configMap('b'))
  const watch = await startWatch(
    server,
    `${AT}?watch=1&resourceVersion=${first.body.metadata.resourceVersion}`,
  )
  await ask('PUT', `${AT}/a`, configMap('a', { x: '1' }))
  await ask('DELETE', `${AT}/b`)
  const events = await watch.take(3)
  assert.deepEqual(
    events.map(({ type, object }) => [type, object.metadata.name]),
    [
      ['ADDED', 'b'],
      ['MODIFIED', 'a'],
      ['DELETED', 'b'],
    ],
  )
  const revisions = events.map(({ object }) => Number(object.metadata.resourceVersion))
  assert.deepEqual(
    revisions,
    revisions.toSorted((a, b) => a - b),
  )
  watch.cancel()
  await server.stop()
})

test('in process the frozen value of the cache itself is handed out', async () => {
  const { ask, server } = await startTestServer()
  await ask('POST', AT, configMap('a'))
  const transport = server.transportFor(admin)
  const [one, two] = await Promise.all(
    [1, 2].map(() => transport.request({ method: 'GET', path: `${AT}/a`, objects: true })),
  )
  assert.ok(one?.body.kind === 'object' && two?.body.kind === 'object')
  assert.equal(one.body.object, two.body.object)
  assert.ok(Object.isFrozen(one.body.object))
})
