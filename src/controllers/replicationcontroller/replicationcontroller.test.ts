/** A ReplicationController over a real API server: what it shares with ReplicaSets is tried there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pod } from '#api/core/v1/pod/pod.ts'
import {
  type ReplicationController,
  replicationController,
} from '#api/core/v1/replication-controller.ts'
import { startTestCluster } from '../testing/test-cluster.ts'

test('a ReplicationController makes, adopts, replaces, counts and removes its pods', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  await cluster.addNodes(['node-1'])
  const containers = [{ name: 'c', image: 'i' }]
  const labels = { app: 'rc' }
  const pods = async () => (await client.list(pod, { namespace: 'default' })).items
  await client.create(pod, {
    metadata: { name: 'orphan', namespace: 'default', labels },
    spec: { containers },
  } as never)
  await client.create(replicationController, {
    metadata: { name: 'rc', namespace: 'default' },
    spec: {
      replicas: 3,
      selector: labels,
      template: { metadata: { labels }, spec: { containers } },
    },
  } as unknown as Partial<ReplicationController>)
  const available = (count: number) =>
    cluster.until(`${count} available`, async () => {
      const { status, metadata } = await client.get(replicationController, 'rc', 'default')
      const isSeen = status.observedGeneration === metadata.generation
      return isSeen && (status.availableReplicas ?? 0) === count && status.replicas === count
    })
  await available(3)
  const owners = (await pods()).map(({ metadata }) => metadata.ownerReferences?.[0])
  assert.equal(owners.length, 3, 'the orphan is one of them')
  for (const owner of owners)
    assert.deepEqual(
      [owner?.apiVersion, owner?.kind, owner?.name, owner?.controller],
      ['v1', 'ReplicationController', 'rc', true],
    )

  await client.delete(pod, { name: 'orphan', namespace: 'default' })
  await cluster.until('its replacement', async () => {
    const found = await pods()
    return found.length === 3 && found.every(({ metadata }) => metadata.name !== 'orphan')
  })
  await available(3)
  const found = await client.get(replicationController, 'rc', 'default')
  await client.update(replicationController, { ...found, spec: { ...found.spec, replicas: 1 } })
  await available(1)
  await client.delete(
    replicationController,
    { name: 'rc', namespace: 'default' },
    { propagationPolicy: 'Background' },
  )
  await cluster.until('no pods', async () => (await pods()).length === 0)
})
