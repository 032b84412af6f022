/** The RBAC authorizer: bindings give subjects the rules of roles. It only ever allows; there are no rules that deny. */
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import type { Role } from '#api/rbac/v1/role.ts'
import type { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import type { RoleRef, Subject } from '#api/rbac/v1/rules.ts'
import { SERVICE_ACCOUNT_USER_PREFIX, type UserInfo } from '../authentication/authenticator.ts'
import { type Authorizer, allow, noOpinion, type PolicyRule } from './authorizer.ts'
import { ruleAllows } from './rbac-rules.ts'

/** The roles and bindings as the API server's own caches have them. A list is the same as long as nothing changes; never change one. */
export interface RbacView {
  role(namespace: string, name: string): Role | undefined
  clusterRole(name: string): ClusterRole | undefined
  roleBindings(namespace: string): readonly RoleBinding[]
  clusterRoleBindings(): readonly ClusterRoleBinding[]
}

/** One binding that applies to a user, with the rules that it gives. */
export interface Grant {
  readonly rules: readonly PolicyRule[]
  /** For the reason of a decision: `ClusterRoleBinding "x" of ClusterRole "y" to Group "z"`. */
  readonly through: () => string
}

export function rbacAuthorizer(view: RbacView): Authorizer {
  return {
    authorize(attributes) {
      const missing: string[] = []
      const { user, namespace } = attributes
      for (const grant of grantsOf(view, user, namespace, missing))
        for (const rule of grant.rules)
          if (ruleAllows(rule, attributes)) return allow(`RBAC: allowed by ${grant.through()}`)
      return noOpinion(missing.length > 0 ? `RBAC: ${reasonOf(missing)}` : '')
    },
    rulesFor(user, namespace) {
      const missing: string[] = []
      const rules = [...grantsOf(view, user, namespace, missing)].flatMap(grant => grant.rules)
      // What is missing grants nothing: nothing is kept from who asks.
      return { rules, incomplete: false, errors: missing }
    },
  }
}

const reasonOf = (missing: readonly string[]) =>
  missing.length === 1 ? missing[0] : `[${missing.join(', ')}]`

/** All grants to a user: cluster-wide ones, then those of the namespace. Names of roles that are bound but not there go to `missing`. */
export function* grantsOf(
  view: RbacView,
  user: UserInfo,
  namespace: string,
  missing: string[] = [],
): Generator<Grant> {
  for (const { binding, subject } of boundTo(user, view.clusterRoleBindings(), '')) {
    const rules = rulesOfRole(view, binding.roleRef, '')
    if (rules) yield { rules, through: () => described('ClusterRoleBinding', binding, subject) }
    else missing.push(roleNotFound(binding.roleRef))
  }
  if (namespace === '') return
  for (const { binding, subject } of boundTo(user, view.roleBindings(namespace), namespace)) {
    const rules = rulesOfRole(view, binding.roleRef, namespace)
    if (rules) yield { rules, through: () => described('RoleBinding', binding, subject) }
    else missing.push(roleNotFound(binding.roleRef))
  }
}

type Binding = RoleBinding | ClusterRoleBinding
interface Bound {
  readonly binding: Binding
  /** Through which the user is. */
  readonly subject: Subject
}

/** Those who ask in process ask thousands of times a second, and bindings hardly ever change: their list is another one then. */
const known = new WeakMap<readonly Binding[], WeakMap<UserInfo, readonly Bound[]>>()

/** Which of the bindings, all those in `namespace` ('' for cluster-wide), are of this user. */
function boundTo(user: UserInfo, bindings: readonly Binding[], namespace: string) {
  let byUser = known.get(bindings)
  if (!byUser) {
    byUser = new WeakMap()
    known.set(bindings, byUser)
  }
  let bound = byUser.get(user)
  if (!bound) {
    bound = bindings.flatMap(binding => {
      const subject = binding.subjects?.find(each => subjectMatches(each, user, namespace))
      return subject ? [{ binding, subject }] : []
    })
    byUser.set(user, bound)
  }
  return bound
}

/** The rules that a binding in `namespace` ('' for cluster-wide) refers to. */
export function rulesOfRole(
  view: RbacView,
  { kind, name }: RoleRef,
  namespace: string,
): readonly PolicyRule[] | undefined {
  if (kind === 'ClusterRole') {
    const role = view.clusterRole(name)
    return role && (role.rules ?? [])
  }
  if (kind !== 'Role' || namespace === '') return undefined
  const role = view.role(namespace, name)
  return role && (role.rules ?? [])
}

function subjectMatches(subject: Subject, user: UserInfo, namespace: string): boolean {
  if (subject.kind === 'User') return subject.name === user.name
  if (subject.kind === 'Group') return user.groups.includes(subject.name)
  if (subject.kind !== 'ServiceAccount') return false
  const of = subject.namespace || namespace
  return of !== '' && user.name === `${SERVICE_ACCOUNT_USER_PREFIX}${of}:${subject.name}`
}

function described(
  kind: string,
  binding: RoleBinding | ClusterRoleBinding,
  subject: Subject,
): string {
  const { name = '', namespace } = binding.metadata
  const path = namespace ? `${name}/${namespace}` : name
  const who = subject.namespace ? `${subject.name}/${subject.namespace}` : subject.name
  return (
    `${kind} ${JSON.stringify(path)} of ${binding.roleRef.kind} ${JSON.stringify(binding.roleRef.name)} ` +
    `to ${subject.kind} ${JSON.stringify(who)}`
  )
}

export function roleNotFound({ kind, name }: RoleRef): string {
  return `${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`
}
