/**
 * Nobody grants rights that they do not have. Writing a role needs all of its rules, or the verb `escalate` on it; writing a
 * binding needs all rules of its role, or the verb `bind` on that role.
 */

import { forbidden, notFound } from '#api/machinery/status.ts'
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import type { Role } from '#api/rbac/v1/role.ts'
import type { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import { SYSTEM_MASTERS, type UserInfo } from '../authentication/authenticator.ts'
import type { Attributes, Authorizer, PolicyRule } from './authorizer.ts'
import { grantsOf, type RbacView, rulesOfRole } from './rbac.ts'
import { uncoveredRights } from './rbac-rules.ts'

const GROUP = 'rbac.authorization.k8s.io'

export interface EscalationWorld {
  readonly view: RbacView
  readonly authorizer: Authorizer
}

/** Throws Forbidden where `user` may not write `next` in place of `previous`. */
export async function checkRoleWrite(
  user: UserInfo,
  next: Role | ClusterRole,
  previous: Role | ClusterRole | undefined,
  world: EscalationWorld,
): Promise<void> {
  if (user.groups.includes(SYSTEM_MASTERS)) return
  const { namespace = '', name = '' } = next.metadata
  const resource = next.kind === 'ClusterRole' ? 'clusterroles' : 'roles'
  const aggregation = (role: Role | ClusterRole | undefined) =>
    role && 'aggregationRule' in role ? role.aggregationRule : undefined
  const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null)
  // Finalizers, labels of others and the like may change under anybody's hands.
  const aggregationStays = same(aggregation(next), aggregation(previous))
  if (previous && aggregationStays && same(next.rules ?? [], previous.rules ?? [])) return
  if (await mayDo('escalate', { user, resource, namespace, name }, world.authorizer)) return
  const of = { group: GROUP, resource }
  const held = heldBy(user, namespace, world.view)
  const everything = [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
  ]
  if (aggregation(next) && !aggregationStays && uncoveredRights(held, everything).length > 0)
    throw forbidden(of, name, 'must have cluster-admin privileges to use an aggregationRule')
  const missing = uncoveredRights(held, next.rules ?? [])
  if (missing.length > 0) throw forbidden(of, name, escalationMessage(user, missing))
}

/** Throws Forbidden, or NotFound for a role that is not there, where `user` may not write `next` in place of `previous`. */
export async function checkBindingWrite(
  user: UserInfo,
  next: RoleBinding | ClusterRoleBinding,
  previous: RoleBinding | ClusterRoleBinding | undefined,
  world: EscalationWorld,
): Promise<void> {
  if (user.groups.includes(SYSTEM_MASTERS)) return
  const { namespace = '', name = '' } = next.metadata
  const { roleRef, subjects = [] } = next
  const unchanged =
    previous &&
    JSON.stringify(roleRef) === JSON.stringify(previous.roleRef) &&
    JSON.stringify(subjects) === JSON.stringify(previous.subjects ?? [])
  if (unchanged) return
  const inNamespace = roleRef.kind === 'Role' ? namespace : ''
  const bound = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'
  const right = { user, resource: bound, namespace, name: roleRef.name }
  if (await mayDo('bind', right, world.authorizer)) return
  const rules = rulesOfRole(world.view, roleRef, inNamespace)
  const resource = next.kind === 'ClusterRoleBinding' ? 'clusterrolebindings' : 'rolebindings'
  const of = { group: GROUP, resource }
  // As upstream: the name is that of the role, and what is said to be missing is what was written.
  if (rules === undefined) throw notFound(of, roleRef.name)
  const missing = uncoveredRights(heldBy(user, namespace, world.view), rules)
  if (missing.length > 0) throw forbidden(of, name, escalationMessage(user, missing))
}

function heldBy(user: UserInfo, namespace: string, view: RbacView): PolicyRule[] {
  return [...grantsOf(view, user, namespace)].flatMap(grant => [...grant.rules])
}

async function mayDo(
  verb: 'bind' | 'escalate',
  right: Pick<Attributes, 'user' | 'resource' | 'namespace' | 'name'>,
  authorizer: Authorizer,
): Promise<boolean> {
  const decision = await authorizer.authorize({
    ...right,
    verb,
    group: GROUP,
    version: '*',
    subresource: '',
    path: '',
    isResourceRequest: true,
  })
  return decision.verdict === 'allow'
}

/** How many missing rights are spelled out: enough to see what is wrong. */
const MAXIMUM_SHOWN = 20

function escalationMessage(user: UserInfo, missing: readonly PolicyRule[]): string {
  const quote = (values: readonly string[]) => values.map(value => JSON.stringify(value)).join(', ')
  const shown = missing.slice(0, MAXIMUM_SHOWN).map(rule => {
    const parts = [
      ['APIGroups', rule.apiGroups],
      ['Resources', rule.resources],
      ['ResourceNames', rule.resourceNames],
      ['NonResourceURLs', rule.nonResourceURLs],
      ['Verbs', rule.verbs],
    ] as const
    return `{${parts.flatMap(([name, of]) => (of?.length ? [`${name}:[${quote(of)}]`] : [])).join(', ')}}`
  })
  const rest = missing.length > shown.length ? [`and ${missing.length - shown.length} more`] : []
  return (
    `user ${JSON.stringify(user.name)} (groups=[${quote(user.groups)}]) is attempting to grant RBAC ` +
    `permissions not currently held:\n${[...shown, ...rest].join('\n')}`
  )
}
