import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podInfoOf } from '../state/pod-info.ts'
import {
  claimOf,
  classNamed,
  podWithClaims,
  reachableFrom,
  volumeOf,
} from '../testing/volume-objects.ts'
import { createWorld, nodeOf } from '../testing/world.ts'

const shape = (...points: readonly (readonly [number, number])[]) =>
  points.map(([utilization, score]) => ({ utilization, score }))

/** The node that a pod with one claim of 1Gi gets, if the storage there is so large. */
function chosen(
  sizes: Readonly<Record<string, string>>,
  { made = false, gate = true, points }: { made?: boolean; gate?: boolean; points?: object } = {},
): string {
  const names = Object.keys(sizes)
  const world = createWorld({
    gates: new Map([['StorageCapacityScoring', gate]]),
    profile: points ? { pluginArgs: new Map([['VolumeBinding', { shape: points }]]) } : {},
    objects: {
      persistentvolumeclaims: [claimOf('c')],
      storageclasses: [classNamed('late', made ? { provisioner: 'd' } : {})],
      ...(made
        ? {
            csidrivers: [{ metadata: { name: 'd' }, spec: { storageCapacity: true } }],
            csistoragecapacities: names.map(name => ({
              metadata: { name, namespace: 'a' },
              storageClassName: 'late',
              nodeTopology: { matchLabels: { 'kubernetes.io/hostname': name } },
              capacity: sizes[name],
            })),
          }
        : {
            persistentvolumes: names.map(name =>
              volumeOf(name, { ...reachableFrom(name), capacity: { storage: sizes[name] } }),
            ),
          }),
    },
  })
  for (const name of names) world.state.setNode(nodeOf(name))
  const result = world.attempt(podInfoOf(podWithClaims('p', 'c')))
  return 'node' in result ? result.node.name : 'none'
}

for (const made of [false, true])
  test(`nodes whose storage stays freer are better, ${made ? 'for new volumes' : 'of volumes that are there'}`, () => {
    const sizes = { a: '2Gi', b: '8Gi', c: '4Gi' }
    assert.equal(chosen(sizes, { made }), 'b')
    const fullest = shape([0, 0], [100, 10])
    assert.equal(chosen(sizes, { made, points: fullest }), 'a')
    const half = shape([0, 0], [20, 0], [25, 10], [30, 0])
    assert.equal(chosen(sizes, { made, points: half }), 'c')
  })

test('without the gate storage does not count', () => {
  const places = new Set<string>()
  for (const size of ['2Gi', '8Gi'])
    places.add(chosen({ a: size, b: size === '2Gi' ? '8Gi' : '2Gi' }, { gate: false }))
  assert.equal(places.size, 1, 'the choice does not follow the storage')
})
