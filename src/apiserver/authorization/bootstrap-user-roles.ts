/** The roles that people are given: cluster-admin, and admin, edit and view, which are sums of the roles labelled for them. */
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import {
  AGGREGATE_LABEL_PREFIX,
  clusterRole,
  READ,
  READ_WRITE,
  rule,
  urls,
  WRITE,
} from './bootstrap-rules.ts'

const aggregateTo = (role: string) => ({ [`${AGGREGATE_LABEL_PREFIX}${role}`]: 'true' })

const adminRules = [
  rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
  rule(READ_WRITE, 'rbac.authorization.k8s.io', 'roles rolebindings'),
]

const editRules = [
  // Reading these is a way to more rights, so viewers may not.
  rule(READ, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  rule('impersonate', 'core', 'serviceaccounts'),
  rule(WRITE, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  rule('create', 'core', 'pods/eviction'),
  // No endpoints and endpointslices: with them one reaches pods of other namespaces through one's own Service.
  rule(
    WRITE,
    'core',
    `configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale
     secrets serviceaccounts services services/proxy`,
  ),
  rule('create', 'core', 'serviceaccounts/token'),
  rule(WRITE, 'events.k8s.io', 'events'),
  rule(
    WRITE,
    'apps',
    `daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale
     statefulsets statefulsets/scale`,
  ),
  rule(WRITE, 'autoscaling', 'horizontalpodautoscalers'),
  rule(WRITE, 'batch', 'cronjobs jobs'),
  rule(
    WRITE,
    'extensions',
    `daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies
     replicasets replicasets/scale replicationcontrollers/scale`,
  ),
  rule(WRITE, 'policy', 'poddisruptionbudgets'),
  rule(WRITE, 'networking.k8s.io', 'ingresses networkpolicies'),
  rule(READ_WRITE, 'coordination.k8s.io', 'leases'),
  rule(WRITE, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
]

const viewRules = [
  rule(
    READ,
    'core',
    `configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods
     replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status`,
  ),
  rule(
    READ,
    'core',
    `bindings events limitranges namespaces/status pods/log pods/status
     replicationcontrollers/status resourcequotas resourcequotas/status`,
  ),
  // Within a namespace this means: that one namespace.
  rule(READ, 'core', 'namespaces'),
  rule(READ, 'discovery.k8s.io', 'endpointslices'),
  rule(READ, 'events.k8s.io', 'events'),
  rule(
    READ,
    'apps',
    `controllerrevisions daemonsets daemonsets/status deployments deployments/scale
     deployments/status replicasets replicasets/scale replicasets/status statefulsets
     statefulsets/scale statefulsets/status`,
  ),
  rule(READ, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  rule(READ, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  rule(
    READ,
    'extensions',
    `daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses
     ingresses/status networkpolicies replicasets replicasets/scale replicasets/status
     replicationcontrollers/scale`,
  ),
  rule(READ, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  rule(READ, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
  rule(READ, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
]

/** A role that is the sum of those labelled for it. It carries the sum of the bootstrap roles from the start. */
function aggregated(name: string, rules: ClusterRole['rules'], into?: string): ClusterRole {
  return {
    ...clusterRole(name, rules, into === undefined ? {} : aggregateTo(into)),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregateTo(name) }] },
  }
}

export const userRoles: readonly ClusterRole[] = [
  clusterRole('cluster-admin', [rule('*', '*', '*'), urls('*', '*')]),
  aggregated('admin', [...editRules, ...viewRules, ...adminRules]),
  aggregated('edit', [...editRules, ...viewRules], 'admin'),
  aggregated('view', viewRules, 'edit'),
  clusterRole('system:aggregate-to-admin', adminRules, aggregateTo('admin')),
  clusterRole('system:aggregate-to-edit', editRules, aggregateTo('edit')),
  clusterRole('system:aggregate-to-view', viewRules, aggregateTo('view')),
]
