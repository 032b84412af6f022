import assert from 'node:assert/strict'
import { test } from 'node:test'
import { persistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { created } from '#api/core/v1/testing.ts'
import { storageClass } from '#api/storage/v1/storage-class.ts'
import { volumeAttributesClass } from '#api/storage/v1/volume-attributes-class.ts'
import { admit, testWorld } from './testing.ts'
import {
  defaultStorageClass,
  persistentVolumeClaimResize,
  storageObjectInUseProtection,
} from './volumes.ts'

const BETA = 'volume.beta.kubernetes.io/storage-class'
const IS_DEFAULT = 'storageclass.kubernetes.io/is-default-class'

function claim(spec: object = {}, metadata: object = {}, phase?: string) {
  const object = created(persistentVolumeClaim, {
    metadata: { name: 'c', namespace: 'shop', ...metadata },
    spec: { accessModes: ['ReadWriteOnce'], ...spec },
  })
  return { ...object, status: { ...object.status, ...(phase ? { phase } : {}) } } as typeof object
}
const sized = (storage: string, more: object = {}) => ({
  resources: { requests: { storage } },
  ...more,
})

function classNamed(
  name: string,
  creationTimestamp: string,
  isDefault: boolean,
  more: object = {},
) {
  const annotations = isDefault ? { [IS_DEFAULT]: 'true' } : {}
  const metadata = { name, creationTimestamp, annotations }
  return created(storageClass, { metadata, provisioner: 'x', ...more })
}

function worldWith(...classes: ReturnType<typeof classNamed>[]) {
  const world = testWorld()
  for (const each of classes) world.classes.set(each.metadata.name ?? '', each)
  return world
}

test('claims and volumes are held until nobody uses them', async () => {
  const resource = 'persistentvolumeclaims'
  const admitted = await admit(storageObjectInUseProtection, { resource, object: claim() })
  assert.deepEqual(admitted.metadata.finalizers, ['kubernetes.io/pvc-protection'])
  const finalizers = ['example.com/a', 'kubernetes.io/pvc-protection']
  const held = claim({}, { finalizers })
  const same = await admit(storageObjectInUseProtection, { resource, object: held })
  assert.deepEqual(same.metadata.finalizers, finalizers)
  const volume = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'v' } }
  const whole = await admit(storageObjectInUseProtection, {
    resource: 'persistentvolumes',
    object: volume,
  })
  assert.deepEqual(whole.metadata, { name: 'v', finalizers: ['kubernetes.io/pv-protection'] })
  const attributes = await admit(storageObjectInUseProtection, {
    resource: 'volumeattributesclasses.storage.k8s.io',
    object: created(volumeAttributesClass, { driverName: 'd' }),
  })
  assert.deepEqual(attributes.metadata.finalizers, ['kubernetes.io/vac-protection'])
  const update = { operation: 'UPDATE', resource, object: claim(), oldObject: held } as const
  const updated = await admit(storageObjectInUseProtection, update)
  assert.equal(updated.metadata.finalizers, undefined)
})

test('a claim that names no class gets the newest default', async () => {
  const world = worldWith(
    classNamed('old', '2026-01-01T00:00:00Z', true),
    classNamed('b-new', '2026-01-02T00:00:00Z', true),
    classNamed('a-new', '2026-01-02T00:00:00Z', true),
    classNamed('newest', '2026-01-03T00:00:00Z', false),
  )
  const classFor = async (object: ReturnType<typeof claim>, step = defaultStorageClass(world)) =>
    (await admit(step, { resource: 'persistentvolumeclaims', object })).spec.storageClassName
  assert.equal(await classFor(claim()), 'a-new')
  assert.equal(await classFor(claim({ storageClassName: 'slow' })), 'slow')
  assert.equal(await classFor(claim({ storageClassName: '' })), '')
  assert.equal(await classFor(claim({}, { annotations: { [BETA]: 'slow' } })), undefined)
  const without = defaultStorageClass(worldWith(classNamed('a', '2026-01-01T00:00:00Z', false)))
  assert.equal(await classFor(claim(), without), undefined)
})

test('a bound claim of a class that allows it may grow', async () => {
  const world = worldWith(
    classNamed('fast', '2026-01-01T00:00:00Z', false, { allowVolumeExpansion: true }),
    classNamed('slow', '2026-01-01T00:00:00Z', false),
  )
  const step = persistentVolumeClaimResize(world)
  const resize = (from: string, to: string, storageClassName?: string, phase = 'Bound') =>
    admit(step, {
      operation: 'UPDATE',
      resource: 'persistentvolumeclaims',
      object: claim(sized(to, { storageClassName }), {}, phase),
      oldObject: claim(sized(from, { storageClassName }), {}, phase),
    })
  await resize('1Gi', '2Gi', 'fast')
  await resize('2Gi', '1Gi', 'slow', 'Pending')
  await resize('1Gi', '1024Mi', 'slow')
  await assert.rejects(resize('1Gi', '2Gi', 'fast', 'Pending'), {
    message:
      'persistentvolumeclaims "c" is forbidden: Only bound persistent volume claims can be expanded',
  })
  for (const name of ['slow', 'none', '', undefined])
    await assert.rejects(
      resize('1Gi', '2Gi', name),
      /only dynamically provisioned pvc can be resized and the storageclass/,
    )
})
