/** Quotas on a whole cluster: what is used is counted, freed again, and never exceeded, however many ask at a time. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { resourceQuota } from '#api/core/v1/resource-quota.ts'
import { secret } from '#api/core/v1/secret.ts'
import { isStatus } from '#api/machinery/status.ts'
import { deviceClass } from '#api/resource/v1/device-class.ts'
import { resourceClaim } from '#api/resource/v1/resource-claim.ts'
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

test('devices count the same, asked for by claim or as an extended resource', async () => {
  const { client } = cluster
  const [byResource, byClass] = [
    'requests.example.com/gpu',
    'gpu.deviceclass.resource.k8s.io/devices',
  ]
  const used = async (resource: number, devices: number) =>
    until(`${resource} and ${devices} to be used`, async () => {
      const found = (await usedOf('devices')) ?? {}
      return found[byResource] === `${resource}` && found[byClass] === `${devices}`
    })
  const gpu = { metadata: { name: 'gpu' }, spec: { extendedResourceName: 'example.com/gpu' } }
  await client.create(deviceClass, gpu as never)
  await limit('devices', { [byResource]: '3', [byClass]: '2' })
  const claim = (name: string, count: number, more: object = {}) =>
    client.create(resourceClaim, {
      metadata: { name, namespace: 'default', ...more },
      spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu', count } }] } },
    } as never)
  await claim('own', 1)
  await used(1, 1)
  const { metadata } = await client.create(pod, {
    metadata: { name: 'asks', namespace: 'default' },
    spec: {
      schedulerName: 'nobody',
      containers: [
        { name: 'main', image: 'web:1', resources: { limits: { 'example.com/gpu': '1' } } },
      ],
    },
  } as never)
  await used(2, 1)
  await assert.rejects(
    claim('large', 2),
    /exceeded quota: devices, requested: gpu\.deviceclass\.resource\.k8s\.io\/devices=2,requests\.example\.com\/gpu=2, used: gpu\.deviceclass\.resource\.k8s\.io\/devices=1,requests\.example\.com\/gpu=2, limited: gpu\.deviceclass\.resource\.k8s\.io\/devices=2,requests\.example\.com\/gpu=3/,
  )
  // What is made for the pod takes devices, and no more of the resource, for which the pod counts.
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'asks', uid: metadata.uid, controller: true }
  const annotations = { 'resource.kubernetes.io/extended-resource-claim': 'true' }
  await claim('for-pod', 1, { annotations, ownerReferences: [owner] })
  await used(2, 2)
  await client.delete(resourceClaim, { name: 'own', namespace: 'default' })
  await used(1, 1)
  // Once the pod says that its claim is another, this one counts for itself; nothing else has changed.
  const extendedResourceClaimStatus = {
    resourceClaimName: 'another',
    requestMappings: [
      {
        containerName: 'main',
        resourceName: 'example.com/gpu',
        requestName: 'container-0-request-0',
      },
    ],
  }
  await client.patch(
    pod,
    { name: 'asks', namespace: 'default' },
    'merge',
    { status: { extendedResourceClaimStatus } },
    { subresource: 'status' },
  )
  await used(2, 1)
  await client.delete(resourceQuota, { name: 'devices', namespace: 'default' })
})
