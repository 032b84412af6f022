/** What is kept of filters and dry runs, with pods that hope for nodes, against asking anew each time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { FeasibleNodes } from '../cycle/feasible.ts'
import { runPreFilter } from '../cycle/filters.ts'
import { CycleState } from '../framework/cycle-state.ts'
import type { Handle } from '../framework/handle.ts'
import type { ClusterState } from '../state/cluster-state.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { asking, createWorld, nodeOf, podOf } from '../testing/world.ts'
import { defaultPreemption } from './default-preemption.ts'
import { type DryRunAnswers, DryRuns } from './default-preemption-dry-runs.ts'
import { victimsOn } from './default-preemption-victims.ts'

const NODES = 2
/** Pods on each at first; they fill it. */
const AT_FIRST = 4
const NAME = 'DefaultPreemption'
const node = fc.nat(NODES - 1)
const size = fc.record({
  cpu: fc.integer({ min: 1, max: 3 }),
  priority: fc.integer({ min: 0, max: 3 }),
})
const step = fc.oneof(
  fc.record({ what: fc.constant('place' as const), node, size }),
  fc.record({ what: fc.constant('start' as const), index: fc.nat(20), at: fc.nat(9) }),
  fc.record({ what: fc.constant('remove' as const), index: fc.nat(20) }),
  fc.record({ what: fc.constant('hope' as const), node, size }),
  fc.record({ what: fc.constant('give up' as const), index: fc.nat(5) }),
  fc.record({ what: fc.constant('resize' as const), node, cpu: fc.integer({ min: 2, max: 6 }) }),
)
const histories = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 12 }),
  /** Pods of two sorts and priorities take turns. */
  pods: fc.array(size, { minLength: 2, maxLength: 2 }),
  /** One of them hopes for the first node, so that its answer is not that of others alike. */
  hopes: fc.boolean(),
})
type History = typeof histories extends fc.Arbitrary<infer T> ? T : never

const budgets = [
  {
    metadata: { name: 'high', namespace: 'a' },
    spec: { selector: { matchLabels: { priority: '2' } } },
    status: { disruptionsAllowed: 0 },
  } as unknown as PodDisruptionBudget,
]

function worldAndHandle() {
  const handles: Handle[] = []
  const create = (args: unknown, given: Handle) => {
    handles.push(given)
    return defaultPreemption(args, given)
  }
  const world = createWorld({ ownPlugins: new Map([[NAME, create]]) })
  const [handle] = handles
  assert.ok(handle)
  return { world, handle }
}

