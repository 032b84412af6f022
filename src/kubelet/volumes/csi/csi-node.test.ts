import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { StatusError } from '#api/machinery/status.ts'
import type { CSINode } from '#api/storage/v1/csi-node.ts'
import { silentLog } from '#base/log.ts'
import type { Client } from '#client/client.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { CsiNodeObject } from './csi-node.ts'
import type { DriverOnNode } from './drivers.ts'

const driver = (name: string, more: Partial<DriverOnNode> = {}): DriverOnNode => ({
  ...{ name, nodeId: `id-of-${name}`, maxVolumes: 0, topology: {} },
  ...more,
})
const IDS = 'csi.volume.kubernetes.io/nodeid'

/** An API with one node and perhaps its CSINode; `conflicts` of its next updates fail. */
function world() {
  const clock = createManualClock()
  const state = {
    node: {
      kind: 'Node',
      metadata: { name: 'n', uid: 'u1', labels: { zone: 'a' }, annotations: { kept: 'yes' } },
    } as unknown as Node,
    object: undefined as CSINode | undefined,
    known: true,
    conflicts: 0,
    away: false,
    writes: 0,
  }
  const client = {
    async get({ kind }: { kind: string }) {
      if (state.away) throw new Error('the API is away')
      const found = kind === 'Node' ? state.node : state.object
      if (!found) throw new StatusError('NotFound', 'not found')
      return found
    },
    async create(_: unknown, object: CSINode) {
      state.writes++
      state.object = object
    },
    async update({ kind }: { kind: string }, object: never) {
      if (state.conflicts-- > 0) throw new StatusError('Conflict', 'too late')
      state.writes++
      if (kind === 'Node') state.node = object
      else state.object = object
    },
  } as unknown as Client
  const object = new CsiNodeObject({
    ...{ client, clock, log: silentLog, nodeName: 'n' },
    node: () => (state.known ? state.node : undefined),
  })
  return { object, state, clock }
}

const rest = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
}

test('a node without drivers says so, and belongs to its Node', async () => {
  const { object, state } = world()
  object.start()
  await rest()
  assert.deepEqual((state.object as CSINode | undefined)?.spec.drivers, [])
  assert.equal(state.object?.metadata.ownerReferences?.[0]?.uid, 'u1')
  await object.stop()
})

test('a driver is told with its node id, topology and how much it takes, beside others', async () => {
  const { object, state } = world()
  await object.announce(driver('a'))
  state.conflicts = 2
  await object.announce(driver('b', { maxVolumes: 5, topology: { 'b/zone': 'z', 'b/host': 'h' } }))
  assert.deepEqual(state.object?.spec.drivers, [
    { name: 'a', nodeID: 'id-of-a', topologyKeys: [] },
    {
      ...{ name: 'b', nodeID: 'id-of-b', topologyKeys: ['b/host', 'b/zone'] },
      allocatable: { count: 5 },
    },
  ])
  const { labels, annotations } = state.node.metadata
  assert.deepEqual(labels, { zone: 'a', 'b/zone': 'z', 'b/host': 'h' })
  assert.equal(annotations?.kept, 'yes')
  assert.deepEqual(JSON.parse(annotations?.[IDS] ?? ''), { a: 'id-of-a', b: 'id-of-b' })
  const { writes } = state
  await object.announce(driver('a'))
  object.renounce('a')
  await rest()
  assert.deepEqual(
    state.object?.spec.drivers.map(({ name }) => name),
    ['b'],
  )
  assert.deepEqual(JSON.parse(state.node.metadata.annotations?.[IDS] ?? ''), { b: 'id-of-b' })
  assert.ok(state.writes > writes)
  object.renounce('b')
  await rest()
  assert.deepEqual(state.node.metadata.annotations, { kept: 'yes' })
  await object.stop()
})

test('a place that differs from what the node says is an error', async () => {
  const { object, state } = world()
  await assert.rejects(
    object.announce(driver('a', { topology: { zone: 'b' } })),
    /detected topology value collision: driver reported "zone":"b" but existing label is "zone":"a"/,
  )
  assert.equal(state.object, undefined)
  // It holds up nobody else.
  await object.announce(driver('b'))
  object.renounce('b')
  await rest()
  assert.deepEqual((state.object as CSINode | undefined)?.spec.drivers, [])
  await object.stop()
})

test('drivers that go while the API is away are all told of later', async () => {
  const { object, state, clock } = world()
  for (const name of ['a', 'b', 'c']) await object.announce(driver(name))
  state.away = true
  object.renounce('a')
  await rest()
  object.renounce('b')
  await rest()
  state.away = false
  await clock.advance(60_000)
  await rest()
  assert.deepEqual(
    state.object?.spec.drivers.map(({ name }) => name),
    ['c'],
  )
  // One that comes back in between is there.
  state.away = true
  object.renounce('c')
  await rest()
  state.away = false
  await object.announce(driver('c'))
  await clock.advance(60_000)
  await rest()
  assert.deepEqual(
    state.object?.spec.drivers.map(({ name }) => name),
    ['c'],
  )
  await object.stop()
})

test('as many volumes as the API can count', async () => {
  const { object, state } = world()
  await object.announce(driver('a', { maxVolumes: 2 ** 40 }))
  assert.equal(state.object?.spec.drivers[0]?.allocatable?.count, 2 ** 31 - 1)
  await object.stop()
})

test('what could not be told is told later; a node that is registered anew is told all', async () => {
  const { object, state, clock } = world()
  state.known = false
  object.start()
  await rest()
  assert.equal(state.object, undefined)
  state.known = true
  await clock.advance(1_000)
  await rest()
  assert.deepEqual((state.object as CSINode | undefined)?.spec.drivers, [])
  await object.announce(driver('a'))
  state.away = true
  object.renounce('a')
  await rest()
  state.away = false
  await clock.advance(60_000)
  await rest()
  assert.deepEqual((state.object as CSINode | undefined)?.spec.drivers, [])
  await object.announce(driver('b'))
  state.node = { kind: 'Node', metadata: { name: 'n', uid: 'u2' } } as unknown as Node
  state.object = undefined
  object.seen(state.node)
  await rest()
  assert.equal((state.object as CSINode | undefined)?.spec.drivers[0]?.name, 'b')
  assert.match(state.node.metadata.annotations?.[IDS] ?? '', /id-of-b/)
  await object.stop()
})
