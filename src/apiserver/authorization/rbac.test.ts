import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import type { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import type { Subject } from '#api/rbac/v1/rules.ts'
import { cpuMs } from '#base/testing/cpu-time.ts'
import { serviceAccountUser, type UserInfo } from '../authentication/authenticator.ts'
import {
  type Attributes,
  type Decision,
  forbiddenBy,
  type PolicyRule,
  unionAuthorizer,
} from './authorizer.ts'
import { clusterRole, namespacedRole, rule, urls } from './bootstrap-rules.ts'
import { rbacAuthorizer } from './rbac.ts'
import { ruleAllows, uncoveredRights } from './rbac-rules.ts'
import { superuserAuthorizer } from './superuser.ts'
import { asking, bootstrapped, userOf, viewOf } from './testing.ts'

const group = 'rbac.authorization.k8s.io'

function bind(role: string, subject: Partial<Subject>, namespace?: string) {
  const [kind = '', name = ''] = role.split('/')
  return {
    apiVersion: `${group}/v1`,
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name: `to-${subject.name}`, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { apiGroup: group, kind, name },
    subjects: [{ kind: 'User', name: '', ...subject }],
  } satisfies RoleBinding | ClusterRoleBinding
}

const view = bootstrapped({
  roles: [namespacedRole('shop', 'reader', [rule('get list', 'core', 'pods', 'web db')])],
  clusterRoles: [clusterRole('scaler', [rule('update', '*', '*/scale')])],
  roleBindings: [
    bind('ClusterRole/view', { name: 'ann' }, 'shop'),
    bind('ClusterRole/edit', { name: 'ed' }, 'shop'),
    bind('ClusterRole/admin', { kind: 'Group', name: 'leads' }, 'shop'),
    bind('Role/reader', { name: 'rob' }, 'shop'),
    bind('Role/reader', { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' }, 'shop'),
    bind('ClusterRole/view', { kind: 'ServiceAccount', name: 'local' }, 'shop'),
    bind('Role/gone', { name: 'gus' }, 'shop'),
  ],
  clusterRoleBindings: [
    bind('ClusterRole/view', { name: 'vic' }),
    bind('ClusterRole/scaler', { name: 'sue' }),
    bind('Role/reader', { name: 'ron' }), // a Role cannot be bound cluster-wide
  ],
})
const authorizer = unionAuthorizer([superuserAuthorizer, rbacAuthorizer(view)])
const decide = (user: UserInfo | string, text: string) =>
  authorizer.authorize(asking(typeof user === 'string' ? userOf(user) : user, text))
const verdicts = async (cases: [UserInfo | string, string, 'yes' | 'no'][]) => {
  for (const [user, text, expected] of cases) {
    const decision = (await decide(user, text)) as Decision
    const name = typeof user === 'string' ? user : user.name
    assert.equal(decision.verdict === 'allow' ? 'yes' : 'no', expected, `${name}: ${text}`)
  }
}

test('the default roles give what they are known for', () =>
  verdicts([
    ['ann', 'list pods shop/', 'yes'],
    ['ann', 'get pods/log shop/web', 'yes'],
    ['ann', 'get secrets shop/s', 'no'],
    ['ann', 'list pods other/', 'no'],
    ['ann', 'list pods', 'no'],
    ['ann', 'delete pods shop/web', 'no'],
    ['ann', 'create pods/exec shop/web', 'no'],
    ['ed', 'create apps:deployments shop/', 'yes'],
    ['ed', 'get secrets shop/s', 'yes'],
    ['ed', 'create pods/exec shop/web', 'yes'],
    ['ed', 'create rbac.authorization.k8s.io:rolebindings shop/', 'no'],
    // CVE-2021-25740: whoever writes endpoints reaches pods of other namespaces.
    ['ed', 'update endpoints shop/e', 'no'],
    ['ed', 'create discovery.k8s.io:endpointslices shop/', 'no'],
    [userOf('x', 'leads'), 'create rbac.authorization.k8s.io:rolebindings shop/', 'yes'],
    [userOf('x', 'leads'), 'update endpoints shop/e', 'no'],
    [userOf('x', 'leads'), 'update namespaces shop/shop', 'no'],
    ['vic', 'list pods', 'yes'],
    ['vic', 'list nodes', 'no'],
    [userOf('root', 'system:masters'), 'delete nodes /n', 'yes'],
    [userOf('root', 'system:masters'), 'get /anything', 'yes'],
    [userOf('x', 'system:authenticated'), 'get /api/v1', 'yes'],
    [userOf('x', 'system:authenticated'), 'get /openapi/v3', 'yes'],
    [userOf('x', 'system:authenticated'), 'get /metrics', 'no'],
    [
      userOf('x', 'system:authenticated'),
      'create authorization.k8s.io:selfsubjectaccessreviews',
      'yes',
    ],
    [userOf('x', 'system:authenticated'), 'create authorization.k8s.io:subjectaccessreviews', 'no'],
    [userOf('system:anonymous', 'system:unauthenticated'), 'get /healthz', 'yes'],
    [userOf('system:anonymous', 'system:unauthenticated'), 'get /readyz/ping', 'no'],
    [userOf('system:anonymous', 'system:unauthenticated'), 'get /api', 'no'],
    ['system:kube-scheduler', 'create pods/binding shop/web', 'yes'],
    [
      'system:kube-scheduler',
      'update coordination.k8s.io:leases kube-system/kube-scheduler',
      'yes',
    ],
    ['system:kube-scheduler', 'get secrets shop/s', 'no'],
    ['system:kube-controller-manager', 'list watch:anything', 'yes'],
    ['system:kube-controller-manager', 'create pods shop/', 'yes'],
    ['system:kube-controller-manager', 'create apps:deployments shop/', 'no'],
    ['system:kube-controller-manager', 'create pods/exec shop/web', 'no'],
    ['system:kube-controller-manager', 'impersonate users /admin', 'no'],
    ['system:kube-proxy', 'list pods', 'yes'],
    ['system:kube-proxy', 'list secrets', 'no'],
    [
      serviceAccountUser('kube-system', 'deployment-controller'),
      'create apps:replicasets shop/',
      'yes',
    ],
    [serviceAccountUser('kube-system', 'deployment-controller'), 'create pods shop/', 'no'],
    [serviceAccountUser('shop', 'deployment-controller'), 'create apps:replicasets shop/', 'no'],
    [serviceAccountUser('shop', 'any'), 'get /openid/v1/jwks', 'yes'],
  ]))

test('names, subresources, service accounts and missing roles', () =>
  verdicts([
    ['rob', 'get pods shop/web', 'yes'],
    ['rob', 'get pods shop/api', 'no'],
    ['rob', 'list pods shop/', 'no'],
    ['rob', 'list pods shop/web', 'yes'], // by field selector
    ['rob', 'get pods/log shop/web', 'no'],
    ['sue', 'update apps:deployments/scale shop/web', 'yes'],
    ['sue', 'update apps:deployments shop/web', 'no'],
    ['sue', 'update /apis/scale', 'no'],
    [serviceAccountUser('ci', 'bot'), 'get pods shop/db', 'yes'],
    [serviceAccountUser('shop', 'bot'), 'get pods shop/db', 'no'],
    [serviceAccountUser('shop', 'local'), 'list pods shop/', 'yes'],
    ['bot', 'get pods shop/db', 'no'],
    ['ron', 'get pods shop/web', 'no'],
    ['__proto__', 'get pods shop/web', 'no'],
    ['constructor', 'toString constructor __proto__/hasOwnProperty', 'no'],
  ]))

test('decisions say through which binding, refusals name what is missing', async () => {
  assert.deepEqual(await decide('ann', 'list pods shop/'), {
    verdict: 'allow',
    reason: 'RBAC: allowed by RoleBinding "to-ann/shop" of ClusterRole "view" to User "ann"',
  })
  const refused = await decide('gus', 'list pods shop/')
  assert.deepEqual(refused, {
    verdict: 'noOpinion',
    reason: 'RBAC: role.rbac.authorization.k8s.io "gone" not found',
  })
  assert.equal(
    forbiddenBy(asking(userOf('gus'), 'list apps:deployments/scale shop/x'), '').message,
    'deployments.apps "x" is forbidden: User "gus" cannot list resource "deployments/scale" in API group "apps" in the namespace "shop"',
  )
  assert.equal(
    forbiddenBy(asking(userOf('gus'), 'list nodes'), 'why').message,
    'nodes is forbidden: User "gus" cannot list resource "nodes" in API group "" at the cluster scope: why',
  )
  assert.equal(
    forbiddenBy(asking(userOf('gus'), 'get /metrics'), '').message,
    'forbidden: User "gus" cannot get path "/metrics"',
  )
})

test('rules can be listed', async () => {
  const { rules, incomplete } = await authorizer.rulesFor(userOf('rob'), 'shop')
  assert.deepEqual(rules, [rule('get list', 'core', 'pods', 'web db')])
  assert.equal(incomplete, false)
  // What is bound but not there is told, and makes the list no less whole.
  const gus = await authorizer.rulesFor(userOf('gus'), 'shop')
  assert.equal(gus.incomplete, false)
  assert.notDeepEqual(gus.errors, [])
  // The bindings say it, and nothing says it again.
  const root = await authorizer.rulesFor({ name: 'r', groups: ['system:masters'] }, 'shop')
  assert.equal(root.rules.filter(({ resources }) => resources?.includes('*')).length, 1)
})

/** A second evaluator, written another way: lists every single thing that a rule allows over a small world. */
const VERBS = ['get', 'list', 'create']
const GROUPS = ['', 'apps']
const RESOURCES = ['pods', 'pods/log', 'deployments', 'deployments/scale']
const NAMES = ['', 'a', 'b']
function everythingAllowed(of: PolicyRule): Set<string> {
  const all = new Set<string>()
  for (const verb of VERBS)
    for (const apiGroup of GROUPS)
      for (const resource of RESOURCES)
        for (const name of NAMES) {
          const sub = resource.split('/')[1]
          const wide = (list: readonly string[] = [], value: string) =>
            list.some(each => each === '*' || each === value)
          if (!wide(of.verbs, verb) || !wide(of.apiGroups, apiGroup)) continue
          if (!wide(of.resources, resource) && !(sub && of.resources?.includes(`*/${sub}`)))
            continue
          if (of.resourceNames?.length && !of.resourceNames.includes(name)) continue
          all.add([verb, apiGroup, resource, name].join(' '))
        }
  return all
}
const some = (...values: string[]) => fc.subarray(values, { minLength: 1 })
const anyRule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs: some(...VERBS, '*'),
  apiGroups: some(...GROUPS, '*'),
  resources: some(...RESOURCES, '*', '*/scale', '*/log'),
  resourceNames: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, some('a', 'b')),
})

