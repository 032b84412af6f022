import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { AnyKind, ObjectOf } from '#api/machinery/kind.ts'
import type { Pod, Volume } from '../pod-types.ts'
import { ClaimedVolumes } from './claimed-volumes.ts'

const mine = { name: 'v', persistentVolumeClaim: { claimName: 'data' } } as Volume
const podWith = (volume: Volume, phase = 'Pending') =>
  ({
    metadata: { name: 'p', namespace: 'a', uid: 'pod' },
    spec: { containers: [], volumes: [volume, { name: 'tmp', emptyDir: {} }] },
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
  return { claims: new ClaimedVolumes({ get }), asked: () => asked }
}

test('behind a claim is a directory of the node', async () => {
  const { claims, asked } = world({ volume: { hostPath: { path: '/x', type: '' } } })
  const pod = podWith(mine)
  assert.equal(claims.behind(pod, mine), mine, 'nothing is known yet')
  await claims.find(pod)
  assert.deepEqual(claims.behind(pod, mine), { name: 'v', hostPath: { path: '/x', type: '' } })
  await claims.find(pod)
  assert.equal(asked(), 2, 'once for a pod')
  claims.forget('pod')
  assert.equal(claims.behind(pod, mine), mine)
  const local = world({ volume: { local: { path: '/disk' } } })
  await local.claims.find(pod)
  assert.deepEqual(local.claims.behind(pod, mine), {
    name: 'v',
    hostPath: { path: '/disk', type: 'Directory' },
  })
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
      'a driver',
      { volume: { csi: { driver: 'd' } } },
      "this node can't mount volumes of this type (csi)",
    ],
    [
      'a device',
      { volume: { local: { path: '/dev/x' }, volumeMode: 'Block' } },
      "this node can't map volumes as block devices, only mount file systems",
    ],
  ]
  for (const [name, given, message] of refused)
    await assert.rejects(world(given).claims.find(podWith(mine)), (error: Error) => {
      assert.equal(
        error.message,
        `Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: error processing PVC a/data: ${message}`,
        name,
      )
      return true
    })
})

test('a pod that runs keeps a claim that is being deleted', async () => {
  const { claims } = world({
    claim: { deletionTimestamp: 'now' },
    volume: { hostPath: { path: '/x' } },
  })
  await claims.find(podWith(mine, 'Running'))
})

test('the claim of an ephemeral volume has to be the pod’s own', async () => {
  const ephemeral = { name: 'v', ephemeral: {} } as Volume
  const owner = (uid: string) => ({
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid, controller: true }],
  })
  const volume = { hostPath: { path: '/x' } }
  await world({ claim: owner('pod'), volume }).claims.find(podWith(ephemeral))
  await assert.rejects(
    world({ claim: owner('other'), volume }).claims.find(podWith(ephemeral)),
    /PVC a\/p-v was not created for pod a\/p \(pod is not owner\)/,
  )
})
