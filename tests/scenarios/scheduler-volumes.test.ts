/** Claims that wait for their first pod, on a whole cluster: the pod's node decides which volume is bound, or where one is made. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { persistentVolume } from '#api/core/v1/persistent-volume.ts'
import { persistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { pod } from '#api/core/v1/pod/pod.ts'
import { storageClass } from '#api/storage/v1/storage-class.ts'
import { type Cluster, startCluster } from '#index'
import { nodesReady, until } from './hollow-workloads.ts'

let cluster: Cluster
before(async () => {
  cluster = await startCluster({ nodes: { kind: 'hollow', count: 3 } })
  await nodesReady(cluster, 3)
  const classes = { made: 'proa/local-path', kept: 'kubernetes.io/no-provisioner' }
  for (const [name, provisioner] of Object.entries(classes))
    await cluster.client.create(storageClass, {
      metadata: { name },
      provisioner,
      volumeBindingMode: 'WaitForFirstConsumer',
    } as never)
})
after(() => cluster.stop())

const claim = (name: string, storageClassName: string) =>
  cluster.client.create(persistentVolumeClaim, {
    metadata: { name, namespace: 'default' },
    spec: {
      storageClassName,
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
    },
  } as never)
const run = (name: string, claimName: string) =>
  cluster.client.create(pod, {
    metadata: { name, namespace: 'default' },
    spec: {
      containers: [{ name: 'main', image: 'nginx' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    },
  } as never)
const placed = (name: string) =>
  until(`${name} to be placed`, async () => {
    const found = await cluster.client.get(pod, name, 'default')
    return found.spec.nodeName
  })
const refusal = (name: string) =>
  until(`${name} to be refused`, async () => {
    const found = await cluster.client.get(pod, name, 'default')
    return found.status.conditions?.find(({ type }) => type === 'PodScheduled')?.message
  })

test('a volume is made where the pod goes, before it is bound there', async () => {
  await claim('made', 'made')
  await run('made', 'made')
  const node = await placed('made')
  const bound = await cluster.client.get(persistentVolumeClaim, 'made', 'default')
  assert.equal(bound.status.phase, 'Bound')
  assert.equal(bound.metadata.annotations?.['volume.kubernetes.io/selected-node'], node)
  const volume = await cluster.client.get(persistentVolume, bound.spec.volumeName ?? '')
  assert.match(JSON.stringify(volume.spec.nodeAffinity), new RegExp(`"${node}"`))
})

test('a free volume draws its pod to its node; the next pod waits for one of its own', async () => {
  const target = [...cluster.nodeNames].sort().at(-1) ?? ''
  const volume = (name: string) => ({
    metadata: { name },
    spec: {
      storageClassName: 'kept',
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      local: { path: '/data' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            {
              matchExpressions: [
                { key: 'kubernetes.io/hostname', operator: 'In', values: [target] },
              ],
            },
          ],
        },
      },
    },
  })
  await cluster.client.create(persistentVolume, volume('first') as never)
  await until('the volume to be free', async () => {
    const { status } = await cluster.client.get(persistentVolume, 'first')
    return status.phase === 'Available'
  })
  for (const name of ['one', 'two']) await claim(name, 'kept')
  await run('one', 'one')
  assert.equal(await placed('one'), target)
  const bound = await cluster.client.get(persistentVolumeClaim, 'one', 'default')
  assert.deepEqual([bound.status.phase, bound.spec.volumeName], ['Bound', 'first'])
  await run('two', 'two')
  assert.match(
    (await refusal('two')) ?? '',
    /^0\/3 nodes are available: 3 node\(s\) didn't find available persistent volumes to bind\./,
  )
  await cluster.client.create(persistentVolume, volume('second') as never)
  assert.equal(await placed('two'), target)
})
