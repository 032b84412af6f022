import assert from 'node:assert/strict'
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { figuresText } from '#base/figures.ts'
import { machineFiles } from '#host/machine/files.ts'
import type { Volume } from '../../pod-types.ts'
import { NotYet } from '../not-yet.ts'
import { CsiError } from './csi-error.ts'
import { claimedMount, inlineMount } from './csi-mount.ts'
import { claimedOf, mountFor, named, podOf, rest, UNIQUE, world } from './testing/volume-world.ts'

test('staged once for the node, published for each pod, and undone in the opposite order', async t => {
  const { root, volumes, take, requests, figures } = world(t)
  await volumes.mount(mountFor('a', root), () => {})
  await volumes.mount(mountFor('b', root), () => {})
  await volumes.mount(mountFor('b', root), () => {})
  assert.deepEqual(take(), ['stage', 'publish', 'publish'])
  const [stage, publish] = requests
  assert.match(
    String(stage?.stagingTargetPath),
    /^\/var\/lib\/kubelet\/plugins\/kubernetes\.io\/csi\/d\/[0-9a-f]{64}\/globalmount$/,
  )
  assert.equal(
    publish?.targetPath,
    '/var/lib/kubelet/pods/a/volumes/kubernetes.io~csi/pv/mount',
    'drivers have their own word for the directory',
  )
  const data = JSON.parse(
    readFileSync(`${root}/pods/a/volumes/kubernetes.io~csi/pv/vol_data.json`, 'utf8'),
  )
  assert.deepEqual(data, {
    attachmentID: data.attachmentID,
    driverName: 'd',
    nodeName: 'n',
    specVolID: 'pv',
    volumeHandle: 'h',
    volumeLifecycleMode: 'Persistent',
  })
  await volumes.unmountPod('a')
  await rest()
  assert.deepEqual(take(), ['unpublish'], 'the other pod still has it')
  await volumes.unmountPod('b')
  await rest()
  assert.deepEqual(take(), ['unpublish', 'unstage'])
  assert.equal(existsSync(`${root}/pods/b/volumes/kubernetes.io~csi/pv`), false)
  assert.deepEqual(await machineFiles.names(`${root}/plugins/kubernetes.io/csi/d`), [])
  const text = figuresText([figures.source])
  for (const operation of ['volume_mount', 'volume_unmount', 'unmount_device'])
    assert.match(
      text,
      new RegExp(
        `volume_plugin="kubernetes.io/csi:d",operation_name="${operation}",status="success"`,
      ),
    )
})

test('a driver without staging is not asked for it', async t => {
  const { root, volumes, take, requests } = world(t, new Set())
  await volumes.mount(mountFor('a', root), () => {})
  await volumes.unmountPod('a')
  await rest()
  assert.deepEqual(take(), ['publish', 'unpublish'])
  assert.equal(requests[0]?.stagingTargetPath, '')
})

test('a kubelet that starts anew takes over, and takes back what nobody wants', async t => {
  const { root, volumes, create, take } = world(t)
  await volumes.mount(mountFor('a', root), () => {})
  await volumes.mount(mountFor('b', root), () => {})
  volumes.stop()
  take()
  const next = create()
  await next.recover()
  assert.deepEqual(next.inUse, [UNIQUE], 'nobody may take it away meanwhile')
  await next.mount(mountFor('a', root), () => {})
  assert.deepEqual(take(), ['stage', 'publish'], 'which changes nothing where it is done already')
  await next.unmountPod('b')
  next.settle()
  await rest()
  assert.deepEqual(take(), ['unpublish'])
  await next.unmountPod('a')
  await rest()
  assert.deepEqual(take(), ['unpublish', 'unstage'])
})

test('what was only staged when the kubelet died is unstaged', async t => {
  const { root, volumes, create, state, take } = world(t)
  state.failures.publish = new CsiError('Unavailable', 'gone')
  await assert.rejects(volumes.mount(mountFor('a', root), () => {}))
  volumes.stop()
  await machineFiles.removeTree(`${root}/pods`)
  const next = create()
  await next.recover()
  take()
  next.settle()
  await rest()
  assert.deepEqual(take(), ['unstage'])
  assert.deepEqual(next.inUse, [])
})

