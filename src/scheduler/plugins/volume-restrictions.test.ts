import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { createRecordingClient } from '../testing/recording-client.ts'
import { boundClaimOf, podWithClaims, volumeOf } from '../testing/volume-objects.ts'
import { asking, createWorld, nodeOf, podOf } from '../testing/world.ts'

function world(placed: readonly [string, Pod][] = []) {
  const client = createRecordingClient()
  const made = createWorld({
    client,
    objects: {
      persistentvolumeclaims: [
        boundClaimOf('one', 'v', { accessModes: ['ReadWriteOncePod'] }),
        boundClaimOf('many', 'v'),
      ],
      persistentvolumes: [volumeOf('v')],
    },
  })
  made.state.setNode(nodeOf('n1'))
  for (const [node, pod] of placed)
    made.state.setPod({ ...pod, spec: { ...pod.spec, nodeName: node } } as Pod)
  const tried = (pod: Pod) => {
    const result = made.attempt(podInfoOf(pod))
    if ('node' in result) return result.node.name
    return 'failure' in result ? result.failure.message('').replace(/^.*available: \d /, '') : ''
  }
  return { ...made, client, tried }
}
const withVolume = (name: string, volume: object) =>
  podOf(name, { volumes: [{ name: 'v', ...volume }] } as never)

test('two pods cannot have the same disk, unless both only read it', () => {
  const rbd = { monitors: ['m1', 'm2'], pool: 'rbd', image: 'i' }
  const cases: readonly [string, object, object, boolean][] = [
    ['gce', { gcePersistentDisk: { pdName: 'd' } }, { gcePersistentDisk: { pdName: 'd' } }, true],
    [
      'another disk',
      { gcePersistentDisk: { pdName: 'd' } },
      { gcePersistentDisk: { pdName: 'e' } },
      false,
    ],
    [
      'both read',
      { gcePersistentDisk: { pdName: 'd', readOnly: true } },
      { gcePersistentDisk: { pdName: 'd', readOnly: true } },
      false,
    ],
    [
      'aws, though both read',
      { awsElasticBlockStore: { volumeID: 'd', readOnly: true } },
      { awsElasticBlockStore: { volumeID: 'd', readOnly: true } },
      true,
    ],
    ['iscsi', { iscsi: { iqn: 'q' } }, { iscsi: { iqn: 'q', readOnly: true } }, true],
    ['rbd by one monitor', { rbd }, { rbd: { ...rbd, monitors: ['m2', 'm3'] } }, true],
    ['rbd of another cluster', { rbd }, { rbd: { ...rbd, monitors: ['m3'] } }, false],
    ['rbd of another pool', { rbd }, { rbd: { ...rbd, pool: 'other' } }, false],
  ]
  for (const [what, mine, theirs, isRefused] of cases) {
    const { tried } = world([['n1', withVolume('x', theirs)]])
    const expected = isRefused ? 'node(s) had no available disk.' : 'n1'
    assert.equal(tried(withVolume('p', mine)), expected, what)
  }
})

test('a claim for one pod is for one pod in the whole cluster, and preemption can free it', async () => {
  const refused =
    'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod.'
  const { tried, state, postFilter, client } = world([['n1', podWithClaims('x', 'one', 'many')]])
  assert.equal(tried(podWithClaims('p', 'one')), refused)
  assert.equal(tried(podWithClaims('p', 'many')), 'n1')
  const important = podWithClaims('p', 'one')
  const spec = { ...important.spec, ...asking('1'), priority: 10 }
  const { nominatedNode } = await postFilter(podInfoOf({ ...important, spec } as never))
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(nominatedNode, 'n1')
  assert.deepEqual(
    client.written.filter(({ verb }) => verb === 'delete').map(({ name }) => name),
    ['x'],
  )
  state.removePod('x')
  assert.equal(tried(podWithClaims('p', 'one')), 'n1')
})

test('only pods that had the disk or the claim are worth another try', () => {
  const { profile } = world()
  const [plugin] = profile.points.filter.filter(({ name }) => name === 'VolumeRestrictions')
  const [interest] = plugin?.events?.() ?? []
  const helps = (gone: Pod) =>
    interest?.hint?.(podInfoOf(podWithClaims('p', 'one')), { previous: gone } as never)
  assert.equal(helps(podWithClaims('x', 'one')), true)
  assert.equal(helps(podWithClaims('x', 'many')), false)
})
