import type { Node } from '#api/core/v1/node.ts'
import { untolerated } from '#api/core/v1/node-matching.ts'
import { actions } from '../framework/cluster-event.ts'
import type { Plugin } from '../framework/plugin.ts'
import { unresolvable } from '../framework/status.ts'
import type { PodInfo } from '../state/pod-info.ts'
import { normalizeToHighest } from './normalize.ts'

const NAME = 'TaintToleration'
const REFUSAL = unresolvable(NAME, 'node(s) had untolerated taint(s)')
const HARD = ['NoSchedule', 'NoExecute']
const SOFT = ['PreferNoSchedule']

/** Keeps pods off nodes whose taints they do not tolerate, and prefers nodes with few soft ones. */
export function taintToleration(): Plugin {
  const isRefused = ({ pod }: PodInfo, node: Node | undefined) =>
    untolerated(node?.spec.taints, pod.spec.tolerations, HARD) !== undefined
  return {
    name: NAME,
    sign: ({ pod }) => JSON.stringify(pod.spec.tolerations) ?? '',
    filter: (_cycle, pod, { node }) => (isRefused(pod, node) ? REFUSAL : undefined),
    score(_cycle, { pod: { spec } }, { node }) {
      const taints = node?.spec.taints
      if (!taints?.length) return 0
      const tolerations = spec.tolerations?.filter(
        ({ effect }) => !effect || effect === 'PreferNoSchedule',
      )
      return taints.filter(taint => untolerated([taint], tolerations, SOFT)).length
    },
    normalize: (_cycle, _pod, scores) => normalizeToHighest(scores, true),
    events: () => [
      {
        resource: 'Node',
        action: actions.add | actions.updateNodeTaint,
        hint: (pod, { next }) => !isRefused(pod, next as Node | undefined),
      },
      {
        resource: 'UnscheduledPod',
        action: actions.updatePodToleration,
        hint: ({ uid }, { next }) => next?.metadata.uid === uid,
      },
    ],
  }
}
