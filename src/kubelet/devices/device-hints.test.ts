import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseDevices } from './choose-devices.ts'
import type { Device } from './device.ts'
import { deviceHints, haveTopology, isNear } from './device-hints.ts'

const devices = (nodes: Readonly<Record<string, readonly number[]>>) =>
  new Map<string, Device>(
    Object.entries(nodes).map(([id, numaNodes]) => [id, { id, healthy: true, numaNodes }]),
  )
/** Two on each of two nodes. */
const four = devices({ a: [0], b: [0], c: [1], d: [1] })
const asked = { all: four, free: ['a', 'b', 'c', 'd'], reusable: [], nodeIds: [0, 1] }
/** Sets as texts, preferred ones with a star. */
const hints = (more: Partial<Parameters<typeof deviceHints>[0]>) =>
  deviceHints({ ...asked, wanted: 1, ...more })
    .map(({ nodes = 0, preferred }) => `${nodes.toString(2)}${preferred ? '*' : ''}`)
    .join(' ')

test('the smallest sets that could ever do are preferred, whatever is free now', () => {
  assert.equal(hints({}), '1* 10* 11')
  assert.equal(hints({ wanted: 2 }), '1* 10* 11')
  assert.equal(hints({ wanted: 3 }), '11*')
  assert.equal(hints({ wanted: 2, free: ['a', 'c', 'd'] }), '10* 11')
  assert.equal(hints({ wanted: 2, free: ['a', 'c'] }), '11', 'one node would do, were all free')
  assert.equal(hints({ wanted: 2, free: ['a'] }), '', 'nothing would do')
})

test('what init containers leave has to be among them', () => {
  assert.equal(hints({ wanted: 2, free: ['b', 'c', 'd'], reusable: ['a'] }), '1* 11')
  assert.equal(hints({ wanted: 2, free: ['b', 'd'], reusable: ['c'] }), '10* 11')
})

test('devices of several nodes, and of none', () => {
  const all = devices({ bridge: [0, 1], lost: [], c: [1] })
  assert.equal(hints({ all, free: ['bridge', 'lost', 'c'] }), '1* 10* 11*'.replace(' 11*', ' 11'))
  assert.equal(hints({ all, free: ['lost'] }), '', 'it is near to no node')
  assert.equal(haveTopology(all), true)
  assert.equal(haveTopology(devices({ a: [], b: [] })), false)
  assert.deepEqual(
    ['bridge', 'lost', 'c', 'none'].map(id => isNear(all.get(id), 0b01)),
    [true, undefined, false, undefined],
  )
})

test('near devices come first, then those of no node; where there is a choice it is the plugin’s', async () => {
  const nodes: Readonly<Record<string, readonly number[]>> = {
    ...{ a: [1], b: [0], c: [0], d: [0], lost: [] },
  }
  const all = devices(nodes)
  const asked: string[] = []
  const choose = (count: number, likes: readonly string[] = [], reusable: readonly string[] = []) =>
    chooseDevices({
      ...{ resource: 'r', count, healthy: Object.keys(nodes), taken: new Set(), reusable },
      isNear: id => isNear(all.get(id), 0b01),
      preferred: async (available, must, size) => {
        asked.push(`${available.toSorted().join('')} ${must.join('')} ${size}`)
        return likes
      },
    })
  assert.deepEqual(await choose(2, ['d', 'a', 'c']), ['d', 'c'])
  assert.deepEqual(await choose(3), ['b', 'c', 'd'])
  assert.deepEqual(await choose(4, ['a']), ['b', 'c', 'd', 'a'])
  assert.deepEqual(await choose(4), ['b', 'c', 'd', 'lost'])
  assert.deepEqual(await choose(2, [], ['a']), ['a', 'b'])
  assert.deepEqual(asked, [
    'bcd  2',
    // Three are near, and no others would do: nothing to ask.
    'abcdlost bcd 4',
    'abcdlost bcd 4',
    'abcd a 2',
  ])
})
