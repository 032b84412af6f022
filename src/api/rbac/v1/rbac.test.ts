import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, lines, rowOf } from '../../core/v1/testing.ts'
import { clusterRole } from './cluster-role.ts'
import { clusterRoleBinding } from './cluster-role-binding.ts'
import { role } from './role.ts'
import { roleBinding } from './role-binding.ts'

const roleRef = { kind: 'Role', name: 'reader' }

test('users and groups belong to the API group of roles, service accounts do not', () => {
  const { subjects, roleRef: granted } = created(roleBinding, {
    roleRef,
    subjects: [
      { kind: 'User', name: 'ann' },
      { kind: 'ServiceAccount', name: 'robot', namespace: 'default' },
    ],
  })
  assert.equal(granted.apiGroup, 'rbac.authorization.k8s.io')
  assert.equal(subjects?.[0]?.apiGroup, 'rbac.authorization.k8s.io')
  assert.equal(subjects?.[1]?.apiGroup, undefined)
})

test('rules say what, on what', () => {
  const problems = (rule: object) => lines(role.validate(created(role, { rules: [rule] })))
  assert.deepEqual(problems({ verbs: ['get'], apiGroups: [''], resources: ['pods'] }), [])
  assert.deepEqual(problems({}), [
    'rules[0].verbs: Required value: verbs must contain at least one value',
    'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
    'rules[0].resources: Required value: resource rules must supply at least one resource',
  ])
  const path = { verbs: ['get'], nonResourceURLs: ['/healthz'] }
  assert.deepEqual(problems(path), [
    'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs',
  ])
  assert.deepEqual(lines(clusterRole.validate(created(clusterRole, { rules: [path] }))), [])
  assert.deepEqual(lines(clusterRole.validate(created(clusterRole, { aggregationRule: {} }))), [
    'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
  ])
})

test('selectors of an aggregation that cannot be read are told as such too', () => {
  const clusterRoleSelectors = [{ matchLabels: { app: '-a' } }, { matchLabels: { app: 'a' } }]
  const found = lines(
    clusterRole.validate(created(clusterRole, { aggregationRule: { clusterRoleSelectors } })),
  )
  assert.equal(found.length, 2)
  assert.equal(
    found[1],
    'aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector.',
  )
})

test('bindings name a role and someone', () => {
  const binding = (subject: object) =>
    lines(roleBinding.validate(created(roleBinding, { roleRef, subjects: [subject] })))
  assert.deepEqual(binding({ kind: 'Robot', name: 'x' }), [
    'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
  ])
  assert.deepEqual(binding({ kind: 'User' }), ['subjects[0].name: Required value'])
  assert.match(
    binding({ kind: 'ServiceAccount', name: 'X', namespace: 'a' })[0] ?? '',
    /^subjects\[0\]\.name: Invalid value: "X": a lowercase RFC 1123 subdomain must/,
  )
  const account = { kind: 'ServiceAccount', name: 'x' }
  assert.deepEqual(binding(account), [])
  const everywhere = { roleRef: { kind: 'ClusterRole', name: 'reader' }, subjects: [account] }
  assert.deepEqual(lines(clusterRoleBinding.validate(created(clusterRoleBinding, everywhere))), [
    'subjects[0].namespace: Required value',
  ])
  assert.deepEqual(lines(clusterRoleBinding.validate(created(clusterRoleBinding, { roleRef }))), [
    'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
  ])
})

test('the role of a binding never changes', () => {
  const previous = created(roleBinding, { roleRef })
  const next = created(roleBinding, { roleRef: { ...roleRef, name: 'admin' } })
  assert.deepEqual(lines(roleBinding.validateUpdate(next, previous)), [
    'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"admin"}: cannot change roleRef',
  ])
})

test('kubectl get shows who has which role', () => {
  const object = created(roleBinding, {
    roleRef,
    subjects: [
      { kind: 'User', name: 'ann' },
      { kind: 'User', name: 'bob' },
      { kind: 'ServiceAccount', name: 'robot', namespace: 'default' },
    ],
  })
  assert.deepEqual(rowOf(roleBinding, object), {
    Name: 'web',
    Role: 'Role/reader',
    Age: '<unknown>',
    Users: 'ann, bob',
    Groups: '',
    ServiceAccounts: 'default/robot',
  })
})
