/** Directories of nodes as volumes, on disks that a test can look at, with failures on the way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { isStatus } from '#api/machinery/status.ts'
import { type StorageClass, storageClass } from '#api/storage/v1/storage-class.ts'
import { silentLog } from '#base/log.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { startControllers } from '../controllers.ts'
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts'
import type { NodeDirectories } from './local-path-provisioner.controller.ts'

const NAMESPACE = 'default'
const ROOT = '/data'

/** Disks as lists of paths; the first `failures` acts fail. */
class Disks implements NodeDirectories {
  readonly paths = new Set<string>()
  failures = 0

  rootOf(): string {
    return ROOT
  }

  async make(node: string, path: string): Promise<void> {
    this.#mayFail()
    this.paths.add(`${node}:${path}`)
  }

  async remove(node: string, path: string): Promise<void> {
    this.#mayFail()
    this.paths.delete(`${node}:${path}`)
  }

  #mayFail(): void {
    if (this.failures-- > 0) throw new Error('the disk is full')
  }
}

async function start(disks: Disks): Promise<TestCluster> {
  const cluster = await startTestCluster({ controllers: { nodeDirectories: disks } })
  await cluster.addNodes(['node-1', 'node-2'])
  await cluster.until('the class', async () => {
    const { items } = await cluster.client.list(storageClass)
    return items.length > 0
  })
  await addClass(cluster, 'now')
  return cluster
}

const addClass = ({ client }: TestCluster, name: string, more: object = {}) =>
  client.create(storageClass, {
    metadata: { name },
    provisioner: 'proa/local-path',
    ...more,
  } as Partial<StorageClass>)

const addClaim = ({ client }: TestCluster, name: string, spec: object = {}, annotations = {}) =>
  client.create(persistentVolumeClaim, {
    metadata: { name, namespace: NAMESPACE, annotations },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'now',
      ...spec,
    },
  } as Partial<PersistentVolumeClaim>)

const volumeOf = (cluster: TestCluster, claim: string) =>
  cluster.until(`${claim} bound`, async () => {
    const { spec, status } = await cluster.client.get(persistentVolumeClaim, claim, NAMESPACE)
    return status.phase === 'Bound'
      ? cluster.client.get(persistentVolume, spec.volumeName ?? '')
      : undefined
  })

const remove = (cluster: TestCluster, claim: string) =>
  cluster.client.delete(persistentVolumeClaim, { name: claim, namespace: NAMESPACE })

const gone = ({ client, until }: TestCluster, volume: PersistentVolume) =>
  until('the volume gone', async () => {
    try {
      await client.get(persistentVolume, volume.metadata.name ?? '')
      return false
    } catch (error) {
      if (isStatus(error, 'NotFound')) return true
      throw error
    }
  })

const told = ({ client, until }: TestCluster, about: string, wanted: RegExp) =>
  until(`${wanted} about ${about}`, async () => {
    const { items } = await client.list(event)
    return items.some(
      ({ involvedObject, reason, message }) =>
        involvedObject.name === about && wanted.test(`${reason}: ${message}`),
    )
  })

test('a claim gets a directory, which goes with it', async () => {
  const disks = new Disks()
  await using cluster = await start(disks)
  await addClaim(cluster, 'data')
  const volume = await volumeOf(cluster, 'data')
  const { name } = volume.metadata
  assert.equal(volume.spec.storageClassName, 'now')
  assert.deepEqual(volume.spec.hostPath, {
    path: `${ROOT}/${name}_default_data`,
    type: 'DirectoryOrCreate',
  })
  assert.deepEqual([...disks.paths], [`node-1:${ROOT}/${name}_default_data`])
  const [term] = volume.spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
  assert.deepEqual(term?.matchExpressions, [
    { key: 'kubernetes.io/hostname', operator: 'In', values: ['node-1'] },
  ])
  await told(cluster, 'data', /^ProvisioningSucceeded: Successfully provisioned volume pvc-/)
  await addClaim(cluster, 'more')
  await volumeOf(cluster, 'more')
  assert.ok(
    [...disks.paths].some(path => path.startsWith('node-2:')),
    'the emptier node',
  )
  await remove(cluster, 'data')
  await gone(cluster, volume)
  assert.equal(disks.paths.size, 1)
})

test('a claim without a class gets its directory where its first pod comes to be', async () => {
  const disks = new Disks()
  await using cluster = await start(disks)
  const { client } = cluster
  await addClaim(cluster, 'data', { storageClassName: undefined })
  const addPod = (name: string, more: object = {}) =>
    client.create(pod, {
      metadata: { name, namespace: NAMESPACE },
      spec: {
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
        ...more,
      },
    } as unknown as Partial<Pod>)
  await addPod('first', { nodeSelector: { 'kubernetes.io/hostname': 'node-2' } })
  const volume = await volumeOf(cluster, 'data')
  assert.equal(volume.spec.storageClassName, 'standard')
  assert.deepEqual([...disks.paths], [`node-2:${volume.spec.hostPath?.path}`])
  await addPod('second')
  const placed = await cluster.until('the second pod placed', async () => {
    const { spec } = await client.get(pod, 'second', NAMESPACE)
    return spec.nodeName
  })
  assert.equal(placed, 'node-2', 'where the data is')
})

