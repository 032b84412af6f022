/** Rights to groups of pods and their workloads, by role. Upstream gives them with the feature gates of that alpha API, we where it is served. */
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { PolicyRule } from '#api/rbac/v1/rules.ts'
import { CONTROLLER_ROLE_PREFIX } from './bootstrap-controller-roles.ts'
import { clusterRole, READ, rule, WRITE } from './bootstrap-rules.ts'

const GROUP = 'scheduling.k8s.io'
const view = [rule(READ, GROUP, 'podgroups podgroups/status workloads')]
const edit = [rule(WRITE, GROUP, 'podgroups workloads')]
const follow = [rule(READ, GROUP, 'podgroups'), rule('patch update', GROUP, 'podgroups/status')]

const rulesByRole: Readonly<Record<string, readonly PolicyRule[]>> = {
  'system:aggregate-to-view': view,
  'system:aggregate-to-edit': edit,
  view,
  edit: [...edit, ...view],
  admin: [...edit, ...view],
  'system:kube-scheduler': follow,
  [`${CONTROLLER_ROLE_PREFIX}resource-claim-controller`]: follow,
  'proa:controllers': [...follow, rule('update', GROUP, 'podgroups')],
}

/** The controller that is there for groups of pods alone. */
export const PROTECTION = 'podgroup-protection-controller'

export const protectionRole: ClusterRole = clusterRole(`${CONTROLLER_ROLE_PREFIX}${PROTECTION}`, [
  rule(`${READ} update`, GROUP, 'podgroups'),
  rule(READ, 'core', 'pods'),
])

export function withWorkloadRules(role: ClusterRole): ClusterRole {
  const more = rulesByRole[role.metadata.name ?? '']
  return more ? { ...role, rules: [...role.rules, ...more] } : role
}
