/** What is known of the claims of a pod while a node is looked for. */
import type { AllocationResult } from '#api/resource/v1/claim-status.schema.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { AllocationWorld } from './dynamic-resources.allocate.ts'
import type { Pool } from './dynamic-resources.pools.ts'
import type { RequestMapping } from './dynamic-resources.requests.ts'

export interface State {
  readonly claims: readonly ResourceClaim[]
  readonly pools: readonly Pool[]
  readonly world: Omit<AllocationWorld, 'candidates' | 'preparingNode'>
  /** Extended resources that devices may serve, where the node itself does not. */
  readonly served: readonly string[]
  /** A claim that was made for them when the pod could not be bound after all. */
  readonly leftOver: ResourceClaim | undefined
  /** The same for this attempt, once it is written. */
  made?: ResourceClaim
  /** What others of the pod's group decided that claims get, and do not show yet. */
  readonly shared: ReadonlyMap<ResourceClaim, AllocationResult>
  readonly byNode: Map<string, Found>
  /** Claims whose devices some node cannot use: freeing them may help. */
  readonly outOfReach: Set<ResourceClaim>
}
/** What was found for a node. */
export interface Found {
  /** In the order of the claims without devices, then that for extended resources. */
  readonly allocations: readonly AllocationResult[]
  /** The claim that is to be made for extended resources. */
  readonly extended?: {
    readonly claim: ResourceClaim
    readonly mappings: readonly RequestMapping[]
  }
}
export const allocationOf = (
  { shared }: State,
  claim: ResourceClaim,
): AllocationResult | undefined => claim.status.allocation ?? shared.get(claim)

export const waitingIn = (state: State): ResourceClaim[] =>
  state.claims.filter(claim => !allocationOf(state, claim))

/** The claims that had no devices, and what each is given on the node. */
export function decided(state: State, { name }: NodeInfo): [ResourceClaim, AllocationResult][] {
  const found = state.byNode.get(name)?.allocations ?? []
  const own = waitingIn(state).flatMap((claim, i) => {
    const allocation = found[i]
    return allocation ? [[claim, allocation] as [ResourceClaim, AllocationResult]] : []
  })
  return [...own, ...state.shared]
}
