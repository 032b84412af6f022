/** The rules of a cluster role that is composed of others. */

import { apiVersionOf } from '#api/machinery/kind.ts'
import { labelMatcherOf } from '#api/machinery/label-selector.ts'
import { type ClusterRole, clusterRole } from '#api/rbac/v1/cluster-role.ts'
import { nothingToDo, type Outcome } from '../runner/controller.ts'
import { canonical, sameJson } from '../runner/json.ts'

/** Who owns the rules of what is composed, as upstream. */
const MANAGER = 'clusterrole-aggregation-controller'

/** Selectors in their order, roles by name, rules in theirs; what comes up again is left out. */
export function reconcile(role: ClusterRole, roles: readonly ClusterRole[]): Outcome {
  if (!role.aggregationRule) return nothingToDo
  const others = roles
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
  const rules = new Map<string, ClusterRole['rules'][number]>()
  for (const selector of role.aggregationRule.clusterRoleSelectors ?? []) {
    const matcher = labelMatcherOf(selector)
    for (const other of others)
      if (matcher.matches(other.metadata.labels))
        for (const rule of other.rules ?? []) {
          const text = canonical(rule)
          if (!rules.has(text)) rules.set(text, rule)
        }
  }
  const next = [...rules.values()]
  if (sameJson(next, role.rules ?? [])) return nothingToDo
  const { name = '', uid = '' } = role.metadata
  const patch = {
    apiVersion: apiVersionOf(clusterRole),
    kind: clusterRole.kind,
    metadata: { name, uid },
    rules: next,
  }
  const options = { fieldManager: MANAGER, force: true }
  return {
    writes: [{ verb: 'patch', kind: clusterRole, object: role, type: 'apply', patch, options }],
  }
}
