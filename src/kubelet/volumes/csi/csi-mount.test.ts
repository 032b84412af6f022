import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Volume } from '../../pod-types.ts'
import { capabilityOf, claimedMount, inlineMount } from './csi-mount.ts'
import type { DriverWishes } from './driver-wishes.ts'
import { groupFor } from './fs-group.ts'
import { accessMode, nodeCapability } from './messages.ts'
import { claimedOf, named, podOf } from './testing/volume-world.ts'

const NONE: ReadonlySet<number> = new Set()
const mountOf = (more: object = {}, pod = podOf('u')) =>
  claimedMount(pod, named, claimedOf(more), '/k')

test('access modes as CSI names them, by what the driver knows', () => {
  const modeOf = (mode: string, capabilities: ReadonlySet<number>) =>
    capabilityOf(mountOf({ accessModes: [mode] }), capabilities).accessMode?.mode
  const single = new Set<number>([nodeCapability.singleNodeMultiWriter])
  for (const mode of ['ReadWriteOnce', 'ReadWriteOncePod'])
    assert.equal(modeOf(mode, NONE), accessMode.singleNodeWriter)
  assert.equal(modeOf('ReadWriteOnce', single), accessMode.singleNodeMultiWriter)
  assert.equal(modeOf('ReadWriteOncePod', single), accessMode.singleNodeSingleWriter)
  assert.equal(modeOf('ReadWriteMany', single), accessMode.multiNodeMultiWriter)
  assert.equal(modeOf('ReadOnlyMany', NONE), accessMode.multiNodeReaderOnly)
})

test('file systems have a type, options and perhaps a group; devices have none of that', () => {
  const csi = { driver: 'd', volumeHandle: 'h', fsType: 'xfs' }
  const files = mountOf({ csi, mountOptions: ['noatime'] })
  assert.deepEqual(capabilityOf(files, NONE, 7).mount, { fsType: 'xfs', mountFlags: ['noatime'] })
  const takesGroup = new Set<number>([nodeCapability.volumeMountGroup])
  assert.equal(capabilityOf(files, takesGroup, 7).mount?.volumeMountGroup, '7')
  assert.deepEqual(capabilityOf(mountOf({ csi, volumeMode: 'Block' }), takesGroup, 7), {
    block: {},
    accessMode: { mode: accessMode.singleNodeWriter },
  })
})

test('a volume in the pod has a handle of its own, and its secret is in the namespace of the pod', () => {
  const csi = { driver: 'd', nodePublishSecretRef: { name: 's' }, readOnly: true }
  const mount = (uid: string) => inlineMount(podOf(uid), { name: 'v', csi } as Volume, '/k')
  assert.match(mount('a').handle, /^csi-[0-9a-f]{64}$/)
  assert.notEqual(mount('a').handle, mount('b').handle)
  assert.deepEqual(mount('a').publishSecret, { namespace: 'ns', name: 's' })
  assert.equal(mount('a').readOnly, true)
  assert.equal(mount('a').paths.target, '/k/pods/a/volumes/kubernetes.io~csi/v/mount')
})

test('files are given to the group of the pod as the driver has it', () => {
  const pod = podOf('u', { securityContext: { fsGroup: 7 } })
  const withType = { csi: { driver: 'd', volumeHandle: 'h', fsType: 'ext4' } }
  const given = (fsGroupPolicy: string, more: object, to = pod) =>
    groupFor(mountOf(more, to), { fsGroupPolicy } as DriverWishes)
  const usual = 'ReadWriteOnceWithFSType'
  assert.equal(given(usual, withType), 7)
  assert.equal(given(usual, {}), undefined, 'a driver that names no type has no such files')
  assert.equal(given(usual, { ...withType, accessModes: ['ReadWriteMany'] }), undefined)
  assert.equal(given('File', { accessModes: ['ReadWriteMany'] }), 7)
  assert.equal(given('None', withType), undefined)
  assert.equal(given('File', { volumeMode: 'Block' }), undefined)
  assert.equal(given('File', withType, podOf('u')), undefined)
})
