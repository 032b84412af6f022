import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '#base/clock.ts'
import { systemClock } from '#host/clock.ts'
import { CommitFailedError, type Store } from '#store'
import { createMemoryStore } from '#store/memory/memory-store.ts'
import { startTestServer, type TestServer } from '../testing.ts'
import { RETRY_MS } from './bootstrap.ts'

const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses'
const CLASSES = '/apis/scheduling.k8s.io/v1/priorityclasses'
const SERVICES = '/api/v1/namespaces/default/services'

const namesOf = async ({ ask }: TestServer, path: string): Promise<string[]> =>
  (await ask('GET', path)).body.items.map(
    (item: { metadata: { name: string } }) => item.metadata.name,
  )

/** Addresses follow a few turns after the services. */
async function addressesAre(cluster: TestServer, expected: string[]): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (`${await namesOf(cluster, ADDRESSES)}` === `${expected}`) return
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.deepEqual(await namesOf(cluster, ADDRESSES), expected)
}

test('the classes of the system are there, and stay', async () => {
  const cluster = await startTestServer()
  assert.deepEqual(await namesOf(cluster, CLASSES), [
    'system-cluster-critical',
    'system-node-critical',
  ])
  const path = `${CLASSES}/system-node-critical`
  const { body } = await cluster.ask('GET', path)
  assert.equal(body.value, 2000001000)
  assert.equal(body.metadata.generation, 1)
  const refusal = await cluster.ask('DELETE', path)
  assert.equal(refusal.status, 403)
  assert.match(refusal.body.message, /this is a system priority class and cannot be deleted$/)
  await cluster.server.stop()
})

test('writes of a start that the store does not answer, made or not, are tried again, but not without end', async () => {
  // Nothing is waited for but the next attempt.
  const clock: Clock = {
    ...systemClock,
    after(delayMs, callback) {
      if (delayMs === RETRY_MS) setImmediate(callback)
      return () => {}
    },
  }
  for (const failures of [2, 1000]) {
    const good = createMemoryStore()
    let tries = 0
    const store: Store = Object.create(good, {
      commit: {
        async value(changes: Parameters<Store['commit']>[0]) {
          if (tries++ >= failures) return good.commit(changes)
          if (tries % 2 === 0) await good.commit(changes)
          throw new CommitFailedError('etcd did not answer', 'Unavailable')
        },
      },
    })
    const starting = startTestServer({ store, clock })
    if (failures > 2) {
      await assert.rejects(starting, /etcd did not answer/)
      continue
    }
    const cluster = await starting
    assert.equal((await namesOf(cluster, CLASSES)).length, 2)
    await cluster.server.stop()
  }
})

test('the range of services is there, and ready', async () => {
  const cluster = await startTestServer({ serviceClusterIpRange: '10.9.0.0/24' })
  const path = '/apis/networking.k8s.io/v1/servicecidrs/kubernetes'
  const { body } = await cluster.ask('GET', path)
  assert.deepEqual(body.spec, { cidrs: ['10.9.0.0/24'] })
  const [{ type, status }] = body.status.conditions
  assert.deepEqual([type, status], ['Ready', 'True'])
  await cluster.server.stop()
})

test('a cluster that gets a second range gives addresses of both, and its ServiceCIDR shows it', async () => {
  const store = createMemoryStore()
  const path = '/apis/networking.k8s.io/v1/servicecidrs/kubernetes'
  const startWith = async (serviceClusterIpRange: string) => {
    const cluster = await startTestServer({ store, serviceClusterIpRange })
    const { body } = await cluster.ask('GET', path)
    return { cluster, cidrs: body.spec.cidrs }
  }
  const first = await startWith('10.9.0.0/24')
  assert.deepEqual(first.cidrs, ['10.9.0.0/24'])
  const post = (cluster: typeof first.cluster, name: string) =>
    cluster.ask('POST', SERVICES, {
      metadata: { name },
      spec: { ports: [{ port: 80 }], ipFamilyPolicy: 'PreferDualStack' },
    })
  assert.equal((await post(first.cluster, 'single')).body.spec.clusterIPs.length, 1)
  await first.cluster.server.stop()
  const second = await startWith('10.9.0.0/24,fd00:9::/112')
  assert.deepEqual(second.cidrs, ['10.9.0.0/24', 'fd00:9::/112'])
  const { body } = await post(second.cluster, 'both')
  assert.match(body.spec.clusterIPs.join(), /^10\.9\.0\.\d+,fd00:9::\w+$/)
  await second.cluster.server.stop()
  // What is not a second range beside the first stays as it was.
  const other = await startWith('10.8.0.0/24,fd00:8::/112')
  assert.deepEqual(other.cidrs, ['10.9.0.0/24', 'fd00:9::/112'])
  await other.cluster.server.stop()
})