test('after a refusal nothing is to be undone, after silence everything', async t => {
  const { root, volumes, state, take, clock } = world(t)
  state.failures.stage = new CsiError('InvalidArgument', 'no such thing')
  await assert.rejects(
    volumes.mount(mountFor('a', root), () => {}),
    {
      reason: 'FailedMount',
      message:
        'MountVolume.MountDevice failed for volume "pv" : rpc error: code = InvalidArgument desc = no such thing',
    },
  )
  await volumes.unmountPod('a')
  await rest()
  assert.deepEqual(take(), ['stage'])
  state.failures.stage = new CsiError('DeadlineExceeded', 'too slow')
  await assert.rejects(volumes.mount(mountFor('b', root), () => {}))
  await volumes.unmountPod('b')
  await rest()
  assert.deepEqual(take(), ['stage', 'unstage'])
  delete state.failures.stage
  state.failures.publish = new CsiError('Internal', 'no')
  await assert.rejects(
    volumes.mount(mountFor('c', root), () => {}),
    {
      message: 'MountVolume.SetUp failed for volume "pv" : rpc error: code = Internal desc = no',
    },
  )
  state.failures.unstage = new CsiError('Internal', 'busy')
  await volumes.unmountPod('c')
  await rest()
  assert.deepEqual(take(), ['stage', 'publish', 'unstage'])
  delete state.failures.unstage
  await clock.advance(500)
  await rest()
  assert.deepEqual(take(), ['unstage'], 'tried until it works')
})

test('a pod does not end before its driver has let go, and a later one waits for the unstaging', async t => {
  const { root, volumes, state, take } = world(t)
  await volumes.mount(mountFor('a', root), () => {})
  state.isThere = false
  await assert.rejects(volumes.unmountPod('a'), /driver name d not found/)
  state.isThere = true
  take()
  const ended = volumes.unmountPod('a')
  const begun = volumes.mount(mountFor('b', root), () => {})
  await Promise.all([ended, begun])
  await rest()
  const calls = take()
  assert.ok(calls.includes('unpublish') && calls.includes('publish'), `${calls}`)
  assert.notEqual(calls.at(-1), 'unstage', 'the later one has it')
  assert.equal(calls.includes('unstage'), calls.includes('stage'))
})

test('a volume that is attached waits: first the node uses it, then it is attached, then it is mounted', async t => {
  const { root, volumes, state, take, clock, requests } = world(t)
  state.wishes = undefined
  const mount = () => volumes.mount(mountFor('a', root), () => {})
  await assert.rejects(mount(), NotYet)
  assert.deepEqual(volumes.inUse, [UNIQUE])
  assert.equal(state.hurries, 1)
  state.node = { status: { volumesInUse: [UNIQUE] } }
  await assert.rejects(mount(), NotYet)
  assert.equal(state.hurries, 1)
  state.node = { status: { volumesInUse: [UNIQUE], volumesAttached: [{ name: UNIQUE }] } }
  state.attached = { metadata: {}, status: { attached: false } }
  await assert.rejects(mount(), NotYet)
  await clock.advance(123_000)
  await assert.rejects(mount(), {
    reason: 'FailedMount',
    message:
      'Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[v], failed to process volumes=[]: timed out waiting for the condition',
  })
  await assert.rejects(mount(), NotYet)
  assert.deepEqual(take(), [])
  state.attached = { metadata: {}, status: { attached: true, attachmentMetadata: { lun: '1' } } }
  await mount()
  assert.deepEqual(take(), ['stage', 'publish'])
  assert.deepEqual(requests[0]?.publishContext, { lun: '1' })
  await volumes.unmountPod('a')
  await rest()
  assert.deepEqual(volumes.inUse, [])
  assert.ok(state.hurries > 1, 'the control plane hears of it at once')
})

