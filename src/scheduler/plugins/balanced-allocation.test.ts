import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CycleState } from '../framework/cycle-state.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { asking, createWorld, nodeOf, podOf } from '../testing/world.ts'

type Node = readonly [cpu: string, memory: string, used?: readonly [cpu: string, memory: string]]

function scores(nodes: readonly Node[], asked: readonly [string, string]): number[] {
  const { state, profile } = createWorld()
  const plugin = profile.points.score.find(({ name }) => name === 'NodeResourcesBalancedAllocation')
  assert.ok(plugin)
  const info = podInfoOf(podOf('p', asking(...asked)))
  return nodes.map(([cpu, memory, used], i) => {
    const name = `n${i}`
    const node = nodeOf(name)
    const allocatable = { cpu, memory, pods: '110' }
    state.setNode({ ...node, status: { ...node.status, allocatable } } as never)
    if (used) state.setPod(podOf(`u${i}`, { ...asking(...used), nodeName: name }))
    const found = state.node(name)
    assert.ok(found)
    return plugin.score(new CycleState(), info, found)
  })
}

const nodes: readonly Node[] = [
  ['8', '8Gi', ['4', '4Gi']],
  ['8', '8Gi', ['4', '1Gi']],
  ['8', '8Gi'],
  ['4', '16Gi', ['1', '8Gi']],
  ['10', '10Gi', ['7', '2Gi']],
  ['8', '8Gi', ['1', '6Gi']],
  ['3', '9Gi', ['1', '3Gi']],
  ['8', '8Gi', ['2', '1Gi']],
]

// As kube-scheduler 1.36.3 logs them for these nodes and pods.
test('what a pod makes of the balance of a node counts, not the balance itself', () => {
  assert.deepEqual(scores(nodes, ['1', '1Gi']), [75, 75, 75, 79, 75, 75, 69, 75])
})

test('a pod that evens out what is uneven is drawn there, one that does the opposite is not', () => {
  const six: readonly Node[] = [0, 1, 3, 4, 6, 7].flatMap(i => (nodes[i] ? [nodes[i]] : []))
  assert.deepEqual(scores(six, ['1', '4Gi']), [65, 84, 75, 82, 72, 72])
  assert.deepEqual(scores([['8', '8Gi', ['1', '1Gi']]], ['1', '4Gi']), [65])
})
