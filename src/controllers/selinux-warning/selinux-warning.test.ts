import assert from 'node:assert/strict'
import { test } from 'node:test'
import { event } from '#api/core/v1/event.ts'
import { type PersistentVolume, persistentVolume } from '#api/core/v1/persistent-volume.ts'
import {
  type PersistentVolumeClaim,
  persistentVolumeClaim,
} from '#api/core/v1/persistent-volume-claim.ts'
import { type Pod, pod } from '#api/core/v1/pod/pod.ts'
import { type CSIDriver, csiDriver } from '#api/storage/v1/csi-driver.ts'
import { startTestCluster } from '../testing/test-cluster.ts'
import { labelsConflict } from './selinux-labels.ts'
import { reconcile } from './selinux-warning.reconcile.ts'

const podOf = (name: string, level: string | undefined, more: object = {}, namespace = 'a') =>
  ({
    metadata: { name, namespace },
    spec: {
      securityContext: { ...(level ? { seLinuxOptions: { level } } : {}), ...more },
      containers: [{ name: 'c', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    },
    status: { phase: 'Running' },
  }) as unknown as Pod

const lines = (one: Pod, other: Pod, isMountedWithLabel = true) =>
  reconcile(one, [
    { name: 'v', isMountedWithLabel, others: [{ pod: other, name: 'v' }] },
  ]).writes.map(write =>
    write.verb === 'event'
      ? `${write.about.metadata.name} ${write.type} ${write.reason}: ${write.text.message}`
      : write.verb,
  )

const END = 'If both pods land on the same node, only one of them may access the volume.'
const SHARED = 'that uses the same volume as this pod with'

test('both pods are told of different labels', () => {
  assert.deepEqual(lines(podOf('p', 's0:c1'), podOf('q', 's0:c2')), [
    `p Normal SELinuxLabelConflict: SELinuxLabel ":::s0:c1" conflicts with pod q ${SHARED} SELinuxLabel ":::s0:c2". ${END}`,
    `q Normal SELinuxLabelConflict: SELinuxLabel ":::s0:c2" conflicts with pod p ${SHARED} SELinuxLabel ":::s0:c1". ${END}`,
  ])
  assert.deepEqual(lines(podOf('p', 's0:c1'), podOf('q', 's0:c1')), [])
})

test('names are nobody’s business elsewhere', () => {
  const [first] = lines(podOf('p', 's0:c1'), podOf('q', 's0:c2', {}, 'b'))
  assert.equal(
    first,
    `p Normal SELinuxLabelConflict: SELinuxLabel ":::s0:c1" conflicts with another pod ${SHARED} a different SELinuxLabel. ${END}`,
  )
})

test('pods that change labels file by file conflict with those that do not', () => {
  const recursive = { seLinuxChangePolicy: 'Recursive' }
  assert.deepEqual(
    lines(podOf('p', 's0:c1'), podOf('q', 's0:c2', recursive)).map(line => line.split(':')[0]),
    ['p Normal SELinuxChangePolicyConflict', 'q Normal SELinuxChangePolicyConflict'],
  )
  assert.deepEqual(lines(podOf('p', 's0:c1', recursive), podOf('q', 's0:c2', recursive)), [])
  assert.deepEqual(lines(podOf('p', undefined), podOf('q', undefined)), [])
})

test('where the driver mounts without labels, or a pod has ended, nothing conflicts', () => {
  assert.deepEqual(lines(podOf('p', 's0:c1'), podOf('q', 's0:c2'), false), [])
  const ended = { ...podOf('q', 's0:c2'), status: { phase: 'Succeeded' } } as Pod
  assert.deepEqual(lines(podOf('p', 's0:c1'), ended), [])
})

test('one pod with two labels for a volume is told', () => {
  const both = podOf('p', 's0:c1')
  both.spec.containers = [
    ...both.spec.containers,
    {
      name: 'd',
      securityContext: { seLinuxOptions: { level: 's0:c9' } },
      volumeMounts: [{ name: 'v', mountPath: '/v' }],
    },
  ] as Pod['spec']['containers']
  assert.deepEqual(lines(both, podOf('q', 's0:c2')), [
    'p Warning MultipleSELinuxLabels: Volume "v" is mounted twice with different SELinux labels inside this pod',
  ])
})

test('parts of labels that one does not name conflict with nothing', () => {
  assert.equal(labelsConflict('u:r:t:s0:c1,c2', ':::s0:c1,c2'), false)
  assert.equal(labelsConflict('u:r:t:s0:c1,c2', ':::s0:c98'), true)
  assert.equal(labelsConflict('', ':::s0'), false)
  assert.equal(labelsConflict('u:r::', 'u:x::'), true)
})

test('it warns where it is asked to', async () => {
  const enabled = '*,selinux-warning-controller'
  await using cluster = await startTestCluster({ controllers: { enabled }, runPods: false })
  const { client, until } = cluster
  const namespace = 'default'
  await client.create(csiDriver, {
    metadata: { name: 'd' },
    spec: { seLinuxMount: true },
  } as Partial<CSIDriver>)
  await client.create(persistentVolume, {
    metadata: { name: 'pv' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteMany'],
      csi: { driver: 'd', volumeHandle: 'h' },
    },
  } as Partial<PersistentVolume>)
  await client.create(persistentVolumeClaim, {
    metadata: { name: 'data', namespace },
    spec: {
      accessModes: ['ReadWriteMany'],
      storageClassName: '',
      resources: { requests: { storage: '1Gi' } },
    },
  } as Partial<PersistentVolumeClaim>)
  const addPod = (name: string, level: string) =>
    until(name, () =>
      client
        .create(pod, {
          metadata: { name, namespace },
          spec: {
            securityContext: { seLinuxOptions: { level } },
            containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
            volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
          },
        } as unknown as Partial<Pod>)
        // Until the namespace has its account.
        .catch(() => undefined),
    )
  await addPod('p', 's0:c1')
  await addPod('q', 's0:c2')
  for (const name of ['p', 'q'])
    await until(`the warning of ${name}`, async () => {
      const { items } = await client.list(event, { namespace })
      return items.some(
        ({ reason, involvedObject }) =>
          reason === 'SELinuxLabelConflict' && involvedObject.name === name,
      )
    })
})
