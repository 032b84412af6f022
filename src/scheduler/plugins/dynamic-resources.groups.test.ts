/** Claims that the pods of a group share, decided before any of it is written. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { loadCelEngine } from '#api/cel/engine.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { CycleState } from '../framework/cycle-state.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { createRecordingClient } from '../testing/recording-client.ts'
import { createWorld, nodeOf, podOf } from '../testing/world.ts'

before(() => loadCelEngine())

const gates = new Map([
  ['GenericWorkload', true],
  ['GangScheduling', true],
  ['DRAWorkloadResourceClaims', true],
])
const claimOf = (name: string, status: object = {}) => ({
  metadata: { name, namespace: 'a', uid: name },
  spec: {
    devices: {
      requests: [
        { name: 'r', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 } },
      ],
    },
  },
  status,
})
const entry = (name: string) => ({ name, resourceClaimName: name })
const groupOf = (name: string, ...claims: string[]) => ({
  metadata: { name, namespace: 'a', uid: `uid-${name}` },
  spec: { schedulingPolicy: { gang: { minCount: 2 } }, resourceClaims: claims.map(entry) },
  status: {},
})
const memberOf = (group: string, name: string, ...claims: string[]): Pod =>
  podOf(name, {
    schedulingGroup: { podGroupName: group },
    resourceClaims: claims.map(entry),
  } as never)

/** A node `n1` with two devices and another without, and claims by name. */
async function setUp(options: { claims?: object[]; isOn?: boolean } = {}) {
  const client = createRecordingClient()
  const { claims = [claimOf('c'), claimOf('d')], isOn = true } = options
  const world = createWorld({
    client,
    gates: isOn ? gates : new Map([...gates].slice(0, 2)),
    objects: {
      deviceclasses: [{ metadata: { name: 'gpu' }, spec: {} }],
      resourceclaims: claims,
      resourceslices: [
        {
          metadata: { name: 's' },
          spec: {
            driver: 'gpu.example.com',
            nodeName: 'n1',
            pool: { name: 'n1', generation: 1, resourceSliceCount: 1 },
            devices: [{ name: 'd0' }, { name: 'd1' }],
          },
        },
      ],
      podgroups: [groupOf('g', 'c'), groupOf('h', 'c')],
    },
  })
  for (const name of ['n1', 'n2']) world.state.setNode(nodeOf(name))
  const plugin = world.profile.points.reserve.find(({ name }) => name === 'DynamicResources')
  assert.ok(plugin)
  const place = (pod: Pod) => {
    const [info, cycle] = [podInfoOf(pod), new CycleState()]
    const result = world.attempt(info, cycle)
    if (!('node' in result)) {
      const said = 'failure' in result ? result.failure.message('') : result.status.reasons.join()
      return { said, bind: async () => undefined, giveUp() {} }
    }
    const { node } = result
    plugin.reserve(cycle, info, node)
    return {
      said: node.name,
      bind: () => plugin.preBind?.(cycle, info, node),
      giveUp: () => plugin.unreserve?.(cycle, info, node),
    }
  }
  place(memberOf('g', 'first', 'c')).giveUp()
  await new Promise(resolve => setImmediate(resolve))
  return { place, client }
}

const statuses = ({ written }: { written: readonly { options?: unknown; body?: unknown }[] }) =>
  written.flatMap(({ options, body }) =>
    options ? [(body as { status: { reservedFor: object[] } }).status] : [],
  )

test('members see what the first of them decided, others wait', async () => {
  const { place } = await setUp()
  const first = place(memberOf('g', 'p', 'c'))
  assert.equal(first.said, 'n1')
  const second = place(memberOf('g', 'q', 'c'))
  assert.equal(second.said, 'n1')
  const inProcess = /resource claim a\/c is in the process of being allocated/
  assert.match(place(memberOf('h', 'r', 'c')).said, inProcess)
  assert.match(place(podOf('s', { resourceClaims: [entry('c')] } as never)).said, inProcess)
  assert.equal(place(memberOf('h', 'r', 'd')).said, 'n1', 'one device is taken, not two')
  assert.match(place(memberOf('h', 's', 'd')).said, /n1/, 'of their own group, again')
})

test('what is decided stands as long as a member relies on it', async () => {
  const { place } = await setUp()
  const [first, second] = [place(memberOf('g', 'p', 'c')), place(memberOf('g', 'q', 'c'))]
  first.giveUp()
  assert.match(place(memberOf('h', 'r', 'c')).said, /in the process of being allocated/)
  second.giveUp()
  assert.equal(place(memberOf('h', 'r', 'c')).said, 'n1')
})

test('what the group shares is reserved for the group, what it does not name for the pod', async () => {
  const group = {
    apiGroup: 'scheduling.k8s.io',
    resource: 'podgroups',
    name: 'g',
    uid: 'uid-g',
  }
  const own = { resource: 'pods', name: 'p', uid: 'p' }
  for (const isOn of [true, false]) {
    const { place, client } = await setUp({ isOn })
    assert.equal(await place(memberOf('g', 'p', 'c', 'd')).bind(), undefined)
    assert.deepEqual(
      statuses(client).map(({ reservedFor }) => reservedFor),
      [[isOn ? group : own], [own]],
    )
  }
})

const allocation = {
  devices: { results: [{ request: 'r', driver: 'gpu.example.com', pool: 'n1', device: 'd0' }] },
  nodeSelector: {
    nodeSelectorTerms: [
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] },
    ],
  },
}

test('a claim that is reserved for the group needs nothing written for one more member', async () => {
  const reservedFor = Array.from({ length: 256 }, (_, i) => ({
    ...(i === 7
      ? { apiGroup: 'scheduling.k8s.io', resource: 'podgroups', name: 'g', uid: 'uid-g' }
      : { resource: 'pods', name: `x${i}`, uid: `x${i}` }),
  }))
  const { place, client } = await setUp({ claims: [claimOf('c', { allocation, reservedFor })] })
  const { said, bind } = place(memberOf('g', 'p', 'c'))
  assert.equal(said, 'n1')
  assert.equal(await bind(), undefined)
  assert.deepEqual(client.written, [])
  assert.match(place(memberOf('h', 'q', 'c')).said, /resourceclaim in use/)
})
