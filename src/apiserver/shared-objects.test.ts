import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lease } from '#api/coordination/v1/lease.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { node } from '#api/core/v1/node.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { serviceAccount } from '#api/core/v1/service-account.ts'
import { silentLog } from '#base/log.ts'
import { createClient } from '#client/api-client.ts'
import { createInformers } from '#client/informers.ts'
import { admin, startTestServer, testRandom } from './testing.ts'

test('in process nobody has copies: gets, lists, watches and informers share one frozen object', async () => {
  const { server, clock } = await startTestServer()
  const client = createClient(server.transportFor(admin))
  const name = { name: 'shared', namespace: 'default' }
  await client.create(configMap, { metadata: name, data: { a: '1' } })

  const context = { clock, random: testRandom(), log: silentLog }
  const rooms = [createInformers(client, context), createInformers(client, context)]
  const informers = rooms.map(each => each.for(configMap))
  await Promise.all(informers.map(each => each.synced))
  const listed = async () =>
    (await client.list(configMap, { namespace: 'default' })).items.find(
      each => each.metadata.name === 'shared',
    )
  const views = async () => [
    await client.get(configMap, 'shared', 'default'),
    await listed(),
    ...informers.map(each => each.get('default/shared')),
  ]

  const changed = Promise.all(
    informers.map(
      each => new Promise(resolve => each.subscribe({ changed: (_, old) => old && resolve(old) })),
    ),
  )
  const first = await views()
  assert.equal(first[0]?.data?.a, '1')
  assert.equal(new Set(first).size, 1, 'as listed')

  await client.patch(configMap, name, 'merge', { data: { a: '2' } })
  await changed
  const second = await views()
  assert.equal(second[0]?.data?.a, '2')
  assert.equal(new Set(second).size, 1, 'as watched')
  assert.ok(Object.isFrozen(second[0]) && Object.isFrozen(second[0]?.data))
  for (const each of rooms) each.stop()
  await server.stop()
})

test('a status written in process over the object that was read keeps the very rest of it', async () => {
  const { server } = await startTestServer()
  const client = createClient(server.transportFor(admin))
  const spec = { podCIDR: '10.1.0.0/24' }
  const read = await client.create(node, { metadata: { name: 'n1', labels: { a: '1' } }, spec })
  const write = (over: typeof read, message: string) =>
    client.update(
      node,
      { ...over, status: { ...over.status, conditions: [{ ...READY, message }] } },
      { subresource: 'status' },
    )

  const first = await write(read, 'first')
  assert.equal(first.spec, read.spec)
  assert.equal(first.metadata.labels, read.metadata.labels)
  assert.equal(first.status.conditions?.[0]?.message, 'first')
  assert.deepEqual(
    first.metadata.managedFields?.map(({ subresource }) => subresource),
    [undefined, 'status'],
    'the writer owns what it wrote',
  )

  // Whatever is not the server's own is read as from anybody: checked, and not part of a status.
  const other = { ...first, spec: { podCIDR: '10.2.0.0/24' } }
  const second = await write(other, 'second')
  assert.deepEqual(second.spec, first.spec)
  await assert.rejects(
    write({ ...second, spec: { podCIDR: 1 } } as never, 'third'),
    /BadRequest|cannot be handled/,
  )
  await assert.rejects(write(second, 3 as never), /cannot be handled/)
  await assert.rejects(write(first, 'late'), /has been modified/)
  assert.equal((await write(second, 'fourth')).status.conditions?.[0]?.message, 'fourth')
  await server.stop()
})

