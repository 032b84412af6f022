/** A spread constraint as the plugin works with it, and which pods and nodes it counts. */
import type { Node } from '#api/core/v1/node.ts'
import { matchesNodeSelection, untolerated } from '#api/core/v1/node-matching.ts'
import type { TopologySpreadConstraint } from '#api/core/v1/pod/pod.ts'
import { type LabelMatcher, labelMatcherOf } from '#api/machinery/label-selector.ts'
import type { NodeInfo } from '../state/node-info.ts'
import type { PodInfo } from '../state/pod-info.ts'

export interface Spread {
  readonly topologyKey: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly selector: LabelMatcher
  readonly honorsAffinity: boolean
  readonly honorsTaints: boolean
  /** Whether the pod itself is one of those that are counted. */
  readonly selfMatches: boolean
}

const HARD = ['NoSchedule', 'NoExecute']

export function spreadOf(constraint: TopologySpreadConstraint, pod: PodInfo): Spread {
  return spreadWith(constraint, selectorOf(constraint, pod), pod)
}

export function spreadWith(
  constraint: Omit<TopologySpreadConstraint, 'labelSelector'>,
  selector: LabelMatcher,
  pod: PodInfo,
): Spread {
  const { topologyKey, maxSkew, minDomains = 1 } = constraint
  const { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' } = constraint
  return {
    topologyKey,
    maxSkew,
    minDomains,
    selector,
    honorsAffinity: nodeAffinityPolicy === 'Honor',
    honorsTaints: nodeTaintsPolicy === 'Honor',
    selfMatches: selector.matches(pod.labels),
  }
}

/** The constraint's selector, narrowed to pods that share the values of the labels it names. */
function selectorOf(constraint: TopologySpreadConstraint, pod: PodInfo): LabelMatcher {
  const { labelSelector, matchLabelKeys = [] } = constraint
  const shared = matchLabelKeys.filter(key => pod.labels[key] !== undefined)
  if (shared.length === 0) return labelMatcherOf(labelSelector)
  const matchExpressions = [
    ...(labelSelector?.matchExpressions ?? []),
    ...shared.map(key => ({ key, operator: 'In' as const, values: [pod.labels[key] ?? ''] })),
  ]
  return labelMatcherOf({ ...labelSelector, matchExpressions })
}

/** Equal for constraints and pods that count the same pods on the same nodes. */
export function spreadKey(spreads: readonly Spread[], { pod, namespace }: PodInfo): string {
  const { nodeSelector, affinity, tolerations } = pod.spec
  const honorsAffinity = spreads.some(spread => spread.honorsAffinity)
  const honorsTaints = spreads.some(spread => spread.honorsTaints)
  return JSON.stringify([
    namespace,
    spreads.map(({ topologyKey, selector, ...rest }) => [
      topologyKey,
      selector.selectsNothing ? null : selector.toString(),
      rest.honorsAffinity,
      rest.honorsTaints,
    ]),
    honorsAffinity
      ? [nodeSelector, affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution]
      : 0,
    honorsTaints ? tolerations : 0,
  ])
}

/** Whether the pods on a node count at all. */
export function isCounted(spread: Spread, { pod }: PodInfo, node: Node): boolean {
  if (spread.honorsAffinity && !matchesNodeSelection(pod, node)) return false
  return !spread.honorsTaints || !untolerated(node.spec.taints, pod.spec.tolerations, HARD)
}

export function hasAllLabels(spreads: readonly Spread[], { labels }: NodeInfo): boolean {
  return spreads.every(({ topologyKey }) => labels[topologyKey] !== undefined)
}

/** Whether a pod on a node is one of those that are counted. Like upstream, a selector for everything counts nothing. */
export function isSpreadWith(
  { selector }: Spread,
  namespace: string,
  { namespace: own, pod, labels }: PodInfo,
): boolean {
  if (selector.selectsEverything || own !== namespace) return false
  return !pod.metadata.deletionTimestamp && selector.matches(labels)
}
