/** The plugins against a slow model: the same verdicts and the same scores, on clusters that change between the pods. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { CycleState } from '../framework/cycle-state.ts'
import type { Handle, PluginFactory } from '../framework/handle.ts'
import type { Plugin } from '../framework/plugin.ts'
import { SKIP } from '../framework/status.ts'
import { plugins } from '../plugins.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { arbitraryNode, arbitraryPod, namedNode, namedPod } from '../testing/arbitrary.ts'
import { scoresOf as modelScores } from '../testing/model.scores.ts'
import { type ModelCluster, nameOf, verdictOf } from '../testing/model.ts'
import { createWorld, type World } from '../testing/world.ts'
import { runPreFilter } from './filters.ts'
import { isStatus, scoresOf } from './scores.ts'

const namespaces = { a: { team: 'red' }, b: { team: 'blue' } }

/** What happens to the cluster before the next pod comes. */
const change = fc.oneof(
  fc.record({ what: fc.constant('pod gone' as const), index: fc.nat(30) }),
  fc.record({ what: fc.constant('node there' as const), index: fc.nat(6), node: arbitraryNode }),
  fc.record({ what: fc.constant('node gone' as const), index: fc.nat(6) }),
  fc.record({ what: fc.constant('nothing' as const), index: fc.constant(0) }),
)
type ClusterChange = typeof change extends fc.Arbitrary<infer T> ? T : never

const history = fc.record({
  nodes: fc.array(arbitraryNode, { minLength: 2, maxLength: 7 }),
  placed: fc.array(fc.tuple(arbitraryPod, fc.nat(7)), { maxLength: 12 }),
  steps: fc.array(fc.tuple(arbitraryPod, fc.nat(5), change), { minLength: 1, maxLength: 5 }),
})

type Planted = ReadonlyMap<string, PluginFactory>

class Life {
  readonly world: World
  readonly nodes = new Map<string, Node>()
  readonly pods = new Map<string, Pod>()

  constructor(planted: Planted, gates: ReadonlyMap<string, boolean>) {
    this.world = createWorld({
      gates,
      namespaceLabels: name => namespaces[name as 'a' | 'b'],
      ownPlugins: planted,
    })
  }

  setNode(node: Node, index: number): void {
    const named = namedNode(node, `n${index}`)
    this.nodes.set(nameOf(named), named)
    this.world.state.setNode(named)
  }

  place(pod: Pod): void {
    this.pods.set(nameOf(pod), pod)
    this.world.state.setPod(pod)
  }

  change(event: ClusterChange): void {
    if (event.what === 'node there') this.setNode(event.node, event.index)
    if (event.what === 'node gone') {
      this.nodes.delete(`n${event.index}`)
      this.world.state.removeNode(`n${event.index}`)
    }
    const gone = [...this.pods.keys()][event.index]
    if (event.what === 'pod gone' && gone !== undefined) {
      this.pods.delete(gone)
      this.world.state.removePod(gone)
    }
  }

  get cluster(): ModelCluster {
    return { nodes: [...this.nodes.values()], pods: [...this.pods.values()], namespaces }
  }
}

/** The nodes that will do with their scores, and the refusals of the others, as the plugins see it. */
function judged({ state, profile, nominator, feasibleNodes }: World, pod: Pod) {
  const cycle = new CycleState()
  const info = podInfoOf(pod)
  const preFiltered = runPreFilter(profile, cycle, info, state)
  assert.equal(preFiltered.status, undefined)
  const search = { profile, cycle, pod: info, snapshot: state, nominator, wanted: 1_000 }
  const { nodes, failure, like } = feasibleNodes.find(search, preFiltered)
  const scores =
    nodes.length === 0
      ? new Float64Array()
      : scoresOf({ profile, cycle, pod: info, ...(like ? { like } : {}) }, nodes)
  assert.ok(!isStatus(scores))
  return { nodes: nodes.map(({ name }) => name), scores: [...scores], failure, preFiltered }
}

