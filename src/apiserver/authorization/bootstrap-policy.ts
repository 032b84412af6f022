/**
 * The roles and bindings that every cluster starts with, under upstream's names, and what must be written at start so that they are there.
 * People may add to them; what they take away comes back, unless they set the autoupdate annotation to "false".
 */
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import type { Role } from '#api/rbac/v1/role.ts'
import type { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import type { PolicyRule, Subject } from '#api/rbac/v1/rules.ts'
import { CLOUD_ROLE, CLOUD_USER, cloudRules } from './bootstrap-cloud-role.ts'
import {
  CONTROLLER_ROLE_PREFIX,
  controllerNames,
  controllerRoles,
  ownControllerRules,
} from './bootstrap-controller-roles.ts'
import {
  AUTOUPDATE_ANNOTATION,
  clusterRole,
  eventsRule,
  metadata,
  namespacedRole,
  RBAC_GROUP,
  RBAC_VERSION,
  READ,
  rule,
} from './bootstrap-rules.ts'
import { systemRoles } from './bootstrap-system-roles.ts'
import { userRoles } from './bootstrap-user-roles.ts'
import { PROTECTION, protectionRole, withWorkloadRules } from './bootstrap-workload-rules.ts'
import type { RbacView } from './rbac.ts'
import { uncoveredRights } from './rbac-rules.ts'

export type PolicyObject = ClusterRole | ClusterRoleBinding | Role | RoleBinding

const group = (name: string): Subject => ({ kind: 'Group', apiGroup: RBAC_GROUP, name })
const user = (name: string): Subject => ({ kind: 'User', apiGroup: RBAC_GROUP, name })
const account = (name: string): Subject => ({
  kind: 'ServiceAccount',
  name,
  namespace: 'kube-system',
})

function clusterRoleBinding(role: string, subjects: Subject[], name = role): ClusterRoleBinding {
  return {
    apiVersion: RBAC_VERSION,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name),
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: role },
    ...(subjects.length > 0 ? { subjects } : {}),
  }
}

const OWN_ROLE_PREFIX = 'proa:controller:'

/** What upstream leaves to whoever installs the parts. Their names say that they are ours. */
const ownRoles: readonly ClusterRole[] = [
  // A process may run all controllers with one identity; it may do what they may together, which is not everything.
  clusterRole('proa:controllers', [
    ...controllerRoles.flatMap(({ rules }) => rules),
    ...Object.values(ownControllerRules).flat(),
  ]),
  ...Object.entries(ownControllerRules).map(([name, rules]) =>
    clusterRole(`${OWN_ROLE_PREFIX}${name}`, [...rules]),
  ),
  // Our proxy keeps traffic on its node where a Service wants that, for which it must know the node's pods, and enforces network policies.
  clusterRole('proa:proxy', [
    rule('list watch', 'core', 'pods namespaces'),
    rule('list watch', 'networking.k8s.io', 'networkpolicies'),
  ]),
  clusterRole(CLOUD_ROLE, cloudRules),
]

export const clusterRoles: readonly ClusterRole[] = [
  ...userRoles,
  ...systemRoles,
  ...controllerRoles,
  ...ownRoles,
]

export const clusterRoleBindings: readonly ClusterRoleBinding[] = [
  clusterRoleBinding('cluster-admin', [group('system:masters')]),
  clusterRoleBinding('system:monitoring', [group('system:monitoring')]),
  clusterRoleBinding('system:discovery', [group('system:authenticated')]),
  clusterRoleBinding('system:basic-user', [group('system:authenticated')]),
  clusterRoleBinding('system:public-info-viewer', [
    group('system:authenticated'),
    group('system:unauthenticated'),
  ]),
  clusterRoleBinding('system:node-proxier', [user('system:kube-proxy')]),
  clusterRoleBinding('system:kube-controller-manager', [user('system:kube-controller-manager')]),
  clusterRoleBinding('system:kube-dns', [account('kube-dns')]),
  clusterRoleBinding('system:kube-scheduler', [user('system:kube-scheduler')]),
  clusterRoleBinding('system:volume-scheduler', [user('system:kube-scheduler')]),
  clusterRoleBinding('system:service-account-issuer-discovery', [group('system:serviceaccounts')]),
  // The node authorizer gives nodes their rights; the binding stays, without subjects, for those who look for it.
  clusterRoleBinding('system:node', []),
  clusterRoleBinding('proa:controllers', [user('system:kube-controller-manager')]),
  clusterRoleBinding('proa:proxy', [user('system:kube-proxy')]),
  clusterRoleBinding(CLOUD_ROLE, [user(CLOUD_USER)]),
  // The API server's client certificate may use the kubelets; kubeadm makes this one, too.
  clusterRoleBinding(
    'system:kubelet-api-admin',
    [user('kube-apiserver-kubelet-client')],
    'proa:kubelet-api-admin',
  ),
  ...controllerNames.map(name => controllerBinding(CONTROLLER_ROLE_PREFIX, name)),
  ...Object.keys(ownControllerRules).map(name => controllerBinding(OWN_ROLE_PREFIX, name)),
]

