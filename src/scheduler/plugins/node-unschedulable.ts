import type { Node } from '#api/core/v1/node.ts'
import { tolerates } from '#api/core/v1/node-matching.ts'
import { actions } from '../framework/cluster-event.ts'
import type { Plugin } from '../framework/plugin.ts'
import { unresolvable } from '../framework/status.ts'

const NAME = 'NodeUnschedulable'
const REFUSAL = unresolvable(NAME, 'node(s) were unschedulable')
const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const

/** Keeps pods off nodes that were cordoned. */
export function nodeUnschedulable(): Plugin {
  return {
    name: NAME,
    sign: ({ pod }) => JSON.stringify(pod.spec.tolerations) ?? '',
    filter(_cycle, { pod }, { node }) {
      if (!node?.spec.unschedulable) return undefined
      const tolerated = pod.spec.tolerations?.some(toleration => tolerates(toleration, TAINT))
      return tolerated ? undefined : REFUSAL
    },
    events: () => [
      {
        resource: 'Node',
        action: actions.add | actions.updateNodeTaint,
        hint: (_pod, { next }) => !(next as Node | undefined)?.spec.unschedulable,
      },
      {
        resource: 'UnscheduledPod',
        action: actions.updatePodToleration,
        hint: ({ uid }, { next }) => next?.metadata.uid === uid,
      },
    ],
  }
}