test('a pod that ends while it waits leaves nothing in use', async t => {
  const { root, volumes, state } = world(t)
  state.wishes = undefined
  await assert.rejects(
    volumes.mount(mountFor('a', root), () => {}),
    NotYet,
  )
  await volumes.unmountPod('a')
  await rest()
  assert.deepEqual(volumes.inUse, [])
})

test('a volume for one pod is refused to a second one until the first lets go', async t => {
  const { root, volumes } = world(t)
  const one = { accessModes: ['ReadWriteOncePod'] }
  await volumes.mount(mountFor('a', root, one), () => {})
  await volumes.mount(mountFor('a', root, one), () => {})
  await assert.rejects(
    volumes.mount(mountFor('b', root, one), () => {}),
    /^VolumeError: MountVolume.SetUp failed for volume "pv" : volume uses the ReadWriteOncePod access mode and is already in use by another pod$/,
  )
  await volumes.unmountPod('a')
  await volumes.mount(mountFor('b', root, one), () => {})
})

test('a device is linked in the pod’s directory, and its data go with its last pod', async t => {
  const { root, volumes, take, requests } = world(t)
  const mount = mountFor('a', root, { volumeMode: 'Block' })
  await volumes.mount(mount, () => {})
  assert.deepEqual(take(), ['stage', 'publish'])
  assert.deepEqual(requests[1]?.volumeCapability, { block: {}, accessMode: { mode: 7 } })
  const devices = `${root}/plugins/kubernetes.io/csi/volumeDevices`
  const link = `${root}/pods/a/volumeDevices/kubernetes.io~csi/pv`
  assert.equal(readlinkSync(link), `${devices}/publish/pv/a`)
  await volumes.unmountPod('a')
  await rest()
  assert.deepEqual(take(), ['unpublish', 'unstage'])
  assert.throws(() => lstatSync(link))
  assert.deepEqual(await machineFiles.names(`${devices}/publish`), [])
  assert.equal(existsSync(`${devices}/pv`), false)
})

test('what stands in the pod needs a driver that makes such volumes, and is never staged', async t => {
  const { root, volumes, state, take, requests } = world(t)
  const pod = podOf('a')
  const inline = inlineMount(pod, { name: 'v', csi: { driver: 'd' } } as Volume, root)
  await assert.rejects(
    volumes.mount(inline, () => {}),
    /volume mode "Ephemeral" not supported by driver d \(only supports \["Persistent"\]\)/,
  )
  state.wishes = { volumeLifecycleModes: ['Ephemeral'], podInfoOnMount: true }
  await volumes.mount(inline, () => {})
  assert.deepEqual(take(), ['publish'])
  const context = requests[0]?.volumeContext as Record<string, string>
  assert.equal(context['csi.storage.k8s.io/ephemeral'], 'true')
  assert.equal(context['csi.storage.k8s.io/pod.uid'], 'a')
  assert.deepEqual(volumes.inUse, [], 'nobody attaches it')
  await volumes.unmountPod('a')
  assert.deepEqual(take(), ['unpublish'])
})

test('a driver that wants to be called again is, with tokens that are still good', async t => {
  const { root, volumes, state, take, clock, requests } = world(t)
  state.wishes = {
    ...{ attachRequired: false, requiresRepublish: true },
    ...{ tokenRequests: [{ audience: 'vault' }], serviceAccountTokenInSecrets: true },
  }
  let wakes = 0
  await volumes.mount(mountFor('a', root), () => wakes++)
  assert.deepEqual(take(), ['stage', 'publish'])
  assert.deepEqual(requests[1]?.secrets, {
    'csi.storage.k8s.io/serviceAccount.tokens': '{"vault":{"token":"t","expirationTimestamp":"e"}}',
  })
  await clock.advance(999)
  assert.equal(wakes, 0)
  await clock.advance(1)
  assert.equal(wakes, 1)
  await volumes.mount(mountFor('a', root), () => wakes++)
  assert.deepEqual(take(), ['publish'])
  await volumes.unmountPod('a')
  await clock.advance(120_000)
  assert.equal(wakes, 1, 'nobody is woken for what is gone')
})