function compare(life: Life, pod: Pod): readonly string[] {
  const { cluster, world } = life
  const { nodes, scores, failure, preFiltered } = judged(world, pod)
  const expected = cluster.nodes.filter(node => verdictOf(cluster, pod, node) === undefined)
  assert.deepEqual([...nodes].sort(), expected.map(nameOf).sort(), 'the nodes that will do')
  for (const node of cluster.nodes) {
    const verdict = verdictOf(cluster, pod, node)
    const info = world.state.node(nameOf(node))
    // Where PreFilter has named the nodes that come into question, the others are not asked one by one.
    if (!verdict || !info || (preFiltered.nodes && !preFiltered.nodes.has(nameOf(node)))) continue
    const { code, reasons, plugin } = failure.statusOf(info)
    const unresolvable = code === 'UnschedulableAndUnresolvable'
    assert.deepEqual(
      { plugin, reasons: [...reasons].sort(), unresolvable },
      { ...verdict, reasons: [...verdict.reasons].sort() },
      nameOf(node),
    )
  }
  const inOrder = nodes.flatMap(name => life.nodes.get(name) ?? [])
  assert.deepEqual(scores, inOrder.length === 0 ? [] : modelScores(cluster, pod, inOrder))
  return nodes
}

type History = typeof history extends fc.Arbitrary<infer T> ? T : never

function play(
  { nodes, placed, steps }: History,
  planted: Planted = new Map(),
  gates: ReadonlyMap<string, boolean> = new Map(),
) {
  const life = new Life(planted, gates)
  for (const [i, node] of nodes.entries()) life.setNode(node, i)
  for (const [i, [pod, index]] of placed.entries())
    life.place(namedPod(pod, `old-${i}`, `n${index}`))
  for (const [i, [pod, replicas, event]] of steps.entries()) {
    // Replicas show that what was kept of the first of them is right for the next.
    for (let replica = 0; replica <= replicas; replica++) {
      if (life.nodes.size === 0) break
      const candidate = namedPod(pod, `new-${i}-${replica}`)
      const [first] = compare(life, candidate)
      if (first !== undefined) life.place(namedPod(pod, nameOf(candidate), first))
    }
    life.change(event)
  }
}

test('plugins that keep what they know judge and score as a model that computes everything anew', () => {
  fc.assert(
    fc.property(history, life => play(life)),
    { numRuns: 200 },
  )
})

test('so do plugins that are asked anew for each pod', () => {
  const gates = new Map([['OpportunisticBatching', false]])
  fc.assert(
    fc.property(history, life => play(life, new Map(), gates)),
    { numRuns: 100 },
  )
})

test('the model finds planted mistakes', () => {
  const mistaken = (name: string, mistake: (right: Plugin) => Plugin) => {
    const create = plugins.find(entry => entry.name === name)?.create
    assert.ok(create)
    const planted = new Map([
      [name, (args: unknown, handle: Handle) => mistake(create(args, handle))],
    ])
    const { failed } = fc.check(
      fc.property(history, life => play(life, planted)),
      { numRuns: 400, endOnFailure: true },
    )
    assert.ok(failed, name)
    return planted
  }
  mistaken('NodeResourcesFit', fit => ({ ...fit, score: () => 0 }))
  mistaken('TaintToleration', taints => ({ ...taints, score: () => 0 }))
  const staleSpread = mistaken('PodTopologySpread', spread => ({ ...spread, sign: () => '' }))
  // Where nothing is kept, nothing can be stale.
  fc.assert(
    fc.property(history, life =>
      play(life, staleSpread, new Map([['OpportunisticBatching', false]])),
    ),
    { numRuns: 100 },
  )
  mistaken('InterPodAffinity', ({ normalize: _, ...affinity }) => ({
    ...affinity,
    normalize: (_cycle, _pod, scores) => scores.fill(0),
  }))
  mistaken('NodeAffinity', affinity => ({ ...affinity, preScore: () => SKIP }))
})