function controllerBinding(prefix: string, name: string): ClusterRoleBinding {
  return clusterRoleBinding(`${prefix}${name}`, [account(name)])
}

const SYSTEM = 'kube-system'
const LEASES = rule('create get list update watch', 'coordination.k8s.io', 'leases')
const CANDIDATES = rule('create get list update watch', 'coordination.k8s.io', 'leasecandidates')
const SIGNER = `${CONTROLLER_ROLE_PREFIX}bootstrap-signer`

export const roles: readonly Role[] = [
  namespacedRole('kube-public', SIGNER, [
    rule(READ, 'core', 'configmaps'),
    rule('update', 'core', 'configmaps', 'cluster-info'),
    eventsRule,
  ]),
  namespacedRole(SYSTEM, 'extension-apiserver-authentication-reader', [
    rule(READ, 'core', 'configmaps', 'extension-apiserver-authentication'),
  ]),
  namespacedRole(SYSTEM, 'system::leader-locking-kube-controller-manager', [LEASES, CANDIDATES]),
  namespacedRole(SYSTEM, 'system::leader-locking-kube-scheduler', [LEASES, CANDIDATES]),
  namespacedRole(SYSTEM, CLOUD_ROLE, [LEASES]),
  namespacedRole(SYSTEM, SIGNER, [rule(READ, 'core', 'secrets')]),
  namespacedRole(SYSTEM, `${CONTROLLER_ROLE_PREFIX}cloud-provider`, [
    rule('create get list watch', 'core', 'configmaps'),
  ]),
  namespacedRole(SYSTEM, `${CONTROLLER_ROLE_PREFIX}token-cleaner`, [
    rule('delete get list watch', 'core', 'secrets'),
    eventsRule,
  ]),
]

function roleBinding(
  namespace: string,
  role: string,
  subjects: Subject[],
  name = role,
): RoleBinding {
  return {
    apiVersion: RBAC_VERSION,
    kind: 'RoleBinding',
    metadata: metadata(name, {}, namespace),
    roleRef: { apiGroup: RBAC_GROUP, kind: 'Role', name: role },
    subjects,
  }
}

export const roleBindings: readonly RoleBinding[] = [
  roleBinding('kube-public', SIGNER, [account('bootstrap-signer')]),
  roleBinding(
    SYSTEM,
    'extension-apiserver-authentication-reader',
    [user('system:kube-controller-manager'), user('system:kube-scheduler')],
    'system::extension-apiserver-authentication-reader',
  ),
  roleBinding(SYSTEM, 'system::leader-locking-kube-controller-manager', [
    user('system:kube-controller-manager'),
    account('kube-controller-manager'),
    account('leader-election-controller'),
  ]),
  roleBinding(SYSTEM, 'system::leader-locking-kube-scheduler', [
    user('system:kube-scheduler'),
    account('kube-scheduler'),
  ]),
  roleBinding(SYSTEM, CLOUD_ROLE, [user(CLOUD_USER)]),
  roleBinding(
    SYSTEM,
    'extension-apiserver-authentication-reader',
    [user(CLOUD_USER)],
    `${CLOUD_ROLE}-authentication-reader`,
  ),
  roleBinding(SYSTEM, SIGNER, [account('bootstrap-signer')]),
  ...['cloud-provider', 'token-cleaner'].map(name =>
    roleBinding(SYSTEM, `${CONTROLLER_ROLE_PREFIX}${name}`, [account(name)]),
  ),
]

export interface PolicyChanges {
  readonly create: readonly PolicyObject[]
  /** Whole objects with the resourceVersion they were computed from. */
  readonly update: readonly PolicyObject[]
  /** Bindings whose role changed, which no update can do: delete them first; their new form is in `create`. */
  readonly recreate: readonly PolicyObject[]
}

/**
 * What must be written so that the bootstrap policy is in force; nothing where it is. Roles come before bindings. With groups of
 * pods served, those who need them get rights to them.
 */
