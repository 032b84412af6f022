/** Devices on a whole cluster: a pod goes where its device is, its claim holds it, and the next one waits until it is free. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import { deviceClass } from '#api/resource/v1/device-class.ts'
import { resourceClaim } from '#api/resource/v1/resource-claim.ts'
import { resourceSlice } from '#api/resource/v1/resource-slice.ts'
import { type Cluster, startCluster } from '#index'
import { nodesReady, until } from './hollow-workloads.ts'

const DRIVER = 'gpu.example.com'
const namespace = 'default'
let cluster: Cluster
before(async () => {
  cluster = await startCluster({ nodes: { kind: 'hollow', count: 3 } })
  await nodesReady(cluster, 3)
})
after(() => cluster.stop())

const claim = (name: string) =>
  cluster.client.create(resourceClaim, {
    metadata: { name, namespace },
    spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } },
  } as never)
const run = (name: string, resourceClaimName: string) =>
  cluster.client.create(pod, {
    metadata: { name, namespace },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'nginx', resources: { claims: [{ name: 'gpu' }] } }],
      resourceClaims: [{ name: 'gpu', resourceClaimName }],
    },
  } as never)
const placed = (name: string) =>
  until(`${name} to be placed`, async () => {
    const found = await cluster.client.get(pod, name, namespace)
    return found.spec.nodeName
  })

test('the only device goes to one pod after the other', async () => {
  const { client } = cluster
  const target = [...cluster.nodeNames].sort()[1] ?? ''
  await client.create(deviceClass, {
    metadata: { name: 'gpu' },
    spec: { selectors: [{ cel: { expression: `device.driver == "${DRIVER}"` } }] },
  } as never)
  await client.create(resourceSlice, {
    metadata: { name: 'slice' },
    spec: {
      driver: DRIVER,
      nodeName: target,
      pool: { name: target, generation: 1, resourceSliceCount: 1 },
      devices: [{ name: 'gpu-0' }],
    },
  } as never)
  await claim('first')
  await run('first', 'first')
  assert.equal(await placed('first'), target)
  const held = await client.get(resourceClaim, 'first', namespace)
  assert.deepEqual(held.status.allocation?.devices.results, [
    { request: 'gpu', driver: DRIVER, pool: target, device: 'gpu-0' },
  ])
  const user = await client.get(pod, 'first', namespace)
  assert.deepEqual(held.status.reservedFor, [
    { resource: 'pods', name: 'first', uid: user.metadata.uid },
  ])
  await claim('second')
  await run('second', 'second')
  const refusal = await until('a refusal', async () => {
    const found = await client.get(pod, 'second', namespace)
    return found.status.conditions?.find(({ type }) => type === 'PodScheduled')?.message
  })
  assert.match(refusal, /^0\/3 nodes are available: 3 cannot allocate all claims\./)
  await client.delete(pod, { name: 'first', namespace })
  await client.delete(resourceClaim, { name: 'first', namespace })
  assert.equal(await placed('second'), target)
})
