/** Preemption against a slow and obvious model, over random clusters. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { createRecordingClient } from '../testing/recording-client.ts'
import { asking, createWorld, nodeOf, podOf } from '../testing/world.ts'

interface Small {
  readonly name: string
  readonly cpu: number
  readonly priority: number
  readonly start: number
  readonly app: string
}
const PREEMPTOR_PRIORITY = 3
/** As many pods as `nodeOf` allows. */
const POD_LIMIT = 5

const small = fc.record({
  cpu: fc.integer({ min: 1, max: 3 }),
  priority: fc.integer({ min: -1, max: 4 }),
  start: fc.integer({ min: 0, max: 2 }),
  app: fc.constantFrom('a', 'b', 'c'),
})
const clusters = fc.record({
  nodes: fc.array(
    fc.record({
      cpu: fc.integer({ min: 2, max: 8 }),
      pods: fc.array(small, { maxLength: POD_LIMIT }),
      hopes: fc.array(small, { maxLength: 1 }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  wanted: fc.integer({ min: 1, max: 6 }),
  allowed: fc.record({ a: fc.integer({ min: 0, max: 2 }), b: fc.integer({ min: 0, max: 1 }) }),
})
type Cluster = typeof clusters extends fc.Arbitrary<infer T> ? T : never
interface NamedNode {
  readonly name: string
  readonly cpu: number
  readonly pods: readonly Small[]
  readonly hopes: readonly Small[]
}

const startTime = (start: number) => `2026-01-01T00:00:0${start}Z`
const objectOf = ({ name, cpu, priority, start, app }: Small): Pod =>
  ({
    ...podOf(name, { ...asking(`${cpu}`, '1Mi'), priority }, { app }),
    status: { startTime: startTime(start) },
  }) as unknown as Pod

function fits(node: NamedNode, pods: readonly Small[], wanted: number): boolean {
  const hoping = node.hopes.filter(({ priority }) => priority >= PREEMPTOR_PRIORITY)
  const there = [...pods, ...hoping]
  return there.reduce((sum, { cpu }) => sum + cpu, wanted) <= node.cpu && there.length < POD_LIMIT
}

const byImportance = (a: Small, b: Small) => b.priority - a.priority || a.start - b.start

/** Who goes from a node, and how many of them a budget keeps; undefined where it is no use. */
function expectedVictims(node: NamedNode, { wanted, allowed }: Cluster) {
  const lower = node.pods.filter(({ priority }) => priority < PREEMPTOR_PRIORITY).sort(byImportance)
  let staying = node.pods.filter(pod => !lower.includes(pod))
  if (node.cpu < wanted || lower.length === 0 || !fits(node, staying, wanted)) return undefined
  const left: Record<string, number> = { ...allowed }
  const violating = lower.filter(({ app }) => {
    const count = left[app]
    if (count === undefined) return false
    left[app] = count - 1
    return count - 1 < 0
  })
  const order = [...violating, ...lower.filter(pod => !violating.includes(pod))]
  for (const pod of order) if (fits(node, [...staying, pod], wanted)) staying = [...staying, pod]
  const victims = lower.filter(pod => !staying.includes(pod))
  return { victims, broken: victims.filter(pod => violating.includes(pod)).length }
}

type Expected = NonNullable<ReturnType<typeof expectedVictims>>
const costOf = ({ victims, broken }: Expected): number[] => {
  const highest = Math.max(...victims.map(({ priority }) => priority))
  const starts = victims.filter(({ priority }) => priority === highest).map(({ start }) => start)
  return [
    broken,
    highest,
    victims.reduce((sum, { priority }) => sum + priority + 2 ** 31, 0),
    victims.length,
    -Math.min(...starts),
  ]
}
const compare = (a: number[], b: number[]) =>
  a.map((cost, i) => cost - (b[i] ?? 0)).find(difference => difference !== 0) ?? 0

test('the same victims on one of the nodes that the model finds best', async () => {
  let preemptions = 0
  await fc.assert(
    fc.asyncProperty(clusters, async cluster => {
      const nodes: NamedNode[] = cluster.nodes.map(({ cpu, pods, hopes }, n) => ({
        name: `n${n}`,
        cpu,
        pods: pods.map((pod, i) => ({ ...pod, name: `n${n}-${i}` })),
        hopes: hopes.map((pod, i) => ({ ...pod, name: `n${n}-h${i}` })),
      }))
      if (nodes.some(node => fits(node, node.pods, cluster.wanted))) return
      const client = createRecordingClient()
      const poddisruptionbudgets = Object.entries(cluster.allowed).map(([app, count]) => ({
        metadata: { name: app, namespace: 'a' },
        spec: { selector: { matchLabels: { app } } },
        status: { disruptionsAllowed: count },
      }))
      const { state, nominator, postFilter, attempt } = createWorld({
        client,
        objects: { poddisruptionbudgets },
      })
      for (const { name, cpu, pods, hopes } of nodes) {
        state.setNode(nodeOf(name, { cpu: `${cpu}` }))
        for (const pod of pods.map(objectOf))
          state.setPod({ ...pod, spec: { ...pod.spec, nodeName: name } } as Pod)
        for (const pod of hopes) nominator.add(podInfoOf(objectOf(pod)), name)
      }
      const spec = { ...asking(`${cluster.wanted}`, '1Mi'), priority: PREEMPTOR_PRIORITY }
      const pod = podInfoOf(podOf('p', spec))
      const { nominatedNode } = await postFilter(pod)
      await new Promise(resolve => setImmediate(resolve))
      const gone = client.written.filter(({ verb }) => verb === 'delete').map(({ name }) => name)

      const possible = nodes.flatMap(node => {
        const expected = expectedVictims(node, cluster)
        return expected ? [{ node, expected }] : []
      })
      if (possible.length === 0) {
        assert.equal(nominatedNode, '')
        assert.deepEqual(gone, [])
        return
      }
      preemptions++
      const chosen = possible.find(({ node }) => node.name === nominatedNode)
      assert.ok(chosen, `${nominatedNode} cannot be freed`)
      assert.deepEqual(gone.sort(), chosen.expected.victims.map(({ name }) => name).sort())
      for (const { expected } of possible)
        assert.ok(compare(costOf(chosen.expected), costOf(expected)) <= 0, 'another is better')
      // With the victims gone the pod runs there, and whoever is less important leaves it the room.
      for (const name of gone) state.removePod(name)
      nominator.add(pod, chosen.node.name)
      const placed = attempt(pod)
      assert.ok('node' in placed && placed.node.name === chosen.node.name)
    }),
    { numRuns: 600 },
  )
  assert.ok(preemptions > 60, `${preemptions} of the clusters needed a preemption`)
})
