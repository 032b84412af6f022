import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { isStatus } from '#api/machinery/status.ts'
import {
  type VolumeAttributesClass,
  volumeAttributesClass,
} from '#api/storage/v1/volume-attributes-class.ts'
import { startTestCluster } from '../testing/test-cluster.ts'

test('a class that is being deleted stays as long as a claim wants, has or gets its attributes', async () => {
  await using cluster = await startTestCluster()
  const { client, until } = cluster
  const at = { name: 'data', namespace: 'default' }
  await client.create(volumeAttributesClass, {
    metadata: { name: 'gold' },
    driverName: 'd',
    parameters: { iops: '9' },
  } as Partial<VolumeAttributesClass>)
  await client.create(persistentVolumeClaim, {
    metadata: at,
    spec: {
      accessModes: ['ReadWriteOnce'],
      volumeAttributesClassName: 'gold',
      resources: { requests: { storage: '1Gi' } },
    },
  } as Partial<PersistentVolumeClaim>)
  const finalizers = async () =>
    (await client.get(volumeAttributesClass, 'gold')).metadata.finalizers ?? []
  await until('the finalizer', async () =>
    (await finalizers()).includes('kubernetes.io/vac-protection'),
  )
  await client.delete(volumeAttributesClass, { name: 'gold' })
  const status = (patch: object) =>
    client.patch(persistentVolumeClaim, at, 'merge', { status: patch }, { subresource: 'status' })
  await status({
    modifyVolumeStatus: { targetVolumeAttributesClassName: 'gold', status: 'Pending' },
  })
  await new Promise(resolve => setTimeout(resolve, 50))
  assert.equal((await finalizers()).length, 1)
  await client.delete(persistentVolumeClaim, at)
  await until('the class gone', async () => {
    try {
      await client.get(volumeAttributesClass, 'gold')
      return false
    } catch (error) {
      if (isStatus(error, 'NotFound')) return true
      throw error
    }
  })
})