test('evaluation agrees with an independent one', () => {
  fc.assert(
    fc.property(anyRule, of => {
      const expected = everythingAllowed(of)
      for (const verb of VERBS)
        for (const apiGroup of GROUPS)
          for (const full of RESOURCES)
            for (const name of NAMES) {
              const [resource = '', subresource = ''] = full.split('/')
              const attributes: Attributes = {
                ...asking(userOf('x'), `${verb} pods`),
                ...{ group: apiGroup, resource, subresource, name },
              }
              const key = [verb, apiGroup, full, name].join(' ')
              assert.equal(ruleAllows(of, attributes), expected.has(key), key)
            }
    }),
    { numRuns: 300 },
  )
})

test('what is covered allows nothing that was not held', () => {
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 4 }), anyRule, (held, wanted) => {
      if (uncoveredRights(held, [wanted]).length > 0) return
      const all = new Set(held.flatMap(each => [...everythingAllowed(each)]))
      for (const one of everythingAllowed(wanted)) assert.ok(all.has(one), one)
    }),
    { numRuns: 2000 },
  )
})

test('every rule covers itself, and parts of one may be covered by several', () => {
  fc.assert(
    fc.property(anyRule, of => {
      assert.deepEqual(uncoveredRights([of], [of]), [])
      const split = of.verbs?.map(verb => ({ ...of, verbs: [verb] })) ?? []
      assert.deepEqual(uncoveredRights(split, [of]), [])
    }),
  )
  assert.deepEqual(uncoveredRights([urls('get', '/api/*')], [urls('get', '/api/v1 /api/*')]), [])
  assert.equal(uncoveredRights([urls('get', '/api/*')], [urls('get', '/a* *')]).length, 2)
  assert.equal(uncoveredRights([rule('*', '*', '*')], [urls('get', '/x')]).length, 1)
  // Names that are held do not cover all names.
  assert.equal(
    uncoveredRights([rule('get', 'core', 'pods', 'a')], [rule('get', 'core', 'pods')]).length,
    1,
  )
})

test('a huge role is judged quickly', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `r${i}`)
  const huge = { verbs: many(200), apiGroups: many(200), resources: many(200) }
  const began = cpuMs()
  assert.equal(uncoveredRights([rule('*', '*', '*')], [huge]).length, 0)
  assert.ok(uncoveredRights([rule('get', '*', '*')], [huge]).length > 0)
  assert.ok(cpuMs() - began < 500)
})

test('an empty view allows nothing', async () => {
  const nothing = rbacAuthorizer(viewOf({}))
  assert.equal((await nothing.authorize(asking(userOf('x'), 'get pods a/b'))).verdict, 'noOpinion')
})
