/**
 * Spreads pods over zones, nodes or any other label of nodes. A cluster's default constraints (upstream spreads pods of
 * one service or owner softly) are not applied: pods without constraints are spread by free resources alone.
 */

import { matchesNodeSelection, untolerated } from '#api/core/v1/node-matching.ts'
import type { TopologySpreadConstraint } from '#api/core/v1/pod/pod.ts'
import { type LabelMatcher, labelMatcherOf } from '#api/machinery/label-selector.ts'
import { MAXIMUM_SCORE, type Plugin, refuse } from '../plugin.ts'
import type { PodInfo } from '../pod-info.ts'
import type { NodeInfo, Snapshot } from '../snapshot.ts'

interface Spread {
  readonly constraint: TopologySpreadConstraint
  readonly selector: LabelMatcher
  readonly selfMatches: boolean
  /** Matching pods by domain. */
  readonly counts: Map<string, number>
}

export const podTopologySpread: Plugin = {
  name: 'PodTopologySpread',
  wokenBy: ['node-added', 'node-changed', 'pod-added', 'pod-removed'],
  filter(pod, snapshot) {
    const spreads = spreadsOf(pod, snapshot, 'DoNotSchedule', snapshot.nodes)
    if (spreads.length === 0) return undefined
    const lowest = spreads.map(({ counts, constraint }) =>
      counts.size < (constraint.minDomains ?? 1) ? 0 : Math.min(...counts.values()),
    )
    return ({ node }) => {
      for (const [i, { constraint, counts, selfMatches }] of spreads.entries()) {
        const domain = node?.metadata.labels?.[constraint.topologyKey]
        if (domain === undefined)
          return refuse(
            "node(s) didn't match pod topology spread constraints (missing required label)",
            true,
          )
        const skew = (counts.get(domain) ?? 0) + (selfMatches ? 1 : 0) - (lowest[i] ?? 0)
        if (skew > constraint.maxSkew)
          return refuse("node(s) didn't match pod topology spread constraints")
      }
      return undefined
    }
  },
  weight: 2,
  score(pod, snapshot, nodes) {
    const spreads = spreadsOf(pod, snapshot, 'ScheduleAnyway', nodes)
    if (spreads.length === 0) return undefined
    // Weighted by the number of domains, so that a crowded zone counts about as much as a crowded node.
    const raw = nodes.map(({ node }) =>
      spreads.reduce((sum, { constraint, counts }) => {
        const count = counts.get(node?.metadata.labels?.[constraint.topologyKey] ?? '') ?? 0
        return sum + count * Math.log(counts.size + 2) + (constraint.maxSkew - 1)
      }, 0),
    )
    const highest = Math.max(...raw)
    const lowest = Math.min(...raw)
    if (highest === 0) return raw.map(() => MAXIMUM_SCORE)
    return raw.map(score => Math.trunc((MAXIMUM_SCORE * (highest + lowest - score)) / highest))
  },
}

function spreadsOf(
  pod: PodInfo,
  snapshot: Snapshot,
  when: TopologySpreadConstraint['whenUnsatisfiable'],
  domainsOf: readonly NodeInfo[],
): Spread[] {
  const all = (pod.pod.spec.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === when,
  )
  if (all.length === 0) return []
  const keys = all.map(({ topologyKey }) => topologyKey)
  return all.map(constraint => {
    const selector = selectorOf(constraint, pod)
    const counts = new Map<string, number>()
    const eligible = (node: NodeInfo) =>
      keys.every(key => node.node?.metadata.labels?.[key] !== undefined) &&
      isCounted(constraint, pod, node)
    const domain = ({ node }: NodeInfo) => node?.metadata.labels?.[constraint.topologyKey] ?? ''
    for (const node of domainsOf) if (eligible(node)) counts.set(domain(node), 0)
    for (const node of snapshot.nodes) {
      const count = counts.get(domain(node))
      if (count === undefined || !eligible(node)) continue
      counts.set(domain(node), count + matching(node, pod, selector))
    }
    return { constraint, selector, counts, selfMatches: selector.matches(pod.labels) }
  })
}

/** The constraint's selector, narrowed to pods that share the values of the labels it names. */
function selectorOf(constraint: TopologySpreadConstraint, pod: PodInfo): LabelMatcher {
  const shared = (constraint.matchLabelKeys ?? []).filter(key => pod.labels[key] !== undefined)
  if (shared.length === 0) return labelMatcherOf(constraint.labelSelector)
  const matchLabels = { ...constraint.labelSelector?.matchLabels }
  for (const key of shared) matchLabels[key] = pod.labels[key] ?? ''
  return labelMatcherOf({ ...constraint.labelSelector, matchLabels })
}

function isCounted(
  { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' }: TopologySpreadConstraint,
  { pod }: PodInfo,
  { node }: NodeInfo,
): boolean {
  if (!node) return false
  if (nodeAffinityPolicy === 'Honor' && !matchesNodeSelection(pod, node)) return false
  const hard = ['NoSchedule', 'NoExecute']
  return nodeTaintsPolicy !== 'Honor' || !untolerated(node.spec.taints, pod.spec.tolerations, hard)
}

function matching(node: NodeInfo, pod: PodInfo, selector: LabelMatcher): number {
  let count = 0
  for (const other of node.pods.values())
    if (
      other.namespace === pod.namespace &&
      !other.pod.metadata.deletionTimestamp &&
      selector.matches(other.labels)
    )
      count++
  return count
}
