import { untolerated } from '#api/core/v1/node-matching.ts'
import { normalized, type Plugin, refuse } from '../plugin.ts'

/** Keeps pods off nodes whose taints they do not tolerate, and prefers nodes without soft ones. */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  wokenBy: ['node-added', 'node-changed'],
  filter({ pod: { spec } }) {
    return ({ node }) =>
      untolerated(node?.spec.taints, spec.tolerations, ['NoSchedule', 'NoExecute'])
        ? refuse('node(s) had untolerated taint(s)', true)
        : undefined
  },
  weight: 3,
  score({ pod: { spec } }, _snapshot, nodes) {
    const soft = spec.tolerations?.filter(({ effect }) => !effect || effect === 'PreferNoSchedule')
    const counts = nodes.map(
      ({ node }) =>
        (node?.spec.taints ?? []).filter(taint => untolerated([taint], soft, ['PreferNoSchedule']))
          .length,
    )
    return counts.some(count => count > 0) ? normalized(counts, true) : undefined
  },
}
