/**
 * How long kubelets may keep what they have read of Secrets and ConfigMaps: the more nodes there are, the longer. The steps overlap,
 * so that a node more or less does not change all the others each time.
 */
import { type Node, node as nodeKind } from '#api/core/v1/node.ts'
import { nothingToDo, type Outcome } from '../runner/controller.ts'

const ANNOTATION = 'node.alpha.kubernetes.io/ttl'

interface Step {
  readonly fewest: number
  readonly most: number
  readonly seconds: number
}

const STEPS: readonly Step[] = [
  { fewest: 0, most: 100, seconds: 0 },
  { fewest: 90, most: 500, seconds: 15 },
  { fewest: 450, most: 1000, seconds: 30 },
  { fewest: 900, most: 2000, seconds: 60 },
  { fewest: 1800, most: Number.POSITIVE_INFINITY, seconds: 300 },
]

/** The step for so many nodes, as few steps away from the one before as possible. */
export function stepFor(nodes: number, before: number): number {
  let step = before
  while (nodes > (STEPS[step]?.most ?? Number.POSITIVE_INFINITY)) step++
  while (nodes < (STEPS[step]?.fewest ?? 0)) step--
  return step
}

export function reconcile(node: Node, step: number): Outcome {
  const seconds = `${STEPS[step]?.seconds ?? 0}`
  if (node.metadata.annotations?.[ANNOTATION] === seconds) return nothingToDo
  const patch = { metadata: { annotations: { [ANNOTATION]: seconds } } }
  return { writes: [{ verb: 'patch', kind: nodeKind, object: node, type: 'strategic', patch }] }
}
