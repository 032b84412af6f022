/** What the tests of authorization and admission share: a view over plain lists, and short ways to ask. */
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import type { Role } from '#api/rbac/v1/role.ts'
import type { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import type { Attributes } from './authorizer.ts'
import * as policy from './bootstrap-policy.ts'
import type { RbacView } from './rbac.ts'

export interface RbacObjects {
  readonly roles?: readonly Role[]
  readonly clusterRoles?: readonly ClusterRole[]
  readonly roleBindings?: readonly RoleBinding[]
  readonly clusterRoleBindings?: readonly ClusterRoleBinding[]
}

export function viewOf(objects: RbacObjects): RbacView {
  return {
    role: (namespace, name) =>
      objects.roles?.find(
        ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
      ),
    clusterRole: name => objects.clusterRoles?.find(({ metadata }) => metadata.name === name),
    roleBindings: namespace =>
      objects.roleBindings?.filter(({ metadata }) => metadata.namespace === namespace) ?? [],
    clusterRoleBindings: () => objects.clusterRoleBindings ?? [],
  }
}

/** What a cluster starts with, and more. */
export function bootstrapped(more: RbacObjects = {}): RbacView {
  return viewOf({
    roles: [...policy.roles, ...(more.roles ?? [])],
    clusterRoles: [...policy.clusterRoles, ...(more.clusterRoles ?? [])],
    roleBindings: [...policy.roleBindings, ...(more.roleBindings ?? [])],
    clusterRoleBindings: [...policy.clusterRoleBindings, ...(more.clusterRoleBindings ?? [])],
  })
}

/** `asking(user, 'get apps/deployments/scale ns/name')`, or a path: `asking(user, 'get /healthz')`. */
export function asking(user: UserInfo, text: string): Attributes {
  const [verb = '', what = '', where = '/'] = text.split(' ')
  const none = {
    user,
    verb,
    group: '',
    version: 'v1',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    path: what,
  }
  if (what.startsWith('/')) return { ...none, isResourceRequest: false }
  const [group = '', resource = '', subresource = ''] = what.includes(':')
    ? [what.slice(0, what.indexOf(':')), ...what.slice(what.indexOf(':') + 1).split('/')]
    : ['', ...what.split('/')]
  const [namespace = '', name = ''] = where.split('/')
  return {
    ...none,
    group,
    resource,
    subresource,
    namespace,
    name,
    path: '',
    isResourceRequest: true,
  }
}

export const userOf = (name: string, ...groups: string[]): UserInfo => ({ name, groups })
