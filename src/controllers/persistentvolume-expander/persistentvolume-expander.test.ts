import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { type StorageClass, storageClass } from '#api/storage/v1/storage-class.ts'
import type { Outcome } from '../runner/controller.ts'
import { startTestCluster } from '../testing/test-cluster.ts'
import { reconcile } from './persistentvolume-expander.reconcile.ts'

const claimOf = (wants: string, has: string) =>
  ({
    metadata: { name: 'data', namespace: 'a', uid: 'claim' },
    spec: { resources: { requests: { storage: wants } } },
    status: { phase: 'Bound', capacity: { storage: has } },
  }) as unknown as PersistentVolumeClaim
const volumeOf = (spec: object, annotations = {}) =>
  ({
    metadata: { name: 'pv', annotations },
    spec: { claimRef: { uid: 'claim' }, ...spec },
  }) as unknown as PersistentVolume

const lines = ({ writes }: Outcome) =>
  writes.map(write => {
    if (write.verb === 'event') return `${write.type} ${write.text.message}`
    return write.verb === 'update' ? JSON.stringify(write.object.metadata.annotations) : write.verb
  })

const csi = { csi: { driver: 'd', volumeHandle: 'h' } }
const WAITING = 'waiting for an external controller to expand this PVC'
const cases: [string, PersistentVolumeClaim, PersistentVolume, string[]][] = [
  ['a claim that has what it wants', claimOf('1Gi', '1Gi'), volumeOf(csi), []],
  ['a driver’s volume', claimOf('2Gi', '1Gi'), volumeOf(csi), [`Normal ${WAITING}`]],
  [
    'a directory',
    claimOf('2Gi', '1Gi'),
    volumeOf({ hostPath: { path: '/x' } }),
    [`Warning ${WAITING}`],
  ],
  ['another claim’s volume', claimOf('2Gi', '1Gi'), volumeOf({ claimRef: { uid: 'x' } }), []],
  [
    'a file system that has still to grow',
    claimOf('1Gi', '1Gi'),
    volumeOf(csi, { 'volume.alpha.kubernetes.io/pre-resize-capacity': '1Gi' }),
    [`Normal ${WAITING}`],
  ],
  [
    'a plugin that became a driver',
    claimOf('2Gi', '1Gi'),
    volumeOf({ gcePersistentDisk: { pdName: 'd' } }),
    [
      'Normal CSI migration enabled for kubernetes.io/gce-pd; waiting for external resizer to expand the pvc',
      '{"volume.kubernetes.io/storage-resizer":"pd.csi.storage.gke.io"}',
    ],
  ],
]
for (const [name, claim, volume, expected] of cases)
  test(`who grows ${name}`, () => {
    assert.deepEqual(lines(reconcile(claim, volume)), expected)
  })

test('a claim grows as far as its resizer says, where its class lets it', async () => {
  await using cluster = await startTestCluster()
  const { client, until } = cluster
  const at = { name: 'data', namespace: 'default' }
  await client.create(storageClass, {
    metadata: { name: 'grows' },
    provisioner: 'example.com/p',
    allowVolumeExpansion: true,
  } as Partial<StorageClass>)
  const claim = await client.create(persistentVolumeClaim, {
    metadata: at,
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'grows',
      resources: { requests: { storage: '1Gi' } },
    },
  } as Partial<PersistentVolumeClaim>)
  const { uid } = claim.metadata
  await client.create(persistentVolume, {
    metadata: { name: 'pv' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'grows',
      claimRef: { ...at, uid },
      csi: { driver: 'example.com', volumeHandle: 'h' },
    },
  } as Partial<PersistentVolume>)
  const current = () => client.get(persistentVolumeClaim, 'data', 'default')
  await until('bound', async () => (await current()).status.phase === 'Bound')
  const requests = { storage: '3Gi' }
  await client.patch(persistentVolumeClaim, at, 'merge', { spec: { resources: { requests } } })
  await until('the resizer to be told', async () => {
    const { items } = await client.list(event, { namespace: 'default' })
    return items.some(
      ({ reason, message }) => reason === 'ExternalExpanding' && message === WAITING,
    )
  })
  // What a resizer does: the volume first, then what is known of it.
  const condition = (type: string) => [{ type, status: 'True' }]
  const status = (patch: object) =>
    client.patch(persistentVolumeClaim, at, 'merge', { status: patch }, { subresource: 'status' })
  await status({ conditions: condition('Resizing') })
  await client.patch(persistentVolume, { name: 'pv' }, 'merge', { spec: { capacity: requests } })
  await status({ conditions: condition('FileSystemResizePending') })
  assert.equal((await current()).status.capacity?.storage, '1Gi', 'not before the node says so')
  await status({ conditions: [], capacity: requests })
  const grown = await current()
  assert.equal(grown.status.capacity?.storage, '3Gi')
  assert.equal(grown.status.phase, 'Bound')
})