test('each address of a service is noted as long as it has it', async () => {
  const cluster = await startTestServer({ serviceClusterIpRange: '10.9.0.0/24' })
  await addressesAre(cluster, ['10.9.0.1'])
  const spec = { ports: [{ port: 80 }], clusterIP: '10.9.0.7' }
  await cluster.ask('POST', SERVICES, { metadata: { name: 'web' }, spec })
  const headless = { ...spec, clusterIP: 'None' }
  await cluster.ask('POST', SERVICES, { metadata: { name: 'headless' }, spec: headless })
  await addressesAre(cluster, ['10.9.0.1', '10.9.0.7'])
  const { body } = await cluster.ask('GET', `${ADDRESSES}/10.9.0.7`)
  assert.deepEqual(body.spec.parentRef, { resource: 'services', namespace: 'default', name: 'web' })
  assert.deepEqual(body.metadata.labels, {
    'ipaddress.kubernetes.io/ip-family': 'IPv4',
    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
  })
  // What somebody else noted is theirs.
  const foreign = { spec: { parentRef: { resource: 'gateways', name: 'a' } } }
  await cluster.ask('POST', ADDRESSES, { metadata: { name: '10.9.0.200' }, ...foreign })
  await cluster.ask('DELETE', `${SERVICES}/web`)
  await addressesAre(cluster, ['10.9.0.1', '10.9.0.200'])
  await cluster.server.stop()
})

test('what happened while no server ran is made up for', async () => {
  const store = createMemoryStore()
  const first = await startTestServer({ store, serviceClusterIpRange: '10.9.0.0/24' })
  const gone = {
    metadata: {
      name: '10.9.0.9',
      labels: { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' },
    },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'gone' } },
  }
  await addressesAre(first, ['10.9.0.1'])
  await first.ask('POST', ADDRESSES, gone)
  await first.ask('DELETE', `${ADDRESSES}/10.9.0.1`)
  await first.server.stop()
  const second = await startTestServer({ store, serviceClusterIpRange: '10.9.0.0/24' })
  await addressesAre(second, ['10.9.0.1'])
  await second.server.stop()
})

test('an autoscaler is one object in both of its versions', async () => {
  const { ask, server } = await startTestServer()
  const [v1, v2] = ['v1', 'v2'].map(
    version => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`,
  )
  const memory = {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 70 } },
  }
  const spec = {
    scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' },
    maxReplicas: 5,
    metrics: [memory],
  }
  const made = await ask('POST', v2 ?? '', { metadata: { name: 'web' }, spec })
  assert.equal(made.status, 201, made.text)
  const shown = await ask('GET', `${v1}/web`)
  assert.match(
    shown.body.metadata.annotations['autoscaling.alpha.kubernetes.io/metrics'],
    /"targetAverageUtilization":70/,
  )
  const changed = { ...shown.body.spec, targetCPUUtilizationPercentage: 60, maxReplicas: 9 }
  const put = await ask('PUT', `${v1}/web`, { ...shown.body, spec: changed })
  assert.equal(put.status, 200, put.text)
  const { body } = await ask('GET', `${v2}/web`)
  assert.equal(body.spec.maxReplicas, 9)
  assert.deepEqual(
    body.spec.metrics.map((each: typeof memory) => each.resource.name),
    ['memory', 'cpu'],
  )
  assert.equal(body.metadata.annotations, undefined)
  // The rules are those of the stored version, whichever is spoken.
  const wrong = await ask('PUT', `${v1}/web`, {
    ...put.body,
    spec: { ...changed, targetCPUUtilizationPercentage: 0 },
  })
  assert.equal(wrong.status, 422)
  assert.match(wrong.body.message, /spec\.metrics\[1\]\.resource\.target\.averageUtilization/)
  await server.stop()
})

test('a budget is changed only by who saw it', async () => {
  const { ask, server } = await startTestServer()
  const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  const budget = { metadata: { name: 'web' }, spec: { minAvailable: 1 } }
  const made = await ask('POST', path, budget)
  assert.equal((await ask('PUT', `${path}/web`, budget)).status, 422)
  const { metadata } = made.body
  const changed = await ask('PUT', `${path}/web`, { ...budget, metadata, spec: {} })
  assert.equal(changed.status, 200)
  assert.equal(changed.body.metadata.generation, 2)
  await server.stop()
})
