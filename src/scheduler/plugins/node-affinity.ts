import { hasNodeSelection, matchesNodeSelection, matchesTerm } from '#api/core/v1/node-matching.ts'
import { normalized, type Plugin, refuse } from '../plugin.ts'

/** Node selector and node affinity, required and preferred. */
export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  wokenBy: ['node-added', 'node-changed'],
  filter({ pod }) {
    if (!hasNodeSelection(pod)) return undefined
    return ({ node }) =>
      node && matchesNodeSelection(pod, node)
        ? undefined
        : refuse("node(s) didn't match Pod's node affinity/selector", true)
  },
  weight: 2,
  score({ pod }, _snapshot, nodes) {
    const preferred =
      pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    if (preferred.length === 0) return undefined
    const sums = nodes.map(({ node }) =>
      preferred.reduce(
        (sum, { weight, preference }) =>
          node && matchesTerm(preference, node) ? sum + weight : sum,
        0,
      ),
    )
    return normalized(sums)
  },
}
