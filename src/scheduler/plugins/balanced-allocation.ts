import type { Handle } from '../framework/handle.ts'
import { MAXIMUM_NODE_SCORE, type Plugin } from '../framework/plugin.ts'
import { SKIP } from '../framework/status.ts'
import { deviceTotals, scoredBy } from './extended-resources.totals.ts'
import { signResources } from './node-resources-fit.ts'
import type { Fullness, ResourceSpec } from './resource-scorer.ts'

export interface BalancedAllocationArgs {
  readonly resources?: readonly ResourceSpec[]
}

/** Prefers nodes whose resources would be used up more evenly than before. */
export function balancedAllocation(args: unknown, handle: Handle): Plugin {
  const { resources = DEFAULT_RESOURCES } = (args ?? {}) as BalancedAllocationArgs
  const totals = deviceTotals(handle, resources)
  const scored = scoredBy(totals, resources, { exact: true, score: gainOf })
  return {
    ...scored,
    name: 'NodeResourcesBalancedAllocation',
    sign: pod => (totals?.concerns(pod) ? undefined : signResources(pod)),
    // A pod that asks for nothing changes no balance; scored, all of them would go to one node.
    preScore: (cycle, pod, nodes) =>
      resources.some(({ name }) => pod.requests.get(name))
        ? scored.preScore?.(cycle, pod, nodes)
        : SKIP,
  }
}

/** 50 to 100: what the pod makes of the balance that there is counts, not the balance itself. */
function gainOf(resources: readonly Fullness[]): number {
  const after = balanceOf(resources.map(({ requested, allocatable }) => requested / allocatable))
  const before = balanceOf(resources.map(({ present, allocatable }) => present / allocatable))
  return HALF + Math.trunc((HALF + after - before) / 2)
}
const HALF = MAXIMUM_NODE_SCORE / 2

const balanceOf = (shares: readonly number[]): number =>
  Math.trunc((1 - deviation(shares.map(share => Math.min(1, share)))) * MAXIMUM_NODE_SCORE)
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
