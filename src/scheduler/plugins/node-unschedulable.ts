import { tolerates } from '#api/core/v1/node-matching.ts'
import { type Plugin, refuse } from '../plugin.ts'

const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const

/** Keeps pods off nodes that were cordoned. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  wokenBy: ['node-added', 'node-changed'],
  filter({ pod }) {
    if (pod.spec.tolerations?.some(toleration => tolerates(toleration, TAINT))) return undefined
    return ({ node }) =>
      node?.spec.unschedulable ? refuse('node(s) were unschedulable', true) : undefined
  },
}