export function bootstrapPolicyChanges(view: RbacView, servesPodGroups = false): PolicyChanges {
  const create: PolicyObject[] = []
  const update: PolicyObject[] = []
  const recreate: PolicyObject[] = []
  const reconcile = (wanted: ClusterRole | Role, existing: ClusterRole | Role | undefined) => {
    const changed = existing && withMissingRules(existing, wanted)
    if (existing === undefined) create.push(wanted)
    else if (changed) update.push(changed)
  }
  const reconcileBinding = (
    wanted: ClusterRoleBinding | RoleBinding,
    existing: ClusterRoleBinding | RoleBinding | undefined,
  ) => {
    if (existing === undefined) create.push(wanted)
    else if (!isProtected(existing) && !sameRole(wanted, existing)) {
      recreate.push(existing)
      create.push(wanted)
    } else {
      const changed = withMissingSubjects(existing, wanted)
      if (changed) update.push(changed)
    }
  }
  const allRoles = servesPodGroups
    ? [...clusterRoles.map(withWorkloadRules), protectionRole]
    : clusterRoles
  for (const each of allRoles) reconcile(each, view.clusterRole(each.metadata.name ?? ''))
  for (const each of roles)
    reconcile(each, view.role(each.metadata.namespace ?? '', each.metadata.name ?? ''))
  const existing = new Map(view.clusterRoleBindings().map(each => [each.metadata.name, each]))
  const allBindings = servesPodGroups
    ? [...clusterRoleBindings, controllerBinding(CONTROLLER_ROLE_PREFIX, PROTECTION)]
    : clusterRoleBindings
  for (const each of allBindings) reconcileBinding(each, existing.get(each.metadata.name))
  for (const each of roleBindings)
    reconcileBinding(
      each,
      view
        .roleBindings(each.metadata.namespace ?? '')
        .find(other => other.metadata.name === each.metadata.name),
    )
  return { create, update, recreate }
}

const isProtected = (object: PolicyObject) =>
  object.metadata.annotations?.[AUTOUPDATE_ANNOTATION] === 'false'

const sameRole = (a: ClusterRoleBinding | RoleBinding, b: ClusterRoleBinding | RoleBinding) =>
  a.roleRef.kind === b.roleRef.kind && a.roleRef.name === b.roleRef.name

function withMissingRules<R extends ClusterRole | Role>(existing: R, wanted: R): R | undefined {
  if (isProtected(existing)) return undefined
  // What a controller composed stays as it is: it adds what is missing, and what others labelled for it besides.
  const isComposed = 'aggregationRule' in existing && (existing.rules ?? []).length > 0
  // The usual case, and all of them at every start: nothing changed. Comparing is 20 times quicker than covering.
  const missing =
    isComposed || sameRules(existing.rules ?? [], wanted.rules)
      ? []
      : uncoveredRights(existing.rules ?? [], wanted.rules)
  const merged = mergedMetadata(existing, wanted)
  if (missing.length === 0 && merged === undefined) return undefined
  // Whole rules are added where a part of them is missing, so that they read as they were written.
  const lacking = wanted.rules.filter(
    each => !isComposed && uncoveredRights(existing.rules ?? [], [each]).length > 0,
  )
  return {
    ...existing,
    metadata: merged ?? existing.metadata,
    rules: [...(existing.rules ?? []), ...lacking],
  }
}

const RULE_FIELDS = ['verbs', 'apiGroups', 'resources', 'resourceNames', 'nonResourceURLs'] as const

function sameRules(a: readonly PolicyRule[], b: readonly PolicyRule[]): boolean {
  const same = (x: readonly string[] = [], y: readonly string[] = []) =>
    x.length === y.length && x.every((value, at) => value === y[at])
  return (
    a.length === b.length &&
    a.every((each, at) => RULE_FIELDS.every(field => same(each[field], b[at]?.[field])))
  )
}

function withMissingSubjects<B extends ClusterRoleBinding | RoleBinding>(
  existing: B,
  wanted: B,
): B | undefined {
  if (isProtected(existing)) return undefined
  const has = (subject: Subject) =>
    existing.subjects?.some(
      each =>
        each.kind === subject.kind &&
        each.name === subject.name &&
        (each.namespace ?? '') === (subject.namespace ?? ''),
    )
  const missing = (wanted.subjects ?? []).filter(subject => !has(subject))
  const merged = mergedMetadata(existing, wanted)
  if (missing.length === 0 && merged === undefined) return undefined
  return {
    ...existing,
    metadata: merged ?? existing.metadata,
    subjects: [...(existing.subjects ?? []), ...missing],
  }
}

/** The metadata with the labels and annotations that are missing; undefined where none is. What people set stays. */
function mergedMetadata(existing: PolicyObject, wanted: PolicyObject) {
  const labels = { ...wanted.metadata.labels, ...existing.metadata.labels }
  const annotations = { ...wanted.metadata.annotations, ...existing.metadata.annotations }
  const count = (of: object | undefined) => Object.keys(of ?? {}).length
  const same =
    count(labels) === count(existing.metadata.labels) &&
    count(annotations) === count(existing.metadata.annotations)
  return same ? undefined : { ...existing.metadata, labels, annotations }
}