test('what waits for a pod gets its directory on the node that the scheduler chose', async () => {
  const disks = new Disks()
  await using cluster = await start(disks)
  await addClass(cluster, 'late', { volumeBindingMode: 'WaitForFirstConsumer' })
  const spec = { storageClassName: 'late' }
  await addClaim(cluster, 'data', spec)
  await told(cluster, 'data', /^WaitForFirstConsumer/)
  assert.equal(disks.paths.size, 0)
  const choose = (node: string) =>
    cluster.client.patch(persistentVolumeClaim, { name: 'data', namespace: NAMESPACE }, 'merge', {
      metadata: { annotations: { 'volume.kubernetes.io/selected-node': node } },
    })
  await choose('nowhere')
  await told(cluster, 'data', /^ProvisioningFailed: failed to get target node: node "nowhere"/)
  await cluster.until('another choice', async () => {
    const { metadata } = await cluster.client.get(persistentVolumeClaim, 'data', NAMESPACE)
    return metadata.annotations?.['volume.kubernetes.io/selected-node'] === undefined
  })
  await choose('node-2')
  await volumeOf(cluster, 'data')
  assert.ok([...disks.paths].every(path => path.startsWith('node-2:')))
})

test('a class may allow some nodes only, and keep what its claims leave', async () => {
  const disks = new Disks()
  await using cluster = await start(disks)
  await addClass(cluster, 'second', {
    reclaimPolicy: 'Retain',
    allowedTopologies: [
      { matchLabelExpressions: [{ key: 'kubernetes.io/hostname', values: ['node-2'] }] },
    ],
  })
  await addClaim(cluster, 'data', { storageClassName: 'second' })
  const volume = await volumeOf(cluster, 'data')
  assert.ok([...disks.paths].every(path => path.startsWith('node-2:')))
  await remove(cluster, 'data')
  await cluster.until('Released', async () => {
    const { status } = await cluster.client.get(persistentVolume, volume.metadata.name ?? '')
    return status.phase === 'Released'
  })
  await cluster.client.delete(persistentVolume, { name: volume.metadata.name ?? '' })
  await gone(cluster, volume)
  assert.equal(disks.paths.size, 1, 'the data is kept')
})

test('a disk that fails is told of, and nothing is left half done', async () => {
  const disks = new Disks()
  disks.failures = 1
  await using cluster = await start(disks)
  await addClaim(cluster, 'data')
  await told(cluster, 'data', /^ProvisioningFailed: failed to provision .*: the disk is full/)
  const { items } = await cluster.client.list(persistentVolume)
  assert.deepEqual(items, [])
})

test('what a directory cannot be is refused', async () => {
  await using cluster = await start(new Disks())
  const refused: [string, object, RegExp][] = [
    ['many', { accessModes: ['ReadWriteMany'] }, /only the access modes ReadWriteOnce and/],
    ['block', { volumeMode: 'Block' }, /block volume provisioning is not supported/],
    ['picky', { selector: { matchLabels: { a: 'b' } } }, /claim Selector is not supported/],
    [
      'copy',
      { dataSource: { kind: 'PersistentVolumeClaim', name: 'many' } },
      /claim dataSource is not supported/,
    ],
  ]
  for (const [name, spec, message] of refused) {
    await addClaim(cluster, name, spec)
    await told(cluster, name, message)
  }
})

test('no volume that somebody else wrote leads to the removal of a directory', async () => {
  const disks = new Disks()
  await using cluster = await start(disks)
  const { client } = cluster
  disks.paths.add('node-1:/etc')
  const spec = {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Delete',
    claimRef: { namespace: NAMESPACE, name: 'gone', uid: 'gone' },
  }
  for (const [name, path] of [
    ['etc', '/etc'],
    ['root', `${ROOT}/pvc-1_a_b/../../etc`],
  ] as const) {
    await client
      .create(persistentVolume, {
        metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': 'proa/local-path' } },
        spec: { ...spec, hostPath: { path } },
      } as Partial<PersistentVolume>)
      .catch(error => {
        // Upstream's validation knows the second sort.
        if (!isStatus(error, 'Invalid')) throw error
      })
  }
  await told(cluster, 'etc', /^VolumeFailedDelete: \/etc is no directory that was made for a claim/)
  assert.ok(disks.paths.has('node-1:/etc'))
})

test('another default class stays the default', async () => {
  await using cluster = await startTestCluster()
  const { client, informers, until } = cluster
  await addClass(cluster, 'mine', {
    metadata: {
      name: 'mine',
      annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
    },
  })
  const context = { client, informers, clock: systemClock, random: systemRandom, log: silentLog }
  const controllers = startControllers(context, {
    enabled: 'local-path-provisioner-controller',
    nodeDirectories: new Disks(),
  })
  try {
    const { metadata } = await until('the class', async () => {
      const { items } = await client.list(storageClass)
      return items.find(each => each.metadata.name === 'standard')
    })
    assert.equal(metadata.annotations, undefined)
  } finally {
    await controllers.stop()
  }
})
