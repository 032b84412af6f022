/** The half of PodTopologySpread that refuses nodes. */
import { type CycleState, cycleKey } from '../framework/cycle-state.ts'
import type { Plugin } from '../framework/plugin.ts'
import { refusal, SKIP, unresolvable } from '../framework/status.ts'
import { Derived } from '../state/derived.ts'
import { DomainView } from '../state/domain-counts.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'
import {
  hasAllLabels,
  isCounted,
  isSpreadWith,
  type Spread,
  spreadKey,
} from './topology-constraint.ts'
import { TopologyCounts } from './topology-counts.ts'
import type { SpreadsOf } from './topology-defaults.ts'

const NAME = 'PodTopologySpread'
const REFUSAL = refusal(NAME, "node(s) didn't match pod topology spread constraints")
const NO_LABEL = unresolvable(
  NAME,
  "node(s) didn't match pod topology spread constraints (missing required label)",
)
/** Sorts of pods whose counts are kept. */
const KEPT_LIMIT = 512

interface Counted {
  readonly spread: Spread
  readonly domains: DomainView
  /** What the emptiest domain has; changes with `domains`. */
  lowest: number
}
const STATE = cycleKey<readonly Counted[]>('PreFilterPodTopologySpread', all =>
  all.map(counted => ({ ...counted, domains: counted.domains.copy() })),
)

export function createTopologyFilter(
  snapshot: Snapshot,
  spreadsOf: SpreadsOf,
): Pick<Plugin, 'preFilter' | 'addPod' | 'removePod' | 'filter'> {
  const kept = new Derived<TopologyCounts>(KEPT_LIMIT)
  return {
    preFilter(cycle, pod) {
      const { spreads } = spreadsOf(pod, 'DoNotSchedule')
      if (spreads.length === 0) return { status: SKIP }
      const counts = kept.get(spreadKey(spreads, pod), snapshot, () => {
        return new TopologyCounts({ spreads, pod, requireAll: true }, snapshot)
      })
      const counted = spreads.flatMap((spread, i) => {
        const base = counts.domains[i]
        return base ? [withLowest(spread, new DomainView(base))] : []
      })
      cycle.set(STATE, counted)
      return undefined
    },
    addPod: (cycle, pod, other, node) => change(cycle, { pod, other, node, by: 1 }),
    removePod: (cycle, pod, other, node) => change(cycle, { pod, other, node, by: -1 }),
    filter(cycle, _pod, node) {
      const { labels } = node
      for (const { spread, domains, lowest } of cycle.get(STATE) ?? []) {
        const domain = labels[spread.topologyKey]
        if (domain === undefined) return NO_LABEL
        const skew = domains.get(domain) + (spread.selfMatches ? 1 : 0) - lowest
        if (skew > spread.maxSkew) return REFUSAL
      }
      return undefined
    },
  }
}

function withLowest(spread: Spread, domains: DomainView): Counted {
  return { spread, domains, lowest: lowestOf(spread, domains) }
}

/** With fewer domains than wanted, the missing ones count as empty. Without any, nothing can be too much. */
function lowestOf({ minDomains }: Spread, domains: DomainView): number {
  return domains.size < minDomains ? 0 : (domains.lowest ?? Number.POSITIVE_INFINITY)
}

interface PodMove {
  readonly pod: PodInfo
  readonly other: PodInfo
  readonly node: NodeInfo
  readonly by: 1 | -1
}

function change(cycle: CycleState, { pod, other, node, by }: PodMove): undefined {
  const state = cycle.get(STATE) ?? []
  const spreads = state.map(({ spread }) => spread)
  if (!node.node || !hasAllLabels(spreads, node)) return
  for (const counted of state) {
    const { spread, domains } = counted
    if (!isSpreadWith(spread, pod.namespace, other) || !isCounted(spread, pod, node.node)) continue
    domains.add(node.labels[spread.topologyKey] ?? '', by)
    counted.lowest = lowestOf(spread, domains)
  }
}
