import { MAXIMUM_SCORE, type Plugin } from '../plugin.ts'
import type { NodeInfo } from '../snapshot.ts'

/** Prefers nodes on which processors and memory would be used up evenly. */
export const balancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  wokenBy: [],
  weight: 1,
  score({ requests }, _snapshot, nodes) {
    const cpu = requests.get('cpu') ?? 0
    const memory = requests.get('memory') ?? 0
    // A pod that asks for nothing changes no balance.
    if (cpu === 0 && memory === 0) return undefined
    return nodes.map(node => {
      const difference = used(node, 'cpu', cpu) - used(node, 'memory', memory)
      return Math.trunc((1 - Math.abs(difference) / 2) * MAXIMUM_SCORE)
    })
  },
}

function used(node: NodeInfo, resource: string, more: number): number {
  const allocatable = node.allocatable.get(resource) ?? 0
  if (allocatable === 0) return 1
  return Math.min(1, ((node.requested.get(resource) ?? 0) + more) / allocatable)
}