test('a volume that has grown grows here, once, and its claim says so', async t => {
  const { root, volumes, state, take } = world(t)
  const status = {
    ...{ capacity: { storage: '1Gi' }, conditions: [{ type: 'FileSystemResizePending' }] },
    allocatedResourceStatuses: { storage: 'NodeResizePending' },
  }
  state.claim = { metadata: { uid: 'cu' }, status }
  const claimed = claimedOf({ capacity: { storage: '2Gi' } }, status)
  const mount = claimedMount(podOf('a'), named, claimed, root)
  assert.equal(await volumes.mount(mount, () => {}), true)
  assert.deepEqual(take(), ['stage', 'publish', 'expand'])
  assert.deepEqual(state.written?.status, { capacity: { storage: '2Gi' }, conditions: [] })
  const grown =
    'Normal FileSystemResizeSuccessful MountVolume.NodeExpandVolume succeeded for volume "pv" n'
  assert.deepEqual(state.told, [grown, grown], 'to the pod and of the claim')
  state.failures.expand = new CsiError('OutOfRange', 'too much')
  assert.equal(await volumes.mount(mount, () => {}), true)
  assert.match(JSON.stringify(state.written), /NodeResizeInfeasible/)
  assert.match(state.told.at(-1) ?? '', /^Warning VolumeResizeFailed .* desc = too much$/)
})

test('one volume that can’t be taken back holds up no other of its pod', async t => {
  const { root, volumes, state, take } = world(t)
  const other = { csi: { driver: 'd', volumeHandle: 'other' } }
  await volumes.mount(mountFor('a', root), () => {})
  const second = claimedOf(other)
  const renamed = { ...second, volume: { ...second.volume, metadata: { name: 'a-first' } } }
  await volumes.mount(claimedMount(podOf('a'), named, renamed, root), () => {})
  take()
  state.failing = request => request.volumeId === 'other' && request.method === 'unpublish'
  await assert.rejects(volumes.unmountPod('a'), /TearDown failed for volume "a-first" of pod a/)
  await rest()
  assert.deepEqual(take().toSorted(), ['unpublish', 'unpublish', 'unstage'])
  assert.deepEqual(volumes.inUse, [], 'not attached')
  assert.equal(existsSync(`${root}/pods/a/volumes/kubernetes.io~csi/a-first`), true)
  state.failing = () => false
  await volumes.unmountPod('a')
  await rest()
  assert.deepEqual(take(), ['unpublish', 'unstage'])
})

test('a volume that is mounted stays so where its driver does not take it again', async t => {
  const { root, volumes, state, clock } = world(t)
  state.wishes = { attachRequired: false, requiresRepublish: true }
  await volumes.mount(mountFor('a', root), () => {})
  await clock.advance(60_000)
  state.isThere = false
  await assert.rejects(
    volumes.mount(mountFor('a', root), () => {}),
    { name: 'VolumeError', isMounted: true, message: /driver name d not found/ },
  )
  state.isThere = true
  state.failures.publish = new CsiError('Internal', 'no')
  await assert.rejects(
    volumes.mount(mountFor('a', root), () => {}),
    { isMounted: true },
  )
  await assert.rejects(
    volumes.mount(mountFor('b', root), () => {}),
    { isMounted: false },
  )
})

test('a volume that may be unstaged is staged anew for whoever comes', async t => {
  const { root, volumes, state, take } = world(t)
  await volumes.mount(mountFor('a', root), () => {})
  state.failures.unstage = new CsiError('DeadlineExceeded', 'too slow')
  await volumes.unmountPod('a')
  await rest()
  take()
  await volumes.mount(mountFor('b', root), () => {})
  assert.deepEqual(take(), ['stage', 'publish'])
})
