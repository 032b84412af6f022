/**
 * Who is where, for affinity between pods, kept up to date by every change: numbers of pods that a term is about by domain, and
 * the terms of the pods that are there already, alike ones together. Thousands of replicas have a handful of terms.
 */
import type { Change } from '../state/change-log.ts'
import type { DerivedValue } from '../state/derived.ts'
import { DomainCounts } from '../state/domain-counts.ts'
import type { NodeInfo } from '../state/node-info.ts'
import { type AffinityTerm, concerns, type PodInfo } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'

/** Pods that all of some terms are about, by term and domain. */
export class TermCounts implements DerivedValue {
  readonly domains: readonly DomainCounts[]
  readonly #terms: readonly AffinityTerm[]
  readonly #snapshot: Snapshot

  constructor(terms: readonly AffinityTerm[], snapshot: Snapshot) {
    this.#terms = terms
    this.#snapshot = snapshot
    this.domains = terms.map(() => new DomainCounts())
    for (const node of snapshot.nodes) for (const pod of node.pods.values()) this.#add(node, pod, 1)
  }

  apply({ node, pod, by }: Change): void {
    if (pod && by !== 0) this.#add(node, pod, by)
  }

  #add({ labels }: NodeInfo, pod: PodInfo, by: 1 | -1): void {
    const { namespaceLabels } = this.#snapshot
    if (!this.#terms.every(term => concerns(term, pod, namespaceLabels))) return
    for (const [i, { topologyKey }] of this.#terms.entries()) {
      const domain = labels[topologyKey]
      if (domain !== undefined) this.domains[i]?.add(domain, by)
    }
  }
}

/** A term that pods on nodes have, with its weight. */
export interface HeldTerm {
  readonly term: AffinityTerm
  readonly weight: number
}

export interface TermGroup extends HeldTerm {
  /** Pods that have this term, by domain. */
  readonly domains: DomainCounts
  /** How many pods have it, wherever they are. */
  pods: number
}

/** The terms of all pods on nodes. */
export class HeldTerms implements DerivedValue {
  readonly #groups = new Map<string, TermGroup>()
  readonly #termsOf: (pod: PodInfo) => readonly HeldTerm[]

  constructor(termsOf: (pod: PodInfo) => readonly HeldTerm[], nodes: Iterable<NodeInfo>) {
    this.#termsOf = termsOf
    for (const node of nodes) for (const pod of node.pods.values()) this.#add(node, pod, 1)
  }

  get groups(): Iterable<TermGroup> {
    return this.#groups.values()
  }

  apply({ node, pod, by }: Change): void {
    if (pod && by !== 0) this.#add(node, pod, by)
  }

  #add({ node, labels }: NodeInfo, pod: PodInfo, by: 1 | -1): void {
    // What is on nodes that do not exist counts from the moment at which they do.
    if (!node) return
    for (const { term, weight } of this.#termsOf(pod)) {
      const key = `${weight} ${term.key}`
      let group = this.#groups.get(key)
      if (!group) {
        group = { term, weight, domains: new DomainCounts(), pods: 0 }
        this.#groups.set(key, group)
      }
      group.pods += by
      const domain = labels[term.topologyKey]
      if (domain !== undefined) group.domains.add(domain, by)
      if (group.pods === 0) this.#groups.delete(key)
    }
  }
}
