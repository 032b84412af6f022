/** How the tables of the bootstrap policy are written down: short, one line a rule. */
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { Role } from '#api/rbac/v1/role.ts'
import type { PolicyRule } from '#api/rbac/v1/rules.ts'

export const RBAC_GROUP = 'rbac.authorization.k8s.io'
export const RBAC_VERSION = `${RBAC_GROUP}/v1`
/** Marks what the server itself made, and what it may bring up to date at start; "false" there keeps it off. */
export const BOOTSTRAP_LABEL = 'kubernetes.io/bootstrapping'
export const AUTOUPDATE_ANNOTATION = 'rbac.authorization.kubernetes.io/autoupdate'
export const AGGREGATE_LABEL_PREFIX = 'rbac.authorization.k8s.io/aggregate-to-'

export const READ = 'get list watch'
export const READ_UPDATE = 'get list patch update watch'
export const WRITE = 'create delete deletecollection patch update'
export const READ_WRITE = 'create delete deletecollection get list patch update watch'

const words = (text: string) => text.split(/\s+/).filter(Boolean)

/** `rule('get list', 'core apps', 'pods deployments', 'web')`; `core` stands for the group without a name. */
export function rule(verbs: string, groups: string, resources: string, names = ''): PolicyRule {
  return {
    verbs: words(verbs),
    apiGroups: words(groups).map(group => (group === 'core' ? '' : group)),
    resources: words(resources),
    ...(names ? { resourceNames: words(names) } : {}),
  }
}

export function urls(verbs: string, paths: string): PolicyRule {
  return { verbs: words(verbs), nonResourceURLs: words(paths) }
}

export const eventsRule = rule('create patch update', 'core events.k8s.io', 'events')

export function metadata(name: string, labels: Record<string, string> = {}, namespace = '') {
  return {
    name,
    ...(namespace ? { namespace } : {}),
    labels: { [BOOTSTRAP_LABEL]: 'rbac-defaults', ...labels },
    annotations: { [AUTOUPDATE_ANNOTATION]: 'true' },
  }
}

export function clusterRole(name: string, rules: PolicyRule[], labels?: Record<string, string>) {
  return {
    apiVersion: RBAC_VERSION,
    kind: 'ClusterRole',
    metadata: metadata(name, labels),
    rules,
  } satisfies ClusterRole
}

export function namespacedRole(namespace: string, name: string, rules: PolicyRule[]) {
  return {
    apiVersion: RBAC_VERSION,
    kind: 'Role',
    metadata: metadata(name, {}, namespace),
    rules,
  } satisfies Role
}