function play({ steps, pods, hopes }: History, plant: (state: ClusterState) => void = () => {}) {
  const { world, handle } = worldAndHandle()
  const { state, nominator, profile } = world
  plant(state)
  const made = ({ cpu, priority }: { cpu: number; priority: number }, name: string) =>
    podOf(name, { ...asking(`${cpu}`, '1Mi'), priority }, { priority: `${priority}` })
  for (let i = 0; i < NODES; i++) state.setNode(nodeOf(`n${i}`, { cpu: '4' }))
  const placed: Pod[] = []
  const place = (pod: Pod, nodeName: string) => {
    placed.push({ ...pod, spec: { ...pod.spec, nodeName } } as Pod)
    state.setPod(placed.at(-1) as Pod)
  }
  for (let i = 0; i < NODES * AT_FIRST; i++)
    place(made({ cpu: 1, priority: i % 2 }, `first-${i}`), `n${i % NODES}`)
  const hoping: string[] = []
  const candidates = pods.flatMap((one, i) => [made(one, `p${i}`), made(one, `q${i}`)])
  const [first] = candidates
  if (hopes && first) nominator.add(podInfoOf(first), 'n0')
  const dryRuns = new DryRuns(NAME)
  let tables: DryRunAnswers | undefined
  let compared = 0
  const judge = (pod: Pod, feasible: FeasibleNodes) => {
    const cycle = new CycleState()
    const info = podInfoOf(pod)
    const preFiltered = runPreFilter(profile, cycle, info, state)
    const search = { profile, cycle, pod: info, snapshot: state, nominator, wanted: NODES }
    return { cycle, info, ...feasible.find(search, preFiltered) }
  }
  for (const [i, event] of steps.entries()) {
    if (event.what === 'place') place(made(event.size, `old-${i}`), `n${event.node}`)
    else if (event.what === 'start') {
      const pod = placed[event.index]
      if (!pod) continue
      const startTime = `2026-01-01T00:00:0${event.at}Z`
      placed[event.index] = { ...pod, status: { ...pod.status, startTime } } as Pod
      state.setPod(placed[event.index] as Pod)
    } else if (event.what === 'remove') {
      for (const pod of placed.splice(event.index, 1)) state.removePod(pod.metadata.uid ?? '')
    } else if (event.what === 'hope') {
      hoping.push(`h${i}`)
      nominator.add(podInfoOf(made(event.size, `h${i}`)), `n${event.node}`)
    } else if (event.what === 'give up') {
      for (const name of hoping.splice(event.index, 1)) nominator.delete(name)
    } else state.setNode(nodeOf(`n${event.node}`, { cpu: `${event.cpu}` }))
    for (const pod of candidates) {
      const kept = judge(pod, world.feasibleNodes)
      const anew = judge(pod, new FeasibleNodes())
      const names = (nodes: readonly { name: string }[]) => nodes.map(({ name }) => name).sort()
      assert.deepEqual(names(kept.nodes), names(anew.nodes))
      if (kept.nodes.length > 0) continue
      assert.deepEqual([...kept.failure.counts], [...anew.failure.counts].sort(byOrderIn(kept)))
      const run = { handle, cycle: kept.cycle, pod: kept.info, budgets }
      const victims = dryRuns.of(run)
      anew.cycle.sort = undefined
      const unsorted = dryRuns.of({ ...run, cycle: anew.cycle })
      tables ??= unsorted
      assert.equal(unsorted, tables, 'one table serves all whose answers are not kept')
      assert.notEqual(unsorted, victims)
      for (const node of state.nodes) {
        assert.deepEqual(kept.failure.statusOf(node), anew.failure.statusOf(node))
        const expected = victimsOn(run, node, NAME)
        const violations = 'code' in expected ? -1 : expected.budgetViolations
        for (const answers of [victims, unsorted]) {
          assert.equal(answers.violationsAt(node.position), violations)
          assert.deepEqual(answers.foundOn(node), expected)
        }
        compared++
      }
    }
  }
  return compared
}

function byOrderIn({ failure }: { failure: { counts: ReadonlyMap<unknown, number> } }) {
  const order = [...failure.counts.keys()]
  return ([a]: [unknown, number], [b]: [unknown, number]) => order.indexOf(a) - order.indexOf(b)
}

test('what is kept is what asking anew would give', () => {
  let compared = 0
  fc.assert(
    fc.property(histories, history => {
      compared += play(history)
    }),
    { numRuns: 300 },
  )
  assert.ok(compared > 1000, `${compared} dry runs were compared`)
})

test('tables for those whose answers are not kept grow with the cluster', () => {
  const { world, handle } = worldAndHandle()
  const { state } = world
  const dryRuns = new DryRuns(NAME)
  const pod = podInfoOf(podOf('p', { ...asking('4'), priority: 1 }))
  const of = () => dryRuns.of({ handle, cycle: new CycleState(), pod, budgets: [] })
  for (const nodes of [1, 3, 2]) {
    for (let i = 0; i < 3; i++)
      if (i < nodes) {
        state.setNode(nodeOf(`n${i}`))
        state.setPod(podOf(`less ${i}`, { ...asking('1'), nodeName: `n${i}` }))
      } else state.removeNode(`n${i}`)
    assert.equal(of(), of())
    assert.deepEqual(
      state.nodes.map(node => of().violationsAt(node.position)),
      Array(nodes).fill(0),
    )
  }
})

test('a change that nobody is told of is found', () => {
  const mistaken = (plant: (state: ClusterState) => void) => {
    const { failed } = fc.check(
      fc.property(histories, history => void play(history, plant)),
      { numRuns: 500, endOnFailure: true },
    )
    assert.ok(failed)
  }
  mistaken(state => {
    state.nominationsChanged = () => {}
  })
  mistaken(state => {
    const setPod = state.setPod.bind(state)
    state.setPod = pod => {
      const before = state.node(pod.spec.nodeName ?? '')
      // As if the start of a pod changed nothing.
      if (before && pod.status.startTime) before.touch = () => {}
      setPod(pod)
      if (before) Reflect.deleteProperty(before, 'touch')
    }
  })
})
