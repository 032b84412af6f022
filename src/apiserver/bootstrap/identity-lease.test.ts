/** What a server says of itself, and what is done to that: as seen of kube-apiserver v1.36. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lease } from '#api/coordination/v1/lease.ts'
import { rfc3339Micro } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import type { Store } from '#store'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { startTestServer, TestClock, type TestServer } from '../testing.ts'
import { serverIdOf } from './server-id.ts'

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'
const IDENTITY = { 'apiserver.kubernetes.io/identity': 'kube-apiserver' }
const HERE = { address: '10.0.0.1', port: 6443, hostname: 'vm' }
/** Of the hostname above, from a kube-apiserver on a machine of that name. */
const NAME = 'apiserver-wlv32tlttr4jl3gtroqexyxapa'
const MERGE = { headers: { 'content-type': 'application/merge-patch+json' } }
const LONGEST_PAUSE_MS = 10_400
const HOUR_MS = 3_600_000

type Options = NonNullable<Parameters<typeof startTestServer>[0]>

async function startHere(
  options: Options & { clock?: TestClock } = {},
  at: Parameters<TestServer['server']['advertise']>[0] = HERE,
): Promise<TestServer> {
  const { clock = new TestClock() } = options
  const cluster = { ...(await startTestServer({ ...options, clock })), clock }
  await cluster.server.advertise(at)
  return cluster
}

const settled = async () => {
  for (let turn = 0; turn < 200; turn++) await new Promise(resolve => setImmediate(resolve))
}

async function pass({ clock }: TestServer, milliseconds: number): Promise<void> {
  clock.advance(milliseconds)
  await settled()
}

async function leaseOf({ ask }: TestServer, name = NAME): Promise<Lease | undefined> {
  const { status, body } = await ask('GET', `${LEASES}/${name}`)
  return status === 200 ? body : undefined
}

async function namesOf({ ask }: TestServer): Promise<string[]> {
  const { body } = await ask('GET', LEASES)
  return body.items.map(({ metadata }: Lease) => metadata.name)
}

test('the name is made of the host’s', () => {
  assert.equal(serverIdOf('vm'), NAME)
  assert.notEqual(serverIdOf('VM'), NAME)
})

test('a name that no label can be is told as far as it can', async () => {
  for (const [hostname, label] of [
    ['a'.repeat(64), 'a'.repeat(63)],
    [`${'a'.repeat(62)}-b`, 'a'.repeat(62)],
    ['my machine_', 'my_machine'],
  ] as const) {
    const cluster = await startHere({}, { ...HERE, hostname })
    await pass(cluster, 200)
    const lease = await leaseOf(cluster, serverIdOf(hostname))
    assert.equal(lease?.metadata.labels?.['kubernetes.io/hostname'], label)
  }
})

test('a server that listens says who it is, a moment after its start', async () => {
  const cluster = await startHere()
  await settled()
  assert.equal(await leaseOf(cluster), undefined)
  await pass(cluster, 200)
  const lease = await leaseOf(cluster)
  assert.deepEqual(lease?.metadata.labels, { ...IDENTITY, 'kubernetes.io/hostname': 'vm' })
  const annotations = { 'kubernetes.io/peer-advertise-address': '10.0.0.1:6443' }
  assert.deepEqual(lease?.metadata.annotations, annotations)
  const { holderIdentity = '', ...spec } = lease?.spec ?? {}
  assert.match(holderIdentity, new RegExp(`^${NAME}_[0-9a-f-]{36}$`))
  const renewTime = '2026-05-01T12:00:00.200000Z'
  assert.deepEqual(spec, { leaseDurationSeconds: 3600, renewTime })
  const [owner, ...others] = lease?.metadata.managedFields ?? []
  assert.deepEqual([owner?.manager, owner?.operation, others], ['kube-apiserver', 'Update', []])
  assert.deepEqual(owner?.fieldsV1, {
    'f:metadata': {
      'f:annotations': { '.': {}, 'f:kubernetes.io/peer-advertise-address': {} },
      'f:labels': {
        '.': {},
        'f:apiserver.kubernetes.io/identity': {},
        'f:kubernetes.io/hostname': {},
      },
    },
    'f:spec': { 'f:holderIdentity': {}, 'f:leaseDurationSeconds': {}, 'f:renewTime': {} },
  })

  const before = cluster.clock.now()
  await pass(cluster, 9_999)
  assert.equal((await leaseOf(cluster))?.spec.renewTime, renewTime)
  await pass(cluster, LONGEST_PAUSE_MS - 9_999)
  const { renewTime: renewed = '' } = (await leaseOf(cluster))?.spec ?? {}
  assert.ok(Date.parse(renewed) >= before + 10_000, renewed)
  await cluster.server.stop()
  assert.deepEqual(await namesOf(cluster), [])
})

