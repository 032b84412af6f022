/** Topology of groups against a slow and obvious model, over random clusters in which each member needs a node for itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CycleState } from '../framework/cycle-state.ts'
import type { ClusterState } from '../state/cluster-state.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { asking, createWorld, nodeOf, podOf } from '../testing/world.ts'

const gates = new Map([
  ['GenericWorkload', true],
  ['GangScheduling', true],
  ['TopologyAwareWorkloadScheduling', true],
])
const clusters = fc.record({
  nodes: fc.array(
    fc.record({
      rack: fc.option(fc.constantFrom('r0', 'r1', 'r2'), { nil: undefined }),
      isTaken: fc.boolean(),
    }),
    { minLength: 1, maxLength: 9 },
  ),
  members: fc.integer({ min: 1, max: 4 }),
  minCount: fc.integer({ min: 1, max: 3 }),
})
type Cluster = typeof clusters extends fc.Arbitrary<infer T> ? T : never

const taken = ({ nodes }: ClusterState) =>
  nodes.map(({ requested }) => [...requested].filter(([, amount]) => amount > 0))

function worldOf({ nodes, members, minCount }: Cluster, running: readonly string[] = []) {
  const memberOf = (name: string, more: object = {}) =>
    podOf(name, { ...asking('4', '1Mi'), schedulingGroup: { podGroupName: 'g' }, ...more } as never)
  const pods = Array.from({ length: members }, (_, i) => memberOf(`m${i}`))
  const bound = running.map((nodeName, i) => memberOf(`b${i}`, { nodeName }))
  const group = {
    metadata: { name: 'g', namespace: 'a' },
    spec: {
      schedulingPolicy: { gang: { minCount } },
      schedulingConstraints: { topology: [{ key: 'rack' }] },
    },
    status: {},
  }
  const world = createWorld({ gates, objects: { pods: [...pods, ...bound], podgroups: [group] } })
  for (const [i, { rack, isTaken }] of nodes.entries()) {
    world.state.setNode(nodeOf(`n${i}`, rack ? { labels: { rack } } : {}))
    if (isTaken) world.state.setPod(podOf(`t${i}`, { ...asking('4'), nodeName: `n${i}` }))
  }
  for (const pod of bound) world.state.setPod(pod)
  return { ...world, infos: pods.map(podInfoOf) }
}

interface Rack {
  /** How many members it takes. */
  readonly room: number
  /** How full it would be with them, in percent: of processors, and of memory in whole mebibytes. */
  readonly cpu: number
  readonly memory: number
}

/** Each member takes a whole node of 4 processors and 8 GiB, and 1 MiB; others that run there take the processors and 1 GiB. */
function racksOf({ nodes, members }: Cluster): Map<string, Rack> {
  const racks = new Map<string, Rack>()
  for (const name of new Set(nodes.flatMap(({ rack }) => rack ?? []))) {
    const own = nodes.filter(({ rack }) => rack === name)
    const taken = own.filter(({ isTaken }) => isTaken).length
    const room = Math.min(own.length - taken, members)
    const percent = (requested: number, each: number) =>
      Math.floor((100 * requested) / (each * own.length))
    const cpu = percent(4 * (taken + room), 4)
    racks.set(name, { room, cpu, memory: percent(1024 * taken + room, 8 * 1024) })
  }
  return racks
}

/** The racks that a group may come to, by what upstream's scores are made of. */
function bestOf(racks: Map<string, Rack>, minCount: number): Set<string> {
  const good = [...racks].filter(([, { room }]) => room >= minCount)
  const most = Math.max(...good.map(([, { room }]) => room))
  const scoreOf = ({ room, cpu, memory }: Rack) =>
    Math.floor((cpu + memory) / 2) + Math.floor((100 * room) / most)
  const best = Math.max(...good.map(([, rack]) => scoreOf(rack)))
  return new Set(good.filter(([, rack]) => scoreOf(rack) === best).map(([name]) => name))
}

