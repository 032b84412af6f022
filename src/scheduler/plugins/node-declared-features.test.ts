import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { actions, type ClusterEvent } from '../framework/cluster-event.ts'
import { podInfoOf } from '../state/pod-info.ts'
import { createWorld, nodeOf, podOf } from '../testing/world.ts'
import { nodeDeclaredFeatures } from './node-declared-features.ts'

const FEATURE = 'RestartAllContainersOnContainerExits'

const restarting = (name: string, action: string, where = 'containers'): Pod => {
  const rules = [{ action, exitCodes: { operator: 'In', values: [42] } }]
  const container = { name: 'r', image: 'i', restartPolicy: 'Never', restartPolicyRules: rules }
  return podOf(name, { [where]: [container] } as never)
}
const declaring = (name: string, ...declaredFeatures: string[]): Node => {
  const node = nodeOf(name)
  return { ...node, status: { ...node.status, declaredFeatures } } as Node
}

function world(nodes: readonly Node[], gates: ReadonlyMap<string, boolean> = new Map()) {
  const made = createWorld({ gates })
  for (const node of nodes) made.state.setNode(node)
  const placed = (pod: Pod) => {
    const result = made.attempt(podInfoOf(pod))
    if ('failure' in result) return result.failure.message('')
    return 'node' in result ? result.node.name : result.status.reasons.join()
  }
  return { ...made, placed }
}

test('a pod goes where its features are declared, and any other pod anywhere', () => {
  const { placed, state } = world([nodeOf('n1'), declaring('n2', 'Other', FEATURE)])
  for (const where of ['containers', 'initContainers'])
    for (let round = 0; round < 5; round++)
      assert.equal(placed(restarting(`p-${where}-${round}`, 'RestartAllContainers', where)), 'n2')
  const others = Array.from({ length: 4 }, (_, i) => placed(restarting(`q${i}`, 'Restart')))
  assert.ok(others.includes('n1'), 'rules for one container need nothing')
  state.setNode(declaring('n2', 'Other'))
  assert.equal(
    placed(restarting('p', 'RestartAllContainers')),
    "0/2 nodes are available: 2 node(s) didn't match Pod's required features.",
  )
  state.setNode(declaring('n1', FEATURE))
  assert.equal(placed(restarting('p', 'RestartAllContainers')), 'n1', 'what is kept is not stale')
})

test('without the gate, nobody looks', () => {
  const { placed, profile } = world([nodeOf('n1')], new Map([['NodeDeclaredFeatures', false]]))
  assert.equal(placed(restarting('p', 'RestartAllContainers')), 'n1')
  assert.ok(!profile.points.filter.some(({ name }) => name === 'NodeDeclaredFeatures'))
})

test('only a node that declares all that the pod needs lets it be tried again', () => {
  const [interest] = nodeDeclaredFeatures().events?.() ?? []
  assert.equal(interest?.action, actions.add | actions.updateNodeDeclaredFeature)
  const pod = podInfoOf(restarting('p', 'RestartAllContainers'))
  const hint = (next: Node) =>
    interest?.hint?.(pod, {
      resource: 'Node',
      action: actions.add,
      label: '',
      next,
    } as ClusterEvent)
  assert.equal(hint(declaring('n', FEATURE)), true)
  assert.equal(hint(declaring('n', 'Other')), false)
  assert.equal(hint(nodeOf('n')), false)
})
