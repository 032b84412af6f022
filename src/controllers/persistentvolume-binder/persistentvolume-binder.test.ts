/** The binder before a real API server: what it writes passes there, many claims at once, and goes on after a restart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { storageClass } from '#api/storage/v1/storage-class.ts'
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts'

const NAMESPACE = 'default'

const addVolume = ({ client }: TestCluster, name: string, more: object = {}) =>
  client.create(persistentVolume, {
    metadata: { name },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      hostPath: { path: `/data/${name}` },
      ...more,
    },
  } as Partial<PersistentVolume>)

const addClaim = ({ client }: TestCluster, name: string, more: object = {}) =>
  client.create(persistentVolumeClaim, {
    metadata: { name, namespace: NAMESPACE },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      ...more,
    },
  } as Partial<PersistentVolumeClaim>)

const bound = (cluster: TestCluster, name: string) =>
  cluster.until(`${name} bound`, async () => {
    const claim = await cluster.client.get(persistentVolumeClaim, name, NAMESPACE)
    return claim.status.phase === 'Bound' ? claim : undefined
  })

const phaseOf = (cluster: TestCluster, name: string, phase: string) =>
  cluster.until(`${name} ${phase}`, async () => {
    const volume = await cluster.client.get(persistentVolume, name)
    return volume.status.phase === phase ? volume : undefined
  })

test('thirty claims get thirty volumes, one each', async () => {
  await using cluster = await startTestCluster()
  const names = Array.from({ length: 30 }, (_, index) => `${index}`)
  await Promise.all([
    ...names.map(name => addClaim(cluster, `claim-${name}`)),
    ...names.map(name => addVolume(cluster, `volume-${name}`)),
  ])
  const claims = await Promise.all(names.map(name => bound(cluster, `claim-${name}`)))
  assert.equal(new Set(claims.map(({ spec }) => spec.volumeName)).size, 30)
  for (const { metadata, spec, status } of claims) {
    const volume = await phaseOf(cluster, spec.volumeName ?? '', 'Bound')
    assert.equal(volume.spec.claimRef?.uid, metadata.uid)
    assert.deepEqual(status.capacity, { storage: '1Gi' })
    // Also once the status was written: a volume that a person pointed at its claim has no such mark.
    for (const { annotations = {} } of [metadata, volume.metadata])
      assert.equal(annotations['pv.kubernetes.io/bound-by-controller'], 'yes')
  }
})

test('a volume is released with its claim and given back by a person', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  await addVolume(cluster, 'pv')
  await addClaim(cluster, 'first')
  await bound(cluster, 'first')
  await client.delete(persistentVolumeClaim, { name: 'first', namespace: NAMESPACE })
  const released = await phaseOf(cluster, 'pv', 'Released')
  assert.ok(released.status.lastPhaseTransitionTime)
  await addClaim(cluster, 'second')
  await cluster.until('that there is none', async () => {
    const { items } = await client.list(event, { namespace: NAMESPACE })
    return items.some(
      ({ reason, involvedObject }) =>
        reason === 'FailedBinding' && involvedObject.name === 'second',
    )
  })
  await client.patch(persistentVolume, { name: 'pv' }, 'merge', { spec: { claimRef: null } })
  assert.equal((await bound(cluster, 'second')).spec.volumeName, 'pv')
})

test('what cannot be deleted has failed, and says why', async () => {
  await using cluster = await startTestCluster()
  await addVolume(cluster, 'pv', { persistentVolumeReclaimPolicy: 'Delete' })
  await addClaim(cluster, 'data')
  await bound(cluster, 'data')
  await cluster.client.delete(persistentVolumeClaim, { name: 'data', namespace: NAMESPACE })
  const { status } = await phaseOf(cluster, 'pv', 'Failed')
  assert.equal(
    status.message,
    'host_path deleter only supports /tmp/.+ but received provided /data/pv',
  )
})

test('a claim gets the default class when there is one, and its provisioner is told', async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  await addClaim(cluster, 'data')
  await client.create(storageClass, {
    metadata: {
      name: 'fast',
      annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
    },
    provisioner: 'example.com/p',
  })
  const claim = await cluster.until('the provisioner', async () => {
    const found = await client.get(persistentVolumeClaim, 'data', NAMESPACE)
    return found.metadata.annotations?.['volume.kubernetes.io/storage-provisioner']
      ? found
      : undefined
  })
  assert.equal(claim.spec.storageClassName, 'fast')
  const { name, namespace, uid } = claim.metadata
  await addVolume(cluster, `pvc-${uid}`, {
    storageClassName: 'fast',
    claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', name, namespace, uid },
  })
  assert.equal((await bound(cluster, 'data')).spec.volumeName, `pvc-${uid}`)
})
