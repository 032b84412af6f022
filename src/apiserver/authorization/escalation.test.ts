import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import type { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import type { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import type { PolicyRule } from '#api/rbac/v1/rules.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import { clusterRole, namespacedRole, RBAC_GROUP, RBAC_VERSION, rule } from './bootstrap-rules.ts'
import { checkBindingWrite, checkRoleWrite } from './escalation.ts'
import { rbacAuthorizer } from './rbac.ts'
import { bootstrapped, userOf } from './testing.ts'

function binding(kind: 'Role' | 'ClusterRole', role: string, to: string, namespace = 'shop') {
  return {
    apiVersion: RBAC_VERSION,
    kind: namespace ? 'RoleBinding' : 'ClusterRoleBinding',
    metadata: { name: `${role}-${to}`, ...(namespace ? { namespace } : {}) },
    roleRef: { apiGroup: RBAC_GROUP, kind, name: role },
    subjects: [{ kind: 'User', apiGroup: RBAC_GROUP, name: to }],
  } satisfies RoleBinding
}

const view = bootstrapped({
  clusterRoles: [
    clusterRole('role-writer', [rule('*', RBAC_GROUP, '*')].map(withoutSpecialVerbs)),
    clusterRole('binder', [rule('bind', RBAC_GROUP, 'clusterroles', 'cluster-admin')]),
    clusterRole('escalator', [rule('escalate', RBAC_GROUP, 'roles clusterroles')]),
  ],
  roles: [namespacedRole('shop', 'pods', [rule('get', 'core', 'pods')])],
  roleBindings: [binding('ClusterRole', 'admin', 'lead')],
  clusterRoleBindings: [
    binding('ClusterRole', 'role-writer', 'writer', ''),
    binding('ClusterRole', 'binder', 'binder', ''),
    binding('ClusterRole', 'escalator', 'escalator', ''),
    binding('ClusterRole', 'cluster-admin', 'boss', ''),
  ],
})
function withoutSpecialVerbs(of: PolicyRule) {
  return { ...of, verbs: ['get', 'create', 'update', 'patch', 'delete'] }
}
const world = { view, authorizer: rbacAuthorizer(view) }
const lead = userOf('lead')
const role = (...rules: PolicyRule[]) => namespacedRole('shop', 'new', rules)
const writeRole = (user: UserInfo, ...rules: PolicyRule[]) =>
  checkRoleWrite(user, role(...rules), undefined, world)
const forbidden = (text: RegExp) => (error: unknown) =>
  isStatus(error, 'Forbidden') && text.test(error.message)

test('one grants what one has, not more', async () => {
  await writeRole(lead, rule('get list', 'core', 'pods secrets'))
  await assert.rejects(
    writeRole(lead, rule('get', 'core', 'pods'), rule('get', 'core', 'nodes')),
    forbidden(
      /^roles\.rbac\.authorization\.k8s\.io "new" is forbidden: user "lead" \(groups=\[\]\) is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["nodes"\], Verbs:\["get"\]\}$/,
    ),
  )
  for (const wide of [
    rule('*', 'core', 'pods'),
    rule('get', '*', 'pods'),
    rule('get', 'core', '*'),
    rule('impersonate', 'core', 'users'),
    rule('escalate', RBAC_GROUP, 'roles'),
  ])
    await assert.rejects(writeRole(lead, wide), forbidden(/not currently held/))
})

test('the right to write roles is no right to fill them', async () => {
  await assert.rejects(
    writeRole(userOf('writer'), rule('get', 'core', 'pods')),
    forbidden(/not currently held/),
  )
  await writeRole(userOf('writer'), rule('get', RBAC_GROUP, 'roles'))
})

test('escalate, cluster-admin and system:masters may', async () => {
  const everything = rule('*', '*', '*')
  for (const user of [userOf('escalator'), userOf('boss'), userOf('x', 'system:masters')])
    await writeRole(user, everything)
})

test('who changes nothing of the rules may change the rest', async () => {
  const before = clusterRole('wide', [rule('*', '*', '*')])
  const after = { ...before, metadata: { ...before.metadata, labels: { a: 'b' } } }
  await checkRoleWrite(lead, after, before, world)
  const wider = { ...after, rules: [...after.rules, rule('*', 'x', '*')] }
  await assert.rejects(checkRoleWrite(lead, wider, before, world), forbidden(/not currently held/))
})

test('an aggregation rule takes in what others label, so only the mighty may write one', async () => {
  const before: ClusterRole = clusterRole('sum', [])
  const after: ClusterRole = {
    ...before,
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
  }
  await assert.rejects(
    checkRoleWrite(userOf('writer'), after, before, world),
    forbidden(/must have cluster-admin privileges to use an aggregationRule/),
  )
  await checkRoleWrite(userOf('boss'), after, before, world)
  await checkRoleWrite(userOf('writer'), after, after, world)
})

test('bindings need the rights of their role, or bind', async () => {
  await checkBindingWrite(lead, binding('ClusterRole', 'edit', 'eve'), undefined, world)
  await checkBindingWrite(lead, binding('Role', 'pods', 'eve'), undefined, world)
  const admin = binding('ClusterRole', 'cluster-admin', 'eve')
  await assert.rejects(
    checkBindingWrite(lead, admin, undefined, world),
    forbidden(
      /^rolebindings\.rbac\.authorization\.k8s\.io "cluster-admin-eve" is forbidden: user "lead"/,
    ),
  )
  // Within its namespace the lead is admin; cluster-wide it is nobody.
  await assert.rejects(
    checkBindingWrite(lead, binding('ClusterRole', 'view', 'eve', ''), undefined, world),
    forbidden(/^clusterrolebindings/),
  )
  await checkBindingWrite(userOf('binder'), admin, undefined, world)
  await assert.rejects(
    checkBindingWrite(userOf('binder'), binding('ClusterRole', 'view', 'eve'), undefined, world),
    forbidden(/not currently held/),
  )
})

test('a new subject on an old binding is a grant, too', async () => {
  const before = binding('ClusterRole', 'cluster-admin', 'boss')
  await checkBindingWrite(lead, { ...before }, before, world)
  const after = { ...before, subjects: [...before.subjects, { kind: 'User', name: 'lead' }] }
  await assert.rejects(
    checkBindingWrite(lead, after, before, world),
    forbidden(/not currently held/),
  )
})

test('a role that is not there cannot be bound, and is told as if it were the binding', async () => {
  const bindings = [
    ['rolebindings', binding('Role', 'later', 'eve')],
    ['rolebindings', binding('ClusterRole', 'later', 'eve')],
    ['clusterrolebindings', binding('ClusterRole', 'later', 'eve', '')],
  ] as const
  for (const [resource, its] of bindings)
    await assert.rejects(
      checkBindingWrite(lead, its, undefined, world),
      error =>
        isStatus(error, 'NotFound') &&
        error.message === `${resource}.rbac.authorization.k8s.io "later" not found`,
    )
})
