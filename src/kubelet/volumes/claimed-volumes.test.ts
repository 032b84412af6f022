import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { AnyKind, ObjectOf } from '#api/machinery/kind.ts'
import type { Pod, Volume } from '../pod-types.ts'
import { ClaimedVolumes } from './claimed-volumes.ts'
import { sourceOf } from './sources.ts'

const mine = { name: 'v', persistentVolumeClaim: { claimName: 'data' } } as Volume
const podWith = (volume: Volume, phase = 'Pending') =>
  ({
    metadata: { name: 'p', namespace: 'a', uid: 'pod' },
    spec: {
      containers: [{ name: 'c', volumeMounts: [{ name: volume.name, mountPath: '/v' }] }],
      volumes: [volume, { name: 'tmp', emptyDir: {} }],
    },
    status: { phase },
  }) as unknown as Pod

interface Given {
  readonly claim?: object
  readonly status?: object
  readonly volume?: object
}

function world({ claim = {}, status = {}, volume = {} }: Given = {}) {
  const objects = {
    PersistentVolumeClaim: {
      metadata: { name: 'data', namespace: 'a', uid: 'claim', ...claim },
      spec: { volumeName: 'pv' },
      status: { phase: 'Bound', ...status },
    } as unknown as PersistentVolumeClaim,
    PersistentVolume: {
      metadata: { name: 'pv' },
      spec: { claimRef: { uid: 'claim' }, ...volume },
      status: {},
    } as unknown as PersistentVolume,
  }
  let asked = 0
  const get = async <K extends AnyKind>(kind: K): Promise<ObjectOf<K>> => {
    asked++
    return objects[kind.kind as keyof typeof objects] as unknown as ObjectOf<K>
  }
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs }
  const claims = new ClaimedVolumes({ get }, clock)
  const find = (pod: Pod) =>
    claims.find(pod, (named, claimed) => void sourceOf(pod, named, claimed, '/k'))
  const source = (pod: Pod, named: Volume) => sourceOf(pod, named, claims.behind(pod, named), '/k')
  return { claims, find, source, clock, objects, asked: () => asked }
}

test('behind a claim is a directory of the node', async () => {
  const { claims, find, source, asked } = world({ volume: { hostPath: { path: '/x', type: '' } } })
  const pod = podWith(mine)
  assert.deepEqual(source(pod, mine), { kind: 'own', volume: mine }, 'nothing is known yet')
  await find(pod)
  const volume = { name: 'v', hostPath: { path: '/x', type: '' } }
  assert.deepEqual(source(pod, mine), { kind: 'own', volume })
  await find(pod)
  assert.equal(asked(), 2, 'once for a pod')
  claims.forget('pod')
  assert.deepEqual(source(pod, mine), { kind: 'own', volume: mine })
  const local = world({ volume: { local: { path: '/disk' } } })
  await local.find(pod)
  assert.deepEqual(local.source(pod, mine), {
    ...{ kind: 'localFiles', specName: 'pv', path: '/disk', fsType: '', options: [] },
    target: '/k/pods/pod/volumes/kubernetes.io~local-volume/pv',
  })
})

test('a claim is read anew when it is old, and stays where it cannot be read', async () => {
  const { claims, find, clock, objects, asked } = world({ volume: { hostPath: { path: '/x' } } })
  const pod = podWith(mine)
  await find(pod)
  await claims.refresh(pod, mine, 30_000)
  assert.equal(asked(), 2)
  clock.nowMs = 30_000
  const [before] = [claims.behind(pod, mine)]
  objects.PersistentVolumeClaim = {
    ...objects.PersistentVolumeClaim,
    status: { phase: 'Lost' },
  } as never
  await claims.refresh(pod, mine, 30_000)
  assert.equal(claims.behind(pod, mine)?.claim.status.phase, 'Lost')
  assert.equal(before?.claim.status.phase, 'Bound')
  objects.PersistentVolumeClaim = { metadata: { uid: 'another' } } as never
  clock.nowMs = 90_000
  await claims.refresh(pod, mine, 30_000)
  assert.equal(claims.behind(pod, mine)?.claim.status.phase, 'Lost')
})

test('a volume is used as what it is', async () => {
  const device = world({ volume: { local: { path: '/dev/x' }, volumeMode: 'Block' } })
  const using = (more: object): Pod => {
    const pod = podWith(mine)
    return { ...pod, spec: { ...pod.spec, containers: [{ name: 'c', ...more }] } } as Pod
  }
  const mounted = using({ volumeMounts: [{ name: 'v', mountPath: '/m' }] })
  const mapped = using({ volumeDevices: [{ name: 'v', devicePath: '/dev/v' }] })
  await assert.rejects(
    device.find(mounted),
    /volume v has volumeMode Block, but is specified in volumeMounts$/,
  )
  await device.find(mapped)
  const files = world({ volume: { local: { path: '/x' } } })
  await assert.rejects(
    files.find(mapped),
    /volume v has volumeMode Filesystem, but is specified in volumeDevices$/,
  )
  await files.find(mounted)
})

test('why a claim cannot be mounted', async () => {
  const hostPath = { path: '/x' }
  const refused: [string, Given, string][] = [
    ['waiting', { status: { phase: 'Pending' } }, 'PVC is not bound'],
    ['ending', { claim: { deletionTimestamp: 'now' } }, 'PVC is being deleted'],
    [
      'elsewhere',
      { volume: { hostPath, claimRef: { uid: 'other' } } },
      'found PV object "pv" but its pv.Spec.ClaimRef.UID "other" does not point to claim.UID "claim"',
    ],
    [
      'a disk of iSCSI',
      { volume: { iscsi: { lun: 0 } } },
      "this node can't mount volumes of this type (iscsi)",
    ],
    [
      'a device',
      { volume: { nfs: { server: 's', path: '/' }, volumeMode: 'Block' } },
      'volume v has volumeMode Block, but is specified in volumeMounts',
    ],
  ]
  for (const [name, given, message] of refused)
    await assert.rejects(world(given).find(podWith(mine)), (error: Error) => {
      assert.equal(
        error.message,
        `Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: error processing PVC a/data: ${message}`,
        name,
      )
      return true
    })
})

test('a pod that runs keeps a claim that is being deleted', async () => {
  const { find } = world({
    claim: { deletionTimestamp: 'now' },
    volume: { hostPath: { path: '/x' } },
  })
  await find(podWith(mine, 'Running'))
})

test('the claim of an ephemeral volume has to be the pod’s own', async () => {
  const ephemeral = { name: 'v', ephemeral: {} } as Volume
  const owner = (uid: string) => ({
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid, controller: true }],
  })
  const volume = { hostPath: { path: '/x' } }
  await world({ claim: owner('pod'), volume }).find(podWith(ephemeral))
  await assert.rejects(
    world({ claim: owner('other'), volume }).find(podWith(ephemeral)),
    /PVC a\/p-v was not created for pod a\/p \(pod is not owner\)/,
  )
})

test('what no container has is not looked for', async () => {
  const { find, asked } = world({ status: { phase: 'Pending' } })
  const pod = podWith(mine)
  await find({ ...pod, spec: { ...pod.spec, containers: [{ name: 'c' }] } } as unknown as Pod)
  assert.equal(asked(), 0)
})
