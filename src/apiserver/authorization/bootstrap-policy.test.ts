import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bootstrapPolicyChanges,
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
} from './bootstrap-policy.ts'
import { AUTOUPDATE_ANNOTATION, rule } from './bootstrap-rules.ts'
import { bootstrapped, viewOf } from './testing.ts'

const all = { clusterRoles, clusterRoleBindings, roles, roleBindings }
const names = (objects: readonly { metadata: { name?: string } }[]) =>
  objects.map(({ metadata }) => metadata.name)

test('everything is made once, roles first, each with its marks', () => {
  const { create, update, recreate } = bootstrapPolicyChanges(viewOf({}))
  assert.equal(update.length + recreate.length, 0)
  const count =
    clusterRoles.length + clusterRoleBindings.length + roles.length + roleBindings.length
  assert.equal(create.length, count)
  const firstBinding = create.findIndex(({ kind }) => kind.endsWith('Binding'))
  assert.ok(create.slice(firstBinding).every(({ kind }) => kind.endsWith('Binding')))
  for (const { metadata } of create) {
    assert.equal(metadata.labels?.['kubernetes.io/bootstrapping'], 'rbac-defaults')
    assert.equal(metadata.annotations?.[AUTOUPDATE_ANNOTATION], 'true')
  }
  const keys = create.map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`)
  assert.equal(new Set(keys).size, keys.length)
  assert.deepEqual(bootstrapPolicyChanges(bootstrapped()), { create: [], update: [], recreate: [] })
})

test('every binding names a role that exists', () => {
  const known = new Set(names(clusterRoles))
  for (const { roleRef } of clusterRoleBindings) assert.ok(known.has(roleRef.name), roleRef.name)
  for (const { roleRef, metadata } of roleBindings)
    assert.ok(
      roles.some(
        each =>
          each.metadata.name === roleRef.name && each.metadata.namespace === metadata.namespace,
      ),
      roleRef.name,
    )
})

test('the roles that tools look for are there', () => {
  const expected = [
    'cluster-admin admin edit view system:aggregate-to-admin system:aggregate-to-edit',
    'system:aggregate-to-view system:discovery system:basic-user system:public-info-viewer',
    'system:monitoring system:node system:node-proxier system:node-bootstrapper',
    'system:node-problem-detector system:kubelet-api-admin system:auth-delegator',
    'system:kube-aggregator system:kube-controller-manager system:kube-scheduler system:kube-dns',
    'system:volume-scheduler system:persistent-volume-provisioner',
    'system:service-account-issuer-discovery system:controller:deployment-controller',
    'system:controller:replicaset-controller system:controller:endpointslice-controller',
    'system:controller:namespace-controller system:controller:generic-garbage-collector',
    'system:controller:service-account-controller system:controller:root-ca-cert-publisher',
    'system:controller:node-controller system:controller:pod-garbage-collector',
  ]
    .join(' ')
    .split(' ')
  const known = new Set(names(clusterRoles))
  for (const name of expected) assert.ok(known.has(name), name)
})

test('what was taken away comes back, what was added stays', () => {
  const poorer = clusterRoles.map(each =>
    each.metadata.name === 'system:kube-dns'
      ? {
          ...each,
          metadata: { ...each.metadata, resourceVersion: '7' },
          rules: [rule('get', 'core', 'pods')],
        }
      : each,
  )
  const unbound = clusterRoleBindings.map(each =>
    each.metadata.name === 'cluster-admin'
      ? { ...each, subjects: [{ kind: 'User', name: 'ann' }] }
      : each,
  )
  const { update, create } = bootstrapPolicyChanges(
    viewOf({ ...all, clusterRoles: poorer, clusterRoleBindings: unbound }),
  )
  assert.equal(create.length, 0)
  assert.deepEqual(names(update), ['system:kube-dns', 'cluster-admin'])
  const [dns, admins] = update
  assert.equal(dns?.metadata.resourceVersion, '7')
  assert.ok(dns && 'rules' in dns && dns.rules.length === 5)
  assert.ok(admins && 'subjects' in admins)
  assert.deepEqual(
    admins.subjects?.map(({ name }) => name),
    ['ann', 'system:masters'],
  )
})

test('what a controller composed is its own, but nothing is left without rights', () => {
  const given = { view: [rule('get', 'core', 'pods')], edit: [] }
  const composed = clusterRoles.map(each => {
    const rules = given[each.metadata.name as keyof typeof given]
    return rules ? { ...each, rules } : each
  })
  const { update } = bootstrapPolicyChanges(viewOf({ ...all, clusterRoles: composed }))
  assert.deepEqual(names(update), ['edit'])
  const [edit] = update
  assert.ok(edit && 'rules' in edit && edit.rules.length > 0)
})

test('one verb less is seen, too', () => {
  for (const field of ['verbs', 'apiGroups', 'resources'] as const) {
    const less = clusterRoles.map(each =>
      each.metadata.name === 'system:volume-scheduler'
        ? { ...each, rules: each.rules.map(one => ({ ...one, [field]: [] })) }
        : each,
    )
    const { update } = bootstrapPolicyChanges(viewOf({ ...all, clusterRoles: less }))
    assert.deepEqual(names(update), ['system:volume-scheduler'], field)
  }
})

test('autoupdate "false" keeps the server off', () => {
  const mine = clusterRoles.map(each =>
    each.metadata.name === 'view'
      ? {
          ...each,
          metadata: { ...each.metadata, annotations: { [AUTOUPDATE_ANNOTATION]: 'false' } },
          rules: [],
        }
      : each,
  )
  const { update } = bootstrapPolicyChanges(viewOf({ ...all, clusterRoles: mine }))
  assert.deepEqual(update, [])
})

test('a default binding that was pointed elsewhere is made anew', () => {
  const bent = clusterRoleBindings.map(each =>
    each.metadata.name === 'system:discovery'
      ? { ...each, roleRef: { ...each.roleRef, name: 'cluster-admin' } }
      : each,
  )
  const changes = bootstrapPolicyChanges(viewOf({ ...all, clusterRoleBindings: bent }))
  assert.deepEqual(names(changes.recreate), ['system:discovery'])
  const [made] = changes.create
  assert.ok(made && 'roleRef' in made && made.roleRef.name === 'system:discovery')
})

test('with groups of pods served, the scheduler, the controllers and people get what upstream gives them', () => {
  const rightsTo = (resource: string, served: boolean) => {
    const { create } = bootstrapPolicyChanges(viewOf({}), served)
    return create.flatMap(role =>
      'rules' in role
        ? role.rules
            .filter(({ resources = [] }) => resources.includes(resource))
            .map(({ verbs }) => `${role.metadata.name}: ${verbs.join(' ')}`)
        : [],
    )
  }
  const read = 'get list watch'
  const write = 'create delete deletecollection patch update'
  // As kube-apiserver 1.36.3 has them with GenericWorkload and DRAWorkloadResourceClaims, and the sums of admin, edit and view.
  assert.deepEqual(rightsTo('podgroups', true), [
    `admin: ${write}`,
    `admin: ${read}`,
    `edit: ${write}`,
    `edit: ${read}`,
    `view: ${read}`,
    `system:aggregate-to-edit: ${write}`,
    `system:aggregate-to-view: ${read}`,
    `system:kube-scheduler: ${read}`,
    `system:controller:resource-claim-controller: ${read}`,
    `proa:controllers: ${read}`,
    'proa:controllers: update',
    `system:controller:podgroup-protection-controller: ${read} update`,
  ])
  assert.ok(rightsTo('podgroups/status', true).includes('system:kube-scheduler: patch update'))
  assert.deepEqual(rightsTo('podgroups', false), [])
})

test('a controller that is off until somebody asks for it has its role and binding, too', () => {
  const { create } = bootstrapPolicyChanges(viewOf({}))
  const name = 'system:controller:selinux-warning-controller'
  const made = create.filter(({ metadata }) => metadata.name === name)
  const [role] = made
  assert.ok(role && 'rules' in role)
  const resources = role.rules.flatMap(rule => rule.resources ?? [])
  assert.deepEqual(resources, [
    'persistentvolumeclaims',
    'persistentvolumes',
    'pods',
    'csidrivers',
    'events',
  ])
  assert.ok(
    made.some(
      each => 'subjects' in each && each.subjects?.[0]?.name === 'selinux-warning-controller',
    ),
  )
})
