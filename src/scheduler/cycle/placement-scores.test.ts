/** Scores of placements as kube-scheduler 1.36.3 wrote them into its log for the same nodes and pods. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podInfoOf } from '../state/pod-info.ts'
import { createWorld, nodeOf, podOf } from '../testing/world.ts'
import { placementScores } from './placement-scores.ts'

const GPU = 'example.com/gpu'
type Amounts = Readonly<Record<string, string>>
interface Rack {
  readonly nodes: readonly Amounts[]
  /** What runs on the first node. */
  readonly running?: Amounts
  readonly pods: readonly Amounts[]
}
const gates = new Map([
  ['GenericWorkload', true],
  ['TopologyAwareWorkloadScheduling', true],
])
const packing: Parameters<typeof createWorld>[0] = {
  gates,
  profile: {
    plugins: { placementScore: { enabled: [{ name: 'NodeResourcesFit', weight: 3 }] } },
    pluginArgs: new Map([
      [
        'NodeResourcesFit',
        {
          scoringStrategy: {
            type: 'LeastAllocated',
            resources: [
              { name: 'cpu', weight: 1 },
              { name: 'memory', weight: 2 },
              { name: GPU, weight: 3 },
            ],
          },
        },
      ],
    ]),
  },
}

const asks = (requests: Amounts) =>
  ({ containers: [{ name: 'c', image: 'i', resources: { requests } }] }) as never

function scored(racks: readonly Rack[], options: Parameters<typeof createWorld>[0] = { gates }) {
  const { state, profile } = createWorld(options)
  const placements = racks.map(({ nodes, running, pods }, rack) => {
    const names = nodes.map((allocatable, i) => {
      const name = `n${rack}-${i}`
      const made = nodeOf(name)
      const status = { ...made.status, allocatable: { pods: '110', memory: '8Gi', ...allocatable } }
      state.setNode({ ...made, status } as never)
      return name
    })
    if (running)
      state.setPod(podOf(`r${rack}`, { ...(asks(running) as object), nodeName: names[0] }))
    const infos = pods.map((requests, i) => podInfoOf(podOf(`p${rack}-${i}`, asks(requests))))
    return { names, infos }
  })
  const sums = placementScores(
    profile,
    placements.map(({ names, infos }) => ({
      nodes: names.flatMap(name => state.node(name) ?? []),
      pods: infos,
    })),
  )
  assert.ok(sums instanceof Float64Array)
  return [...sums]
}
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)

test('requests and what runs already, of all nodes together, with a little for pods that ask for nothing', () => {
  const pods: Amounts[] = [{ cpu: '5', memory: '1Gi' }, { cpu: '3', memory: '1Gi' }, { cpu: '3' }]
  const sums = scored([
    { nodes: times(2, { cpu: '8' }), running: { cpu: '1', memory: '1Gi' }, pods },
    { nodes: times(2, { cpu: '6' }), running: {}, pods },
  ])
  assert.deepEqual(sums, [100 + 47, 100 + 53])
})

test('resources count by the weights of single pods, packed close whatever their strategy is', () => {
  const rack = (cpu: string): Rack['nodes'] => [{ cpu, [GPU]: '4' }, { cpu, [GPU]: '4' }, { cpu }]
  const ask = { cpu: '1', memory: '1Gi' }
  const gpus = times(2, { ...ask, [GPU]: '1' })
  const running = { ...ask, [GPU]: '1' }
  const sums = (pods: Rack['pods']) =>
    scored(
      [
        { nodes: rack('8'), running, pods },
        { nodes: rack('4'), pods },
      ],
      packing,
    )
  assert.deepEqual(sums(gpus), [3 * 24 + 100, 3 * 17 + 100])
  assert.deepEqual(sums(times(2, ask)), [3 * 12 + 100, 3 * 10 + 100], 'not asked for')
})

test('a placement counts by how many pods it takes of the most that any takes', () => {
  const full = (nodes: number): Rack => ({
    nodes: times(nodes, { cpu: '2' }),
    pods: times(2 * nodes, { cpu: '1', memory: '1Gi' }),
  })
  assert.deepEqual(scored([full(2), full(3), full(1)]), [62 + 66, 62 + 100, 62 + 33])
})

test('a score beyond its range is an error', () => {
  const { profile } = createWorld({
    gates,
    ownPlugins: new Map([['Wild', () => ({ name: 'Wild', scorePlacement: () => 101 })]]),
    profile: { plugins: { placementScore: { enabled: [{ name: 'Wild' }] } } },
  })
  const status = placementScores(profile, [{ nodes: [], pods: [podInfoOf(podOf('p'))] }])
  assert.ok(!(status instanceof Float64Array))
  assert.match(status.reasons.join(), /plugin "Wild" returns an invalid score 101/)
})