test('a group comes into a rack with the best score, and stays there', () => {
  const seen = { placed: 0, refused: 0, packed: 0 }
  fc.assert(
    fc.property(clusters, cluster => {
      const { state, infos, attempt } = worldOf(cluster)
      const room = racksOf(cluster)
      const best = bestOf(room, cluster.minCount)
      const used = new Set<string>()
      const racks = new Set<string | undefined>()
      for (const info of infos) {
        const sums = taken(state)
        const result = attempt(info, new CycleState())
        assert.deepEqual(taken(state), sums, 'a trial left something behind')
        if (!('node' in result)) {
          assert.ok('failure' in result)
          if (used.size === 0)
            assert.match(result.failure.message(''), new RegExp(`0/${room.size} placements`))
          continue
        }
        assert.ok(!used.has(result.node.name))
        used.add(result.node.name)
        racks.add(result.node.labels.rack)
        state.assume(info, result.node.name)
      }
      if (best.size === 0) {
        seen.refused++
        assert.equal(used.size, 0)
        return
      }
      seen.placed++
      const [rack] = racks
      assert.equal(racks.size, 1)
      assert.equal(used.size, room.get(rack ?? '')?.room)
      assert.ok(best.has(rack ?? ''), `${rack} of ${JSON.stringify([...room])}`)
      const emptier = [...room].filter(([name, each]) => each.room === used.size && !best.has(name))
      if (emptier.length > 0) seen.packed++
    }),
    { numRuns: 1000 },
  )
  assert.ok(seen.placed > 100 && seen.refused > 100 && seen.packed > 20, JSON.stringify(seen))
})

const racks = (...names: Cluster['nodes'][number]['rack'][]): Cluster => ({
  nodes: names.map(rack => ({ rack, isTaken: false })),
  members: 1,
  minCount: 1,
})

test('where members run already, the others follow, however little room there is', () => {
  const { attempt, infos } = worldOf(racks('r0', 'r0', 'r1', 'r1', 'r1'), ['n0'])
  const [info] = infos
  assert.ok(info)
  const result = attempt(info)
  assert.equal('node' in result && result.node.name, 'n1')
})

test('a member whose node is taken by the time it is tried goes to another of the domain', () => {
  let moved = 0
  for (const other of ['n0', 'n1', 'n2']) {
    const { state, attempt, infos } = worldOf({ ...racks('r0', 'r0', 'r0', 'r1'), members: 2 })
    const [first, second] = infos
    assert.ok(first && second)
    const { node } = attempt(first) as { node: { name: string } }
    if (node.name === other) continue
    state.assume(first, node.name)
    state.setPod(podOf('t', { ...asking('4'), nodeName: other }))
    const result = attempt(second)
    assert.ok('node' in result, 'failure' in result ? result.failure.message('') : '')
    assert.equal(result.node.labels.rack, 'r0')
    moved++
  }
  assert.equal(moved, 2)
})

test('members in two domains, or in none, are an error', () => {
  for (const [running, why] of [
    [['n0', 'n1'], 'more than 1 domain found for pod group: r0, r1'],
    [['n2'], 'no topology domain found for pod a/b0'],
  ] as const) {
    const { attempt, infos } = worldOf(racks('r0', 'r1', undefined), running)
    const [info] = infos
    assert.ok(info)
    const result = attempt(info)
    assert.ok('status' in result)
    assert.equal(result.status.code, 'Error')
    assert.deepEqual(result.status.reasons, [
      `cannot determine domain for already scheduled pods: ${why}`,
    ])
  }
})

test('without the gate, the constraint is not looked at', () => {
  const { profile } = createWorld({ gates: new Map([['GenericWorkload', true]]) })
  assert.ok(!profile.points.preFilter.some(({ name }) => name === 'TopologyPlacementGenerator'))
})

test('no single member of a group evicts anybody', async () => {
  const taken = { nodes: [{ rack: 'r0', isTaken: true } as const], members: 1, minCount: 1 }
  const { infos, postFilter } = worldOf(taken)
  const [info] = infos
  assert.ok(info)
  const { message } = await postFilter(info)
  assert.match(
    message,
    /preemption: not eligible due to placement-based pod group scheduling limitation\./,
  )
})
