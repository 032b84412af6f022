import { MAXIMUM_NODE_SCORE, type Plugin } from '../framework/plugin.ts'
import { SKIP } from '../framework/status.ts'
import { signResources } from './node-resources-fit.ts'
import { fullnessOf, type ResourceSpec } from './resource-scorer.ts'

export interface BalancedAllocationArgs {
  readonly resources?: readonly ResourceSpec[]
}

/** Prefers nodes whose resources would be used up evenly. */
export function balancedAllocation(args: unknown): Plugin {
  const { resources = DEFAULT_RESOURCES } = (args ?? {}) as BalancedAllocationArgs
  return {
    name: 'NodeResourcesBalancedAllocation',
    sign: signResources,
    // A pod that asks for nothing changes no balance; scored, all of them would go to one node.
    preScore: (_cycle, { requests }) =>
      resources.some(({ name }) => requests.get(name)) ? undefined : SKIP,
    score(_cycle, pod, node) {
      const shares = fullnessOf(pod, node, resources, true).map(({ requested, allocatable }) =>
        Math.min(1, requested / allocatable),
      )
      return Math.trunc((1 - deviation(shares)) * MAXIMUM_NODE_SCORE)
    },
  }
}
const DEFAULT_RESOURCES: readonly ResourceSpec[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
]

/** The standard deviation. */
function deviation(shares: readonly number[]): number {
  const [a = 0, b = 0] = shares
  if (shares.length < 2) return 0
  if (shares.length === 2) return Math.abs((a - b) / 2)
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  const squares = shares.reduce((sum, share) => sum + (share - mean) * (share - mean), 0)
  return Math.sqrt(squares / shares.length)
}
