/** A disruption budget on a whole cluster: evictions at a time never leave fewer pods ready than it says. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deployment } from '#api/apps/v1/deployment.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { isStatus } from '#api/machinery/status.ts'
import { podDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { type Cluster, startCluster } from '#index'
import { until } from './hollow-workloads.ts'

const REPLICAS = 6
const MUST_STAY = 4
let cluster: Cluster
before(async () => {
  cluster = await startCluster({ nodes: { kind: 'hollow', count: 2 } })
})
after(() => cluster.stop())

const podsOf = async () =>
  (await cluster.client.list(pod, { namespace: 'default', labelSelector: 'app=web' })).items
const readyOf = (pods: Awaited<ReturnType<typeof podsOf>>) =>
  pods.filter(
    ({ metadata, status }) =>
      !metadata.deletionTimestamp &&
      (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True'),
  )

test('a drain takes all pods away, and never leaves fewer ready than must stay', async () => {
  const labels = { app: 'web' }
  const spec = { containers: [{ name: 'main', image: 'nginx' }], terminationGracePeriodSeconds: 1 }
  await cluster.client.create(deployment, {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec },
    },
  } as never)
  await cluster.client.create(podDisruptionBudget, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { matchLabels: labels }, maxUnavailable: REPLICAS - MUST_STAY },
  } as never)
  const budget = () => cluster.client.get(podDisruptionBudget, 'web', 'default')
  await until('all to be ready and counted', async () => {
    const { disruptionsAllowed, currentHealthy } = (await budget()).status
    return disruptionsAllowed === REPLICAS - MUST_STAY && currentHealthy === REPLICAS
  })
  const { expectedPods, desiredHealthy, conditions = [] } = (await budget()).status
  assert.deepEqual([expectedPods, desiredHealthy], [REPLICAS, MUST_STAY])
  assert.equal(conditions[0]?.reason, 'SufficientPods')

  const drained = (await podsOf()).map(({ metadata }) => metadata.name ?? '')
  let [fewest, refused] = [REPLICAS, 0]
  const evict = async (name: string) => {
    for (;;)
      try {
        const at = { name, namespace: 'default' }
        const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: at }
        await cluster.client.createSubresource(pod, at, 'eviction', body)
        fewest = Math.min(fewest, readyOf(await podsOf()).length)
        return
      } catch (error) {
        if (isStatus(error, 'NotFound')) return
        if (!isStatus(error, 'TooManyRequests')) throw error
        refused++
        await new Promise(resolve => setTimeout(resolve, 20))
      }
  }
  await Promise.all(drained.map(evict))
  assert.ok(fewest >= MUST_STAY, `${fewest} were ready`)
  assert.ok(refused > 0, 'some had to wait')
  await until('the others to be ready', async () => {
    const ready = readyOf(await podsOf()).map(({ metadata }) => metadata.name ?? '')
    return ready.length === REPLICAS && ready.every(name => !drained.includes(name))
  })
})