test('an object written in process with the metadata that were read shares of them what stays', async () => {
  const { server } = await startTestServer()
  const client = createClient(server.transportFor(admin))
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' }]
  const metadata = { name: 'l', namespace: 'default', labels: { a: '1' }, ownerReferences }
  const spec = { holderIdentity: 'n', leaseDurationSeconds: 40 }
  const read = await client.create(lease, { metadata, spec })
  const first = await client.update(lease, { ...read, spec: { ...spec, holderIdentity: 'm' } })
  assert.equal(first.metadata.ownerReferences, read.metadata.ownerReferences)
  assert.deepEqual(first.metadata.labels, { a: '1' })
  assert.equal(first.metadata.uid, read.metadata.uid)
  assert.notEqual(first.metadata.resourceVersion, read.metadata.resourceVersion)
  assert.equal(first.spec.holderIdentity, 'm')
  assert.equal(read.spec.holderIdentity, 'n')

  // What is only like the server's own is read as from anybody.
  const labels = { a: '2' }
  const second = await client.update(lease, { ...first, metadata: { ...first.metadata, labels } })
  assert.deepEqual(second.metadata.labels, labels)
  await assert.rejects(client.update(lease, first), /has been modified/)
  await assert.rejects(client.update(lease, { ...second, spec: 1 } as never), /cannot be handled/)
  await assert.rejects(
    client.update(lease, { ...second, metadata: { ...second.metadata, labels: { a: '*' } } }),
    /metadata.labels/,
  )
  await server.stop()
})

test('a patch of a status keeps the very rest of the object, and nothing else that it names', async () => {
  const { server } = await startTestServer()
  const client = createClient(server.transportFor(admin))
  const spec = { podCIDR: '10.1.0.0/24' }
  const read = await client.create(node, { metadata: { name: 'n1', labels: { a: '1' } }, spec })
  const at = { name: 'n1' }
  const patch = (type: 'strategic' | 'merge', body: object) =>
    client.patch(node, at, type, body, { subresource: 'status' })
  const conditions = (message: string) => ({ conditions: [{ ...READY, message }] })

  const first = await patch('strategic', { status: conditions('first') })
  assert.equal(first.spec, read.spec)
  assert.equal(first.status.conditions?.[0]?.message, 'first')
  const second = await patch('merge', { metadata: { labels: { b: '2' } }, status: { phase: 'X' } })
  assert.equal(second.spec, read.spec)
  assert.deepEqual(second.status.conditions, first.status.conditions)
  const other = { spec: { podCIDR: '10.2.0.0/24' }, status: conditions('third') }
  const third = await patch('strategic', other)
  assert.deepEqual(third.spec, read.spec)
  assert.equal(third.status.conditions?.[0]?.message, 'third')
  await assert.rejects(patch('merge', { spec: { podCIDR: 1 } }), /is invalid: patch/)
  await assert.rejects(patch('merge', { status: { conditions: 3 } }), /is invalid: patch/)
  const gone = await patch('merge', { status: null })
  assert.equal(gone.status.conditions, undefined)
  await server.stop()
})

test('a pod that is bound or told to go shares what stays with the pod of before', async () => {
  const { server } = await startTestServer()
  const client = createClient(server.transportFor(admin))
  const at = { name: 'p', namespace: 'default' }
  await client.create(serviceAccount, { metadata: { name: 'default', namespace: 'default' } })
  const containers = [{ name: 'web', image: 'web' }]
  const made = await client.create(pod, { metadata: at, spec: { containers } } as never)
  const target = { apiVersion: 'v1', kind: 'Node', name: 'n1' }
  const body = { apiVersion: 'v1', kind: 'Binding', metadata: at, target }
  await client.createSubresource(pod, at, 'binding', body)
  const bound = await client.get(pod, 'p', 'default')
  assert.equal(bound.spec.nodeName, 'n1')
  assert.equal(bound.spec.containers, made.spec.containers)
  assert.equal(made.spec.nodeName, undefined)
  await client.delete(pod, at)
  const going = await client.get(pod, 'p', 'default')
  assert.ok(going.metadata.deletionTimestamp)
  assert.equal(going.spec, bound.spec)
  assert.equal(bound.metadata.deletionTimestamp, undefined)
  await server.stop()
})

const READY = { type: 'Ready', status: 'True' }
