/** Quotas on a whole cluster: what is used is counted, freed again, and never exceeded, however many ask at a time. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { resourceQuota } from '#api/core/v1/resource-quota.ts'
import { secret } from '#api/core/v1/secret.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type Cluster, startCluster } from '#index'
import { until } from './hollow-workloads.ts'

const CLIENTS = 50
const LIMIT = 20
const RACE_MS = 4_000
let cluster: Cluster
before(async () => {
  cluster = await startCluster({ nodes: { kind: 'hollow', count: 1 } })
})
after(() => cluster.stop())

async function limit(name: string, hard: Record<string, string>): Promise<void> {
  await cluster.client.create(resourceQuota, {
    metadata: { name, namespace: 'default' },
    spec: { hard },
  } as never)
  await until('the quota to be counted', async () => (await usedOf(name)) !== undefined)
}
const usedOf = async (name: string) =>
  (await cluster.client.get(resourceQuota, name, 'default')).status.used

test('pods are counted while they live, and freed when they are gone', async () => {
  await limit('pods', { pods: '2', 'requests.cpu': '1' })
  const resources = { requests: { cpu: '400m' }, limits: { cpu: '400m' } }
  const create = (name: string) =>
    cluster.client.create(pod, {
      metadata: { name, namespace: 'default' },
      spec: { containers: [{ name: 'main', image: 'nginx', resources }] },
    } as never)
  await create('a')
  await create('b')
  assert.deepEqual(await usedOf('pods'), { pods: '2', 'requests.cpu': '800m' })
  await assert.rejects(create('c'), /exceeded quota: pods, requested: pods=1,requests.cpu=400m/)
  await cluster.client.delete(pod, { name: 'a', namespace: 'default' })
  await until('the room to be free', () =>
    create('c').then(
      () => true,
      () => false,
    ),
  )
  assert.deepEqual(await usedOf('pods'), { pods: '2', 'requests.cpu': '800m' })
  await cluster.client.delete(resourceQuota, { name: 'pods', namespace: 'default' })
})

test(`${CLIENTS} clients that make and delete never get beyond a quota`, async () => {
  const before = (await cluster.client.list(secret, { namespace: 'default' })).items.length
  await limit('secrets', { 'count/secrets': `${before + LIMIT}` })
  const endMs = performance.now() + RACE_MS
  let [made, refused, most] = [0, 0, 0]
  const client = async (number: number) => {
    for (let turn = 0; performance.now() < endMs; turn++) {
      const at = { name: `s-${number}-${turn}`, namespace: 'default' }
      try {
        await cluster.client.create(secret, { metadata: at } as never)
        made++
        const { items } = await cluster.client.list(secret, { namespace: 'default' })
        most = Math.max(most, items.length)
        if (number % 2 === 0) await new Promise(resolve => setTimeout(resolve, number))
        await cluster.client.delete(secret, at)
      } catch (error) {
        if (!isStatus(error, 'Forbidden', 'Conflict')) throw error
        refused++
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)))
  assert.ok(most <= before + LIMIT, `${most} of ${before + LIMIT}`)
  assert.ok(made > LIMIT && refused > 0, `${made} made, ${refused} refused`)
  await until(
    'all to be given back',
    async () => (await usedOf('secrets'))?.['count/secrets'] === `${before}`,
  )
})
