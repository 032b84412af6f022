/** Claims and volumes that are being deleted stay until nothing uses them; ephemeral volumes get claims of their own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { isStatus } from '#api/machinery/status.ts'
import { reconcile as protectClaim } from './persistentvolumeclaim-protection/persistentvolumeclaim-protection.reconcile.ts'
import { startTestCluster, type TestCluster } from './testing/test-cluster.ts'

const NAMESPACE = 'default'
const claimSpec = {
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: '1Gi' } },
}
const containers = [{ name: 'c', image: 'i' }]

const gone = (cluster: TestCluster, kind: AnyKind, name: string, namespace?: string) =>
  cluster.until(`${name} gone`, async () => {
    try {
      await cluster.client.get(kind, name, namespace)
      return false
    } catch (error) {
      if (isStatus(error, 'NotFound')) return true
      throw error
    }
  })

const createPod = ({ client }: TestCluster, name: string, volume: object, more: object = {}) =>
  client.create(pod, {
    metadata: { name, namespace: NAMESPACE },
    spec: { containers, volumes: [{ name: 'data', ...volume }], ...more },
  } as never)

test('a claim that is being deleted stays as long as a pod on a node has it', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  await cluster.addNodes(['node-1'])
  const at = { name: 'data', namespace: NAMESPACE }
  await client.create(persistentVolumeClaim, { metadata: at, spec: claimSpec } as never)
  // The scheduler would wait for a volume.
  const onNode = { nodeName: 'node-1' }
  await createPod(cluster, 'user', { persistentVolumeClaim: { claimName: 'data' } }, onNode)
  await client.delete(persistentVolumeClaim, at)
  await new Promise(resolve => setTimeout(resolve, 50))
  const kept = await client.get(persistentVolumeClaim, 'data', NAMESPACE)
  assert.ok(kept.metadata.deletionTimestamp)
  await client.delete(pod, { name: 'user', namespace: NAMESPACE })
  await gone(cluster, persistentVolumeClaim, 'data', NAMESPACE)
})

test('a claim is looked for among the pods of the server before it goes', async () => {
  const finalizers = ['kubernetes.io/pvc-protection']
  const deletionTimestamp = '2026-01-01T00:00:00Z'
  const claimWith = (metadata: object) =>
    ({ metadata: { name: 'data', namespace: 'a', ...metadata }, spec: {} }) as PersistentVolumeClaim
  const claim = claimWith({ finalizers, deletionTimestamp })
  const user = (nodeName: string) =>
    ({
      metadata: { name: 'p', namespace: 'a' },
      spec: { nodeName, volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] },
    }) as unknown as Pod
  const writes = async (object: PersistentVolumeClaim, pods: Pod[], live: Pod[]) =>
    (await protectClaim({ claim: object, pods, livePods: async () => live })).writes.map(write =>
      write.verb === 'update' ? write.object.metadata.finalizers : write.verb,
    )
  assert.deepEqual(await writes(claim, [], []), [[]])
  assert.deepEqual(await writes(claim, [user('n')], []), [])
  assert.deepEqual(await writes(claim, [], [user('n')]), [], 'the view may be late')
  assert.deepEqual(await writes(claim, [user('')], [user('')]), [[]], 'on no node')
  assert.deepEqual(await writes(claimWith({}), [], []), [finalizers], 'older than the protection')
  assert.deepEqual(await writes(claimWith({ finalizers }), [], []), [])
})

test('a volume that is being deleted stays as long as it is bound', async () => {
  // Whether it is bound is for the test to say.
  const enabled = 'persistentvolume-protection-controller'
  await using cluster = await startTestCluster({ controllers: { enabled } })
  const { client } = cluster
  const volume = await client.create(persistentVolume, {
    metadata: { name: 'pv' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/tmp/x' },
    },
  } as never)
  const status = (phase: string) =>
    client.patch(
      persistentVolume,
      { name: 'pv' },
      'merge',
      { status: { phase } },
      { subresource: 'status' },
    )
  await status('Bound')
  await client.delete(persistentVolume, { name: 'pv' })
  await new Promise(resolve => setTimeout(resolve, 50))
  const kept = await client.get(persistentVolume, 'pv')
  assert.equal(kept.metadata.uid, volume.metadata.uid)
  await status('Released')
  await gone(cluster, persistentVolume, 'pv')
})

test('an ephemeral volume has a claim of its own, which goes with the pod', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  await cluster.addNodes(['node-1'])
  const metadata = { labels: { of: 'scratch' } }
  const ephemeral = { volumeClaimTemplate: { metadata, spec: claimSpec } }
  await createPod(cluster, 'user', { ephemeral })
  const claim = await cluster.until('the claim', () =>
    client.get(persistentVolumeClaim, 'user-data', NAMESPACE).catch(() => undefined),
  )
  const { uid } = (await client.get(pod, 'user', NAMESPACE)).metadata
  const [owner] = claim.metadata.ownerReferences ?? []
  assert.deepEqual([owner?.kind, owner?.uid, owner?.controller], ['Pod', uid, true])
  assert.deepEqual(claim.metadata.labels, metadata.labels)
  await client.delete(pod, { name: 'user', namespace: NAMESPACE })
  await gone(cluster, persistentVolumeClaim, 'user-data', NAMESPACE)

  const at = { name: 'late-data', namespace: NAMESPACE }
  await client.create(persistentVolumeClaim, { metadata: at, spec: claimSpec } as never)
  await createPod(cluster, 'late', { ephemeral })
  const told = await cluster.until('the refusal', async () => {
    const { items } = await client.list(event, { namespace: NAMESPACE })
    return items.find(
      ({ reason, involvedObject }) => reason === 'FailedBinding' && involvedObject.kind === 'Pod',
    )
  })
  assert.equal(
    told.message,
    'ephemeral volume data: PVC default/late-data was not created for pod default/late (pod is not owner)',
  )
})
