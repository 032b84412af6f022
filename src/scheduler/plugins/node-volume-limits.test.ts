import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { podInfoOf } from '../state/pod-info.ts'
import {
  boundClaimOf,
  claimOf,
  classNamed,
  podWithClaims,
  volumeOf,
} from '../testing/volume-objects.ts'
import { createWorld, nodeOf } from '../testing/world.ts'

const csi = (volumeHandle: string, driver = 'd') => ({ csi: { driver, volumeHandle } })

function world(count: number | undefined, more: Record<string, object[]> = {}) {
  const made = createWorld({
    objects: {
      csinodes: [
        {
          metadata: { name: 'n1' },
          spec: {
            drivers: [{ name: 'd', ...(count === undefined ? {} : { allocatable: { count } }) }],
          },
        },
      ],
      persistentvolumeclaims: [
        ...['1', '2', '3'].map(i => boundClaimOf(`c${i}`, `v${i}`)),
        boundClaimOf('same', 'v1'),
        boundClaimOf('foreign', 'e1'),
        claimOf('new'),
      ],
      persistentvolumes: [
        ...['1', '2', '3'].map(i => volumeOf(`v${i}`, csi(i))),
        volumeOf('e1', csi('1', 'e')),
      ],
      storageclasses: [classNamed('late', { provisioner: 'd' })],
      ...more,
    },
  })
  made.state.setNode(nodeOf('n1'))
  const place = (pod: Pod) =>
    made.state.setPod({ ...pod, spec: { ...pod.spec, nodeName: 'n1' } } as Pod)
  const tried = (...claims: string[]) => {
    const result = made.attempt(podInfoOf(podWithClaims('p', ...claims)))
    if ('node' in result) return result.node.name
    return 'failure' in result ? result.failure.message('').replace(/^.*available: \d /, '') : ''
  }
  return { ...made, place, tried }
}
const FULL = 'node(s) exceed max volume count.'

test('volumes of a driver are counted once each, and no more than it takes are placed', () => {
  const { place, tried } = world(2)
  assert.equal(tried('c1', 'c2', 'c3'), FULL)
  assert.equal(tried('c1', 'same', 'c2'), 'n1', 'two claims of one volume')
  place(podWithClaims('x', 'c1', 'foreign'))
  assert.equal(tried('c2'), 'n1')
  assert.equal(tried('c2', 'c3'), FULL)
  assert.equal(tried('c1', 'c2'), 'n1', 'one is there already')
  assert.equal(tried('new'), 'n1')
  place(podWithClaims('y', 'c2'))
  assert.equal(tried('new'), FULL, 'volumes that are still to be made count too')
  assert.equal(tried('foreign'), 'n1', 'other drivers have their own limits')
})

test('what is attached counts though no pod uses it, and drivers without a limit have none', () => {
  const attached = {
    metadata: { name: 'a' },
    spec: { attacher: 'd', nodeName: 'n1', source: { persistentVolumeName: 'v3' } },
  }
  const { tried } = world(1, { volumeattachments: [attached] })
  assert.equal(tried('c3'), 'n1')
  assert.equal(tried('c1'), FULL)
  assert.equal(world(undefined).tried('c1', 'c2', 'c3'), 'n1')
  assert.equal(world(1, { csinodes: [] }).tried('c1', 'c2', 'c3'), 'n1')
})

test('a higher limit, or none any more, is worth another try', () => {
  const { profile } = world(1)
  const [plugin] = profile.points.filter.filter(({ name }) => name === 'NodeVolumeLimits')
  const [interest] = plugin?.events?.() ?? []
  const node = (count?: number) => ({
    metadata: { name: 'n1' },
    spec: { drivers: [{ name: 'd', ...(count === undefined ? {} : { allocatable: { count } }) }] },
  })
  const helps = (before: number | undefined, after: number | undefined) =>
    interest?.hint?.(podInfoOf(podWithClaims('p')), {
      previous: node(before),
      next: node(after),
    } as never)
  assert.deepEqual(
    [helps(1, 2), helps(2, 1), helps(1, 1), helps(1, undefined)],
    [true, false, false, true],
  )
})
