import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClusterRole, clusterRole } from '#api/rbac/v1/cluster-role.ts'
import { startTestCluster } from '../testing/test-cluster.ts'
import { reconcile } from './clusterrole-aggregation.reconcile.ts'

const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] })
function roleOf(name: string, labels: object, resources: string[], selectors?: object[]) {
  return {
    metadata: { name, labels },
    rules: resources.map(rule),
    ...(selectors ? { aggregationRule: { clusterRoleSelectors: selectors } } : {}),
  } as unknown as ClusterRole
}
const rulesOf = (role: ClusterRole, roles: ClusterRole[]) => {
  const [write] = reconcile(role, [role, ...roles]).writes
  if (write?.verb !== 'patch') return undefined
  return (write.patch as ClusterRole).rules.map(({ resources }) => resources?.[0])
}

test('selectors come in their order, roles by name, and what is there already is left out', () => {
  const one = { matchLabels: { a: '1' } }
  const two = { matchLabels: { a: '2' } }
  const others = [
    roleOf('z', { a: '1' }, ['pods', 'nodes']),
    roleOf('b', { a: '1' }, ['pods', 'secrets']),
    roleOf('c', { a: '2' }, ['events', 'nodes']),
    roleOf('d', {}, ['everything']),
  ]
  assert.deepEqual(rulesOf(roleOf('all', {}, [], [two, one]), others), [
    'events',
    'nodes',
    'pods',
    'secrets',
  ])
})

test('it does not take itself in, and what is right is not written', () => {
  const self = { matchLabels: { a: '1' } }
  const other = roleOf('b', { a: '1' }, ['pods'])
  assert.equal(rulesOf(roleOf('all', { a: '1' }, ['pods'], [self]), [other]), undefined)
  assert.deepEqual(rulesOf(roleOf('all', { a: '1' }, ['pods', 'x'], [self]), [other]), ['pods'])
  assert.equal(rulesOf(roleOf('plain', {}, ['x']), [other]), undefined)
})

test('admin, edit and view are composed, and grow with what is labelled for them', async () => {
  const enabled = 'clusterrole-aggregation-controller'
  await using cluster = await startTestCluster({ controllers: { enabled }, scheduler: false })
  const has = async (name: string, resource: string) =>
    (await cluster.client.get(clusterRole, name)).rules.some(({ resources = [] }) =>
      resources.includes(resource),
    )
  await cluster.until('view', () => has('view', 'configmaps'))
  await cluster.until('admin to have all of view', () => has('admin', 'configmaps'))
  await cluster.client.create(clusterRole, {
    metadata: {
      name: 'widgets',
      labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' },
    },
    rules: [{ apiGroups: ['example.com'], resources: ['widgets'], verbs: ['get'] }],
  } as never)
  // By way of view and edit.
  await cluster.until('widgets', () => has('admin', 'widgets'))
  const { metadata } = await cluster.client.get(clusterRole, 'admin')
  const owners = metadata.managedFields?.map(({ manager, operation, fieldsV1 }) => [
    `${manager} ${operation}`,
    'f:rules' in (fieldsV1 as object),
  ])
  assert.deepEqual(owners, [
    [`${enabled} Apply`, true],
    ['kube-apiserver Update', false],
  ])
  await cluster.client.delete(clusterRole, { name: 'widgets' })
  await cluster.until('no widgets', async () => !(await has('admin', 'widgets')))
})