test('without a host’s name, or with the gate off, nobody says anything', async () => {
  const { hostname: _, ...nameless } = HERE
  const gates = ['APIServerIdentity', 'UnknownVersionInteroperabilityProxy']
  const featureGates = new Map(gates.map(gate => [gate, false]))
  for (const cluster of [await startHere({}, nameless), await startHere({ featureGates })]) {
    await cluster.ask('POST', LEASES, { metadata: { name: 'left', labels: IDENTITY }, spec: {} })
    await pass(cluster, 1_000)
    assert.deepEqual(await namesOf(cluster), ['left'])
    await cluster.server.stop()
  }
})

test('with the gate of proxies between servers off, it does not say where it is reached', async () => {
  const featureGates = new Map([['UnknownVersionInteroperabilityProxy', false]])
  const cluster = await startHere({ featureGates })
  await pass(cluster, 200)
  const { labels, annotations } = (await leaseOf(cluster))?.metadata ?? {}
  assert.deepEqual([Object.keys(labels ?? {}).length, annotations], [2, undefined])
  await cluster.server.stop()
})

test('what somebody changes is set right with the next renewal, but for the holder', async () => {
  const cluster = await startHere()
  await pass(cluster, 200)
  const made = await leaseOf(cluster)
  const labels = { ...IDENTITY, 'apiserver.kubernetes.io/identity': 'other', mine: 'yes' }
  const patch = {
    metadata: { labels: { ...labels, 'kubernetes.io/hostname': null }, annotations: null },
    spec: { holderIdentity: 'me', leaseDurationSeconds: 1, renewTime: null, leaseTransitions: 3 },
  }
  assert.equal((await cluster.ask('PATCH', `${LEASES}/${NAME}`, patch, MERGE)).status, 200)
  await pass(cluster, LONGEST_PAUSE_MS)
  const lease = await leaseOf(cluster)
  assert.equal(lease?.metadata.uid, made?.metadata.uid)
  assert.deepEqual(lease?.metadata.labels, {
    ...IDENTITY,
    mine: 'yes',
    'kubernetes.io/hostname': 'vm',
  })
  assert.deepEqual(lease?.metadata.annotations, made?.metadata.annotations)
  assert.deepEqual(lease?.spec, {
    holderIdentity: 'me',
    leaseDurationSeconds: 3600,
    renewTime: rfc3339Micro(cluster.clock.now()),
    leaseTransitions: 3,
  })
  await cluster.server.stop()
})

test('what somebody deletes is made again with the next renewal, by the same holder', async () => {
  const cluster = await startHere()
  await pass(cluster, 200)
  const made = await leaseOf(cluster)
  await cluster.ask('DELETE', `${LEASES}/${NAME}`)
  await pass(cluster, 9_999)
  assert.equal(await leaseOf(cluster), undefined)
  await pass(cluster, LONGEST_PAUSE_MS - 9_999)
  const again = await leaseOf(cluster)
  assert.notEqual(again?.metadata.uid, made?.metadata.uid)
  assert.equal(again?.spec.holderIdentity, made?.spec.holderIdentity)
  await cluster.server.stop()
})

test('servers of one host have one lease, which the last that started made, and of two hosts two', async () => {
  const store = createMemoryStore()
  const clock = new TestClock()
  const one = await startHere({ store, clock })
  await pass(one, 200)
  const first = await leaseOf(one)
  const two = await startHere({ store, clock }, { ...HERE, port: 6444 })
  await pass(one, 200)
  const second = await leaseOf(one)
  assert.notEqual(second?.metadata.uid, first?.metadata.uid)
  assert.notEqual(second?.spec.holderIdentity, first?.spec.holderIdentity)
  for (let pauses = 0; pauses < 3; pauses++) await pass(one, LONGEST_PAUSE_MS)
  const kept = await leaseOf(one)
  assert.equal(kept?.metadata.uid, second?.metadata.uid)
  assert.equal(kept?.spec.holderIdentity, second?.spec.holderIdentity)

  const three = await startHere({ store, clock }, { ...HERE, hostname: 'elsewhere' })
  await pass(one, 200)
  const both = [NAME, serverIdOf('elsewhere')].toSorted()
  assert.deepEqual(await namesOf(one), both)
  // The one takes the lease of both away, and the other makes it again.
  await two.server.stop()
  assert.deepEqual(await namesOf(one), [serverIdOf('elsewhere')])
  await pass(one, LONGEST_PAUSE_MS)
  assert.deepEqual(await namesOf(one), both)
  assert.equal((await leaseOf(one))?.spec.holderIdentity, first?.spec.holderIdentity)
  await three.server.stop()
  await one.server.stop()
})

