/** Objects can be only where their namespace is. */
import { type LabelMatcher, nothing } from '#api/machinery/label-selector.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { CLUSTER_SELECTOR, FEDERATED } from '../names.ts'
import { parseClusterSelector } from '../placement/cluster-selector.ts'

type Matcher = Pick<LabelMatcher, 'matches'>

/** A selector, narrowed by that of the namespace where there is one. */
export function within(selector: Matcher, namespace: KubernetesObject | undefined): Matcher {
  if (!namespace) return selector
  const { labels, annotations } = namespace.metadata
  if (labels?.[FEDERATED] === 'false') return nothing
  let outer: Matcher
  try {
    outer = parseClusterSelector(annotations?.[CLUSTER_SELECTOR])
  } catch {
    // It is told of the namespace, which stays where it is; whoever lacks it refuses its objects.
    return selector
  }
  return { matches: of => selector.matches(of) && outer.matches(of) }
}

export const differsInPlace = (one: KubernetesObject, other: KubernetesObject): boolean =>
  one.metadata.annotations?.[CLUSTER_SELECTOR] !== other.metadata.annotations?.[CLUSTER_SELECTOR] ||
  one.metadata.labels?.[FEDERATED] !== other.metadata.labels?.[FEDERATED]
