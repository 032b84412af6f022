/** Attaching before a real API server, with an attacher of a few lines. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { node } from '#api/core/v1/node.ts'
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { volumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts'

const NAMESPACE = 'default'
const UNIQUE_NAME = 'kubernetes.io/csi/example.com^h'
const MANAGED = 'volumes.kubernetes.io/controller-managed-attach-detach'

/** Attaches what is asked for, and lets go of what is being deleted. */
function startAttacher({ client, informers }: TestCluster): () => void {
  return informers.for(volumeAttachment).subscribe({
    changed({ metadata, status }) {
      const at = { name: metadata.name ?? '' }
      const patch = metadata.deletionTimestamp
        ? client.patch(volumeAttachment, at, 'merge', { metadata: { finalizers: null } })
        : status?.attached
          ? undefined
          : client
              .patch(volumeAttachment, at, 'merge', { metadata: { finalizers: ['example.com/a'] } })
              .then(() =>
                client.patch(
                  volumeAttachment,
                  at,
                  'merge',
                  { status: { attached: true } },
                  { subresource: 'status' },
                ),
              )
      // It may be gone already; the next event tells.
      patch?.catch(() => {})
    },
  })
}

async function addDisk({ client, until }: TestCluster): Promise<void> {
  await client.create(persistentVolume, {
    metadata: { name: 'disk' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      csi: { driver: 'example.com', volumeHandle: 'h' },
    },
  } as Partial<PersistentVolume>)
  await client.create(persistentVolumeClaim, {
    metadata: { name: 'data', namespace: NAMESPACE },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: '',
      resources: { requests: { storage: '1Gi' } },
    },
  } as Partial<PersistentVolumeClaim>)
  await until('bound', async () => {
    const { status } = await client.get(persistentVolumeClaim, 'data', NAMESPACE)
    return status.phase === 'Bound'
  })
}

const addPod = ({ client }: TestCluster, name: string, nodeName: string) =>
  client.create(pod, {
    metadata: { name, namespace: NAMESPACE },
    spec: {
      nodeName,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
    },
  } as unknown as Partial<Pod>)

const attachedTo = async ({ client }: TestCluster, name: string) =>
  (await client.get(node, name)).status.volumesAttached?.some(each => each.name === UNIQUE_NAME) ===
  true

const uses = ({ client }: TestCluster, name: string, volumesInUse: string[]) =>
  client.patch(node, { name }, 'merge', { status: { volumesInUse } }, { subresource: 'status' })

test('a volume follows its pod, once the node before has let go of it', async () => {
  await using cluster = await startTestCluster({ scheduler: false })
  const { client, until } = cluster
  await cluster.addNodes(['n1', 'n2'])
  for (const name of ['n1', 'n2'])
    await client.patch(node, { name }, 'merge', {
      metadata: { annotations: { [MANAGED]: 'true' } },
    })
  const stopAttacher = startAttacher(cluster)
  try {
    await addDisk(cluster)
    await addPod(cluster, 'first', 'n1')
    await until('attached to n1', () => attachedTo(cluster, 'n1'))
    await uses(cluster, 'n1', [UNIQUE_NAME])
    await addPod(cluster, 'second', 'n2')
    const refusal = await until('the refusal', async () => {
      const { items } = await client.list(event, { namespace: NAMESPACE })
      return items.find(({ message }) => message?.startsWith('Multi-Attach'))
    })
    assert.equal(refusal.reason, 'FailedAttachVolume')
    assert.equal(refusal.source?.component, 'attachdetach-controller')
    await client.delete(pod, { name: 'first', namespace: NAMESPACE })
    await new Promise(resolve => setTimeout(resolve, 100))
    assert.equal(await attachedTo(cluster, 'n1'), true, 'as long as it is used')
    await uses(cluster, 'n1', [])
    await until('attached to n2', () => attachedTo(cluster, 'n2'))
    assert.equal(await attachedTo(cluster, 'n1'), false)
    const { items } = await client.list(volumeAttachment)
    assert.deepEqual(
      items.map(({ spec }) => [spec.attacher, spec.nodeName, spec.source.persistentVolumeName]),
      [['example.com', 'n2', 'disk']],
    )
  } finally {
    stopAttacher()
  }
})
