import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Store, StoreUnavailableError } from '#store'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { startTestServer, type TestServer } from '../testing.ts'

/** As a store that several servers write to; `state.isAway` makes it one that cannot be asked. */
function sharedStore() {
  const state = { isAway: false }
  const store = createMemoryStore()
  const ask = async () => {
    if (state.isAway) throw new StoreUnavailableError('etcd did not answer: planted')
    return store.revision
  }
  const shared = { readIndex: ask, check: async () => void (await ask()), onCompared() {} }
  return { state, store: Object.assign(Object.create(store), { shared }) as Store }
}

const settled = async () => {
  for (let turn = 0; turn < 200; turn++) await new Promise(resolve => setImmediate(resolve))
}

async function addressesOf({ ask }: TestServer): Promise<string[][]> {
  const { body: endpoints } = await ask('GET', '/api/v1/namespaces/default/endpoints/kubernetes')
  const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes'
  const { body: slice } = await ask('GET', path)
  return [
    (endpoints.subsets ?? []).flatMap((subset: { addresses: { ip: string }[] }) =>
      subset.addresses.map(({ ip }) => ip),
    ),
    (slice.endpoints ?? []).flatMap((endpoint: { addresses: string[] }) => endpoint.addresses),
  ]
}

test('the endpoints of the API are all servers of the store, and one that stops leaves them', async () => {
  const { store } = sharedStore()
  const one = await startTestServer({ store })
  const other = await startTestServer({ store })
  await one.server.advertise({ address: '10.0.0.1', port: 6443 })
  assert.deepEqual(await addressesOf(other), [['10.0.0.1'], ['10.0.0.1']])
  await other.server.advertise({ address: '10.0.0.2', port: 6443 })
  const both = ['10.0.0.1', '10.0.0.2']
  assert.deepEqual(await addressesOf(one), [both, both])

  // A server of another kind came, and its key went without a word.
  const key = '/registry/masterleases/10.0.0.3'
  await store.commit([{ key, value: new Uint8Array([1]) }])
  one.clock.advance(10_000)
  await settled()
  assert.deepEqual(await addressesOf(other), [
    [...both, '10.0.0.3'],
    [...both, '10.0.0.3'],
  ])
  await store.commit([{ key, value: null }])
  one.clock.advance(10_000)
  await settled()
  assert.deepEqual(await addressesOf(other), [both, both])

  await one.server.stop()
  assert.deepEqual(await addressesOf(other), [['10.0.0.2'], ['10.0.0.2']])
  other.clock.advance(10_000)
  await settled()
  assert.deepEqual(await addressesOf(other), [['10.0.0.2'], ['10.0.0.2']])
  await other.server.stop()
})

test('a shared store that cannot be asked answers 503, but to those who take what may be old', async () => {
  const { state, store } = sharedStore()
  const { server, ask } = await startTestServer({ store })
  const path = '/api/v1/namespaces/default/configmaps'
  const made = await ask('POST', path, { metadata: { name: 'a' } })
  assert.equal(made.status, 201)
  state.isAway = true
  for (const answer of [await ask('GET', `${path}/a`), await ask('GET', path)]) {
    assert.deepEqual([answer.status, answer.body.reason], [503, 'ServiceUnavailable'])
    assert.equal(answer.headers['retry-after'], '1')
  }
  for (const query of [
    '?resourceVersion=0',
    `?resourceVersion=${made.body.metadata.resourceVersion}`,
  ]) {
    assert.equal((await ask('GET', `${path}/a${query}`)).status, 200)
    assert.equal((await ask('GET', `${path}${query}`)).body.items.length, 1)
  }
  assert.equal((await ask('GET', '/readyz')).status, 500)
  assert.equal((await ask('GET', '/livez')).status, 500)
  assert.equal((await ask('GET', '/readyz?exclude=etcd&exclude=etcd-readiness')).status, 200)
  state.isAway = false
  assert.equal((await ask('GET', `${path}/a`)).status, 200)
  assert.equal((await ask('GET', '/readyz')).status, 200)
  await server.stop()
})

test('without a network a server is found by nobody, and what was told of it before is taken back', async () => {
  const cluster = await startTestServer()
  await cluster.server.advertise({ address: '10.0.0.1', port: 6443 })
  await cluster.server.advertise({ address: undefined, port: 6444, hostname: 'vm' })
  assert.deepEqual(await addressesOf(cluster), [[], []])
  const { status } = await cluster.ask('GET', '/api/v1/namespaces/default/services/kubernetes')
  assert.equal(status, 200)
  await cluster.server.stop()
})

test('a server is found under an address of IPv6, too, also where it had another before', async () => {
  const cluster = await startTestServer()
  await cluster.server.advertise({ address: '10.0.0.1', port: 6443 })
  await cluster.server.advertise({ address: 'fd00::1', port: 6443 })
  assert.deepEqual(await addressesOf(cluster), [['fd00::1'], ['fd00::1']])
  const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes'
  assert.equal((await cluster.ask('GET', path)).body.addressType, 'IPv6')
  await cluster.server.stop()
})