test('leases of servers that are gone are removed at a start, and each hour', async () => {
  const store = createMemoryStore()
  const before = await startTestServer({ store })
  const renewTime = rfc3339Micro(before.clock.now())
  const past = rfc3339Micro(before.clock.now() - 60_000)
  const lease = (name: string, labels: object, spec: object, namespace = 'kube-system') =>
    before.ask('POST', LEASES.replace('kube-system', namespace), {
      metadata: { name, labels },
      spec,
    })
  const expired = { leaseDurationSeconds: 59, renewTime: past }
  await lease('expired', IDENTITY, expired)
  await lease('expired-of-others', { ...IDENTITY, [Object.keys(IDENTITY)[0] ?? '']: 'x' }, expired)
  await lease('expired-of-nobody', {}, expired)
  await lease('elsewhere', IDENTITY, expired, 'default')
  await lease('empty', IDENTITY, {})
  await lease('no-duration', IDENTITY, { renewTime })
  await lease('no-time', IDENTITY, { leaseDurationSeconds: 3600 })
  await lease('soon', IDENTITY, { leaseDurationSeconds: 30, renewTime })
  await lease('later', IDENTITY, { leaseDurationSeconds: 5000, renewTime })
  // What a server left here that was killed.
  await lease(NAME, IDENTITY, { holderIdentity: 'gone', leaseDurationSeconds: 3600, renewTime })
  await before.server.stop()

  const cluster = await startHere({ store })
  await pass(cluster, 200)
  const others = ['expired-of-nobody', 'expired-of-others', 'later']
  assert.deepEqual(await namesOf(cluster), [NAME, ...others, 'soon'])
  assert.notEqual((await leaseOf(cluster))?.spec.holderIdentity, 'gone')
  const { body } = await cluster.ask('GET', `${LEASES.replace('kube-system', 'default')}/elsewhere`)
  assert.equal(body.metadata.name, 'elsewhere')
  for (let pauses = 0; pauses < 5; pauses++) await pass(cluster, LONGEST_PAUSE_MS)
  assert.deepEqual(await namesOf(cluster), [NAME, ...others, 'soon'])
  await pass(cluster, HOUR_MS)
  assert.deepEqual(await namesOf(cluster), [NAME, ...others])
  await pass(cluster, HOUR_MS)
  assert.deepEqual(await namesOf(cluster), [NAME, ...others.slice(0, 2)])
  await cluster.server.stop()
})

test('a store that refuses is told of and tried again, and holds up neither start nor end', async () => {
  const memory = createMemoryStore()
  const state = { refuses: true, tries: 0 }
  const commit: Store['commit'] = async (writes, ...rest) => {
    const isLease = writes.some(({ key }) => key.includes('/leases/'))
    if (isLease) state.tries++
    if (isLease && state.refuses) throw new Error('planted')
    return memory.commit(writes, ...rest)
  }
  const store = Object.assign(Object.create(memory), { commit }) as Store
  const warnings: string[] = []
  const warn = (text: string) => void warnings.push(text)
  const cluster = await startHere({ store, log: { ...silentLog, warn } })
  for (const [milliseconds, tries] of [
    [200, 1],
    [399, 1],
    [1, 2],
    [799, 2],
    [1, 3],
    [1_600, 4],
    [3_200, 5],
    [6_400, 6],
    [6_999, 6],
    [1, 7],
    [7_000, 8],
  ] as const) {
    await pass(cluster, milliseconds)
    assert.equal(state.tries, tries)
  }
  assert.deepEqual(
    new Set(warnings),
    new Set(['who this server is could not be told in its lease']),
  )
  state.refuses = false
  await pass(cluster, 7_000)
  assert.notEqual(await leaseOf(cluster), undefined)
  state.refuses = true
  await cluster.server.stop()
  assert.equal(warnings.at(-1), `the lease ${NAME} of an API server stays for now`)
})
