/** Pods that want to be near, or apart from, other pods. */
import type { Pod } from '#api/core/v1/pod/pod.ts'
import { actions, type ClusterEvent, type EventInterest } from '../framework/cluster-event.ts'
import type { Handle } from '../framework/handle.ts'
import type { Plugin } from '../framework/plugin.ts'
import { concerns, type PodInfo, podInfoOf } from '../state/pod-info.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { createAffinityFilter } from './affinity-filter.ts'
import { createAffinityScore, type InterPodAffinityArgs } from './affinity-score.ts'

export function interPodAffinity(args: unknown, { snapshot }: Handle): Plugin {
  return {
    name: 'InterPodAffinity',
    ...createAffinityFilter(snapshot),
    ...createAffinityScore(snapshot, (args ?? {}) as InterPodAffinityArgs),
    events: () => interests(snapshot),
  }
}

function interests(snapshot: Snapshot): readonly EventInterest[] {
  return [
    {
      resource: 'Pod',
      action: actions.add | actions.delete | actions.updatePodLabel,
      hint: (pod, event) => matters(snapshot, pod, event),
    },
    {
      resource: 'Node',
      action: actions.add | actions.updateNodeLabel,
      hint: (pod, { next }) =>
        [...pod.requiredAffinity, ...pod.requiredAntiAffinity].some(
          ({ topologyKey }) => next?.metadata.labels?.[topologyKey] !== undefined,
        ) || pod.requiredAffinity.length + pod.requiredAntiAffinity.length === 0,
    },
  ]
}

/** A pod that came matters to those who want it near; one that went, to those who wanted it away or whom it kept away. */
function matters({ namespaceLabels }: Snapshot, pod: PodInfo, event: ClusterEvent): boolean {
  const { previous, next } = event
  if (event.resource === 'UnscheduledPod') return next?.metadata.uid === pod.uid
  const before = previous && podInfoOf(previous as Pod)
  const after = next && podInfoOf(next as Pod)
  const near = (other: PodInfo) =>
    pod.requiredAffinity.some(term => concerns(term, other, namespaceLabels))
  const apart = (other: PodInfo) =>
    pod.requiredAntiAffinity.some(term => concerns(term, other, namespaceLabels)) ||
    other.requiredAntiAffinity.some(term => concerns(term, pod, namespaceLabels))
  if (after && near(after) && !(before && near(before))) return true
  return before !== undefined && apart(before) && !(after && apart(after))
}
