/** Scores of resources behind which devices stand, as kube-scheduler 1.36.3 logs them for the same nodes, slices and claims. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { loadCelEngine } from '#api/cel/engine.ts'
import { CycleState } from '../framework/cycle-state.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { createWorld, nodeOf, podOf } from '../testing/world.ts'

const GPU = 'example.com/gpu'
const DRIVER = 'd.io'
before(() => loadCelEngine())

const device = (name: string, more: object = {}, kind = 'gpu') => ({
  name,
  attributes: { kind: { string: kind } },
  ...more,
})
const slice = (name: string, devices: readonly object[], where: object) => ({
  metadata: { name },
  spec: {
    driver: DRIVER,
    pool: { name, generation: 1, resourceSliceCount: 1 },
    devices,
    ...where,
  },
})
const inZone = {
  nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['z'] }] }],
}
const slices = [
  slice('s0', [device('a'), device('b'), device('c', {}, 'nic')], { nodeName: 'n0' }),
  slice(
    's1',
    ['a', 'b', 'c', 'd'].map(name => device(name)),
    { nodeName: 'n1' },
  ),
  slice(
    's3',
    [
      device('a', { nodeName: 'n3' }),
      device('b', { nodeName: 'n0' }),
      device('c', { allNodes: true }),
      device('d', { nodeSelector: inZone }),
    ],
    { perDeviceNodeSelection: true },
  ),
]
const claimOf = (name: string, ...results: object[]) => ({
  metadata: { name, namespace: 'a', uid: name },
  spec: { devices: {} },
  status: {
    allocation: {
      devices: { results: results.map(each => ({ request: 'r', driver: DRIVER, ...each })) },
    },
  },
})
const expression = 'device.attributes["d.io"].kind == "gpu"'
const args = {
  NodeResourcesFit: {
    scoringStrategy: {
      type: 'MostAllocated',
      resources: [
        { name: 'cpu', weight: 1 },
        { name: GPU, weight: 3 },
      ],
    },
  },
  NodeResourcesBalancedAllocation: {
    resources: [
      { name: 'cpu', weight: 1 },
      { name: GPU, weight: 1 },
    ],
  },
}

function setUp(options: { claims?: object[]; gates?: ReadonlyMap<string, boolean> } = {}) {
  const { claims = [claimOf('held', { pool: 's1', device: 'a' })], gates = new Map() } = options
  const world = createWorld({
    gates,
    profile: { pluginArgs: new Map(Object.entries(args)) },
    objects: {
      deviceclasses: [
        {
          metadata: { name: 'gpu' },
          spec: { extendedResourceName: GPU, selectors: [{ cel: { expression } }] },
        },
      ],
      resourceslices: slices,
      resourceclaims: claims,
    },
  })
  for (const name of ['n0', 'n1', 'n2', 'n3']) {
    const labels: Record<string, string> = name === 'n3' ? { zone: 'z' } : {}
    const node = nodeOf(name, { cpu: '8', labels })
    const offered = name === 'n2' ? { [GPU]: '4' } : {}
    const allocatable = { ...node.status.allocatable, ...offered }
    world.state.setNode({ ...node, status: { ...node.status, allocatable } } as never)
  }
  const info = podInfoOf(asking('p', 1))
  const scoresOf = (plugin: string, pod = info): readonly number[] => {
    const cycle = new CycleState()
    const of = { points: world.profile.points }
    of.points.preScore.find(({ name }) => name === plugin)?.preScore(cycle, pod, [])
    const scoring = of.points.score.find(({ name }) => name === plugin)
    assert.ok(scoring)
    return ['n0', 'n1', 'n2', 'n3'].map(name => {
      const node = world.state.node(name)
      assert.ok(node)
      return scoring.score(cycle, pod, node)
    })
  }
  return { ...world, scoresOf }
}

const asking = (name: string, gpus: number) =>
  podOf(name, {
    containers: [
      { name: 'c', image: 'i', resources: { requests: { cpu: '2', [GPU]: `${gpus}` } } },
    ],
  } as never)

test('devices of the class that a node can use are what it has, those that are given are requested', () => {
  const { scoresOf } = setUp()
  // 1 of 4, 2 of 5, 1 of its own 4, 1 of 3, each with 2 of 8 processors.
  assert.deepEqual(scoresOf('NodeResourcesFit'), [25, 36, 25, 31])
  // 0 before and 1/4 of each after; 0 and 1/5 before, 1/4 and 2/5 after; as on the first; 1/4 and 1/3 after.
  assert.deepEqual(scoresOf('NodeResourcesBalancedAllocation'), [75, 76, 75, 72])
})

test('a device of which a share is given counts as given, one that is only looked at does not', () => {
  const held = claimOf('held', { pool: 's1', device: 'a', shareID: 'x' })
  const more = claimOf('more', { pool: 's1', device: 'a', shareID: 'y' })
  const watched = claimOf('watched', { pool: 's1', device: 'b', adminAccess: true })
  const { scoresOf } = setUp({ claims: [held, more, watched] })
  assert.deepEqual(scoresOf('NodeResourcesFit'), [25, 36, 25, 31])
})

test('where the resource is not asked for, or the gate is off, devices do not count', () => {
  const { scoresOf } = setUp()
  assert.deepEqual(scoresOf('NodeResourcesFit', podInfoOf(asking('q', 0))), [25, 25, 25, 25])
  const off = setUp({ gates: new Map([['DRAExtendedResource', false]]) })
  assert.deepEqual(off.scoresOf('NodeResourcesFit'), [25, 25, 25, 25])
})

test('pods that look alike are scored anew when devices were given away between them', async () => {
  const { attempt, profile } = setUp()
  const devices = profile.points.reserve.find(({ name }) => name === 'DynamicResources')
  assert.ok(devices)
  const place = (name: string) => {
    const [info, cycle] = [podInfoOf(asking(name, 1)), new CycleState()]
    const result = attempt(info, cycle)
    if ('node' in result) devices.reserve(cycle, info, result.node)
    return 'node' in result ? result.node.name : undefined
  }
  // The first pod that asks for devices has the engine for expressions loaded.
  place('first')
  await new Promise(resolve => setImmediate(resolve))
  // Nothing of the nodes changes in this world; what is given of the devices makes the fullest node fuller.
  assert.deepEqual(['p', 'q', 'r'].map(place), ['n1', 'n1', 'n1'])
})
