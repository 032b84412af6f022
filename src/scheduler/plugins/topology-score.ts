/** The half of PodTopologySpread that prefers nodes. */
import { cycleKey } from '../framework/cycle-state.ts'
import { MAXIMUM_NODE_SCORE, type Plugin } from '../framework/plugin.ts'
import { SKIP } from '../framework/status.ts'
import type { Change } from '../state/change-log.ts'
import { Derived, type DerivedValue } from '../state/derived.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { hasAllLabels, isSpreadWith, type Spread, spreadKey } from './topology-constraint.ts'
import { TopologyCounts } from './topology-counts.ts'
import type { SpreadsOf } from './topology-defaults.ts'

const HOSTNAME = 'kubernetes.io/hostname'
/** Sorts of pods whose counts are kept. */
const KEPT_LIMIT = 512

interface Weighed {
  readonly spread: Spread
  /** The more domains there are, the more each pod in one of them counts. */
  readonly weight: number
  /** Matching pods in the node's domain. */
  readonly countOf: (node: NodeInfo, domain: string) => number
}
interface ScoreState {
  readonly weighed: readonly Weighed[]
  readonly ignored: ReadonlySet<NodeInfo>
}
const STATE = cycleKey<ScoreState>('PreScorePodTopologySpread')

export function createTopologyScore(
  snapshot: Snapshot,
  spreadsOf: SpreadsOf,
): Pick<Plugin, 'preScore' | 'score' | 'normalize'> {
  const byDomain = new Derived<TopologyCounts>(KEPT_LIMIT)
  const byNode = new Derived<NodeCounts>(KEPT_LIMIT)
  return {
    preScore(cycle, pod, nodes) {
      const { spreads, isSystem } = spreadsOf(pod, 'ScheduleAnyway')
      if (spreads.length === 0) return SKIP
      const requireAll = !isSystem
      const ignored = new Set(requireAll ? nodes.filter(node => !hasAllLabels(spreads, node)) : [])
      const key = `${requireAll} ${spreadKey(spreads, pod)}`
      const counts = byDomain.get(key, snapshot, () => {
        return new TopologyCounts({ spreads, pod, requireAll }, snapshot)
      })
      const weighed = spreads.map((spread, i): Weighed => {
        const { topologyKey } = spread
        if (topologyKey === HOSTNAME) {
          const perNode = byNode.get(spreadKey([spread], pod), snapshot, () => {
            return new NodeCounts(spread, pod.namespace, snapshot)
          })
          const weight = weightOf(nodes.length - ignored.size)
          return { spread, weight, countOf: node => perNode.counts.get(node.name) ?? 0 }
        }
        const domains = counts.domains[i]
        const weight = weightOf(domainsOf(nodes, ignored, topologyKey))
        return { spread, weight, countOf: (_node, domain) => domains?.get(domain) ?? 0 }
      })
      cycle.set(STATE, { weighed, ignored })
      return undefined
    },
    score(cycle, _pod, node) {
      const state = cycle.get(STATE)
      if (!state || state.ignored.has(node)) return 0
      let sum = 0
      for (const { spread, weight, countOf } of state.weighed) {
        const domain = node.labels[spread.topologyKey]
        if (domain !== undefined) sum += countOf(node, domain) * weight + (spread.maxSkew - 1)
      }
      return Math.round(sum)
    },
    normalize(cycle, _pod, scores, nodes) {
      const ignored = cycle.get(STATE)?.ignored ?? new Set()
      let highest = 0
      let lowest = Number.POSITIVE_INFINITY
      for (let i = 0; i < nodes.length; i++) {
        if (ignored.has(nodes[i] as NodeInfo)) continue
        highest = Math.max(highest, scores[i] ?? 0)
        lowest = Math.min(lowest, scores[i] ?? 0)
      }
      for (let i = 0; i < nodes.length; i++) {
        const score = scores[i] ?? 0
        if (ignored.has(nodes[i] as NodeInfo)) scores[i] = 0
        else if (highest === 0) scores[i] = MAXIMUM_NODE_SCORE
        else scores[i] = Math.trunc((MAXIMUM_NODE_SCORE * (highest + lowest - score)) / highest)
      }
    },
  }
}

function weightOf(domains: number): number {
  return Math.log(domains + 2)
}

/** How many domains the nodes to be scored are in; those without the label are one of their own. */
function domainsOf(
  nodes: readonly NodeInfo[],
  ignored: ReadonlySet<NodeInfo>,
  topologyKey: string,
): number {
  const domains = new Set<string>()
  for (const node of nodes) if (!ignored.has(node)) domains.add(node.labels[topologyKey] ?? '')
  return domains.size
}

/** Matching pods by node: two nodes of one host name are two nodes. */
class NodeCounts implements DerivedValue {
  readonly counts: Map<string, number> = new Map()
  readonly #spread: Spread
  readonly #namespace: string

  constructor(spread: Spread, namespace: string, { nodes }: Snapshot) {
    this.#spread = spread
    this.#namespace = namespace
    for (const node of nodes) for (const pod of node.pods.values()) this.#add(node, pod, 1)
  }

  apply({ node, pod, by }: Change): void {
    if (pod && by !== 0) this.#add(node, pod, by)
  }

  #add({ name }: NodeInfo, pod: PodInfo, by: 1 | -1): void {
    if (!isSpreadWith(this.#spread, this.#namespace, pod)) return
    this.counts.set(name, (this.counts.get(name) ?? 0) + by)
  }
}
