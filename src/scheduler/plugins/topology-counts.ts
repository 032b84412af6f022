/** Numbers of matching pods by domain for a pod's spread constraints, kept up to date by every change of the cluster. */
import type { Change } from '../state/change-log.ts'
import type { DerivedValue } from '../state/derived.ts'
import { DomainCounts } from '../state/domain-counts.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { hasAllLabels, isCounted, isSpreadWith, type Spread } from './topology-constraint.ts'

export interface CountedSpreads {
  readonly spreads: readonly Spread[]
  /** For which pod, as far as its namespace, its node affinity and its tolerations go. */
  readonly pod: PodInfo
  /** Whether only nodes with the labels of all constraints count. */
  readonly requireAll: boolean
}

export class TopologyCounts implements DerivedValue {
  /** By constraint. */
  readonly domains: readonly DomainCounts[]
  readonly #counted: CountedSpreads

  constructor(counted: CountedSpreads, { nodes }: Snapshot) {
    this.#counted = counted
    this.domains = counted.spreads.map(() => new DomainCounts())
    for (const node of nodes) this.#addNode(node)
  }

  apply({ node, pod, by }: Change): void {
    if (!pod || by === 0 || !node.node || !this.#isEligible(node)) return
    for (const [i, spread] of this.#counted.spreads.entries())
      if (isSpreadWith(spread, this.#counted.pod.namespace, pod)) this.#add(i, node, by)
  }

  #addNode(node: NodeInfo): void {
    if (!this.#isEligible(node)) return
    for (const [i, spread] of this.#counted.spreads.entries()) {
      let count = 0
      for (const pod of node.pods.values())
        if (isSpreadWith(spread, this.#counted.pod.namespace, pod)) count++
      this.#add(i, node, count)
    }
  }

  #isEligible(node: NodeInfo): boolean {
    const { spreads, requireAll } = this.#counted
    return !requireAll || hasAllLabels(spreads, node)
  }

  #add(index: number, node: NodeInfo, by: number): void {
    const spread = this.#counted.spreads[index]
    const domain = spread && node.labels[spread.topologyKey]
    if (domain === undefined || !node.node) return
    if (isCounted(spread as Spread, this.#counted.pod, node.node))
      this.domains[index]?.add(domain, by)
  }
}
