/** What a scheduling plugin can say: whether a node will do (filter), and how well (score). */
import type { PodInfo } from './pod-info.ts'
import type { NodeInfo, Snapshot } from './snapshot.ts'

/** Why a node will not do. */
export interface Refusal {
  /** Upstream's words, as they are counted in the FailedScheduling event. */
  readonly reasons: readonly string[]
  /** True when no eviction of other pods could change it. */
  readonly unresolvable: boolean
}

/** What can turn a refused pod into one that fits. */
export type ClusterChange = 'node-added' | 'node-changed' | 'pod-added' | 'pod-removed'

export interface Plugin {
  readonly name: string
  /** Which changes may help a pod that this plugin refused. */
  readonly wokenBy: readonly ClusterChange[]
  /** Looks at the pod once and gives the check for every node; undefined when the plugin has nothing to say about this pod. */
  readonly filter?: (pod: PodInfo, snapshot: Snapshot) => NodeFilter | undefined
  /** How much the scores count. */
  readonly weight?: number
  /** Gives each node a score from 0 to 100; undefined when all are equal. */
  readonly score?: (
    pod: PodInfo,
    snapshot: Snapshot,
    nodes: readonly NodeInfo[],
  ) => readonly number[] | undefined
}

export type NodeFilter = (node: NodeInfo) => Refusal | undefined

export const MAXIMUM_SCORE = 100

/** Stretches raw scores to 0…100; `reversed` where less is better. */
export function normalized(raw: readonly number[], reversed = false): number[] {
  const highest = Math.max(0, ...raw)
  if (highest === 0) return raw.map(() => (reversed ? MAXIMUM_SCORE : 0))
  return raw.map(score => {
    const share = Math.trunc((score * MAXIMUM_SCORE) / highest)
    return reversed ? MAXIMUM_SCORE - share : share
  })
}

/** Stretches raw scores so that the worst gets 0 and the best 100. */
export function stretched(raw: readonly number[], reversed = false): number[] {
  const lowest = Math.min(...raw)
  const span = Math.max(...raw) - lowest
  return raw.map(score => {
    if (span === 0) return reversed ? MAXIMUM_SCORE : 0
    const share = Math.trunc((MAXIMUM_SCORE * (score - lowest)) / span)
    return reversed ? MAXIMUM_SCORE - share : share
  })
}

const refusals = new Map<string, Refusal>()

/** A refusal of one reason; the same object each time, as thousands of nodes say the same. */
export function refuse(reason: string, unresolvable = false): Refusal {
  const key = `${reason}${unresolvable}`
  let refusal = refusals.get(key)
  if (!refusal) {
    refusal = { reasons: [reason], unresolvable }
    refusals.set(key, refusal)
  }
  return refusal
}
