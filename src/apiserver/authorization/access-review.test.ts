import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceAttributes } from '#api/authorization/v1/attributes.ts'
import type { SubjectAccessReview } from '#api/authorization/v1/subject-access-review.ts'
import { isStatus } from '#api/machinery/status.ts'
import { reviewAccess, reviewSelfAccess, reviewSelfRules } from './access-review.ts'
import { type Attributes, type Authorizer, allow, unionAuthorizer } from './authorizer.ts'
import { rbacAuthorizer } from './rbac.ts'
import { superuserAuthorizer } from './superuser.ts'
import { bootstrapped, userOf } from './testing.ts'

const authorizer = unionAuthorizer([superuserAuthorizer, rbacAuthorizer(bootstrapped())])
const apiVersion = 'authorization.k8s.io/v1'
const status: SubjectAccessReview['status'] = { allowed: false }
const review = (spec: SubjectAccessReview['spec'], pathNamespace?: string) =>
  reviewAccess(
    { apiVersion, kind: 'SubjectAccessReview', metadata: {}, spec, status },
    authorizer,
    pathNamespace,
  )
const pods: ResourceAttributes = { verb: 'list', resource: 'pods', namespace: 'shop' }

test('others are reviewed as they would be', async () => {
  const yes = await review({ user: 'x', groups: ['system:masters'], resourceAttributes: pods })
  assert.equal(yes.status.allowed, true)
  assert.equal((await review({ user: 'x', resourceAttributes: pods })).status.allowed, false)
  const path = { path: '/healthz', verb: 'get' }
  const healthz = await review({ groups: ['system:unauthenticated'], nonResourceAttributes: path })
  assert.equal(healthz.status.allowed, true)
  assert.match(healthz.status.reason ?? '', /ClusterRoleBinding "system:public-info-viewer"/)
})

test('incomplete questions are refused', async () => {
  const path = { path: '/', verb: 'get' }
  for (const [spec, text] of [
    [{ user: 'x' }, /exactly one of nonResourceAttributes or resourceAttributes/],
    [{ resourceAttributes: pods }, /at least one of user or group/],
    [{ user: 'x', resourceAttributes: pods, nonResourceAttributes: path }, /in combination with/],
  ] as const)
    await assert.rejects(
      review(spec as SubjectAccessReview['spec']),
      error => isStatus(error, 'Invalid') && text.test(error.message),
    )
})

test('a local review stays in its namespace', async () => {
  await review({ user: 'x', resourceAttributes: pods }, 'shop')
  await assert.rejects(review({ user: 'x', resourceAttributes: pods }, 'other'), error =>
    isStatus(error, 'BadRequest'),
  )
  await assert.rejects(
    review({ user: 'x', nonResourceAttributes: { path: '/', verb: 'get' } }, 'shop'),
  )
})

test('selectors reach the authorizer as text', async () => {
  const asked: Attributes[] = []
  const listener: Authorizer = {
    authorize: attributes => {
      asked.push(attributes)
      return allow()
    },
    rulesFor: () => ({ rules: [], incomplete: false, errors: [] }),
  }
  const of = (fieldSelector: ResourceAttributes['fieldSelector']) =>
    reviewSelfAccess(
      {
        apiVersion,
        kind: 'SelfSubjectAccessReview',
        metadata: {},
        spec: { resourceAttributes: { ...pods, ...(fieldSelector ? { fieldSelector } : {}) } },
        status,
      },
      userOf('me'),
      listener,
    )
  await of({ rawSelector: 'spec.nodeName=a' })
  await of({ requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['a,b'] }] })
  await of({ requirements: [{ key: 'spec.nodeName', operator: 'NotIn', values: ['a'] }] })
  assert.deepEqual(
    asked.map(each => each.fieldSelector),
    ['spec.nodeName=a', 'spec.nodeName=a\\,b', undefined],
  )
  assert.equal(asked[0]?.user.name, 'me')
})

test('what may I?', async () => {
  const answer = await reviewSelfRules(
    {
      apiVersion,
      kind: 'SelfSubjectRulesReview',
      metadata: {},
      spec: { namespace: 'shop' },
      status: { resourceRules: [], nonResourceRules: [], incomplete: false },
    },
    userOf('x', 'system:authenticated'),
    authorizer,
  )
  assert.equal(answer.status.incomplete, false)
  assert.ok(
    answer.status.resourceRules.some(each => each.resources?.includes('selfsubjectaccessreviews')),
  )
  assert.ok(answer.status.nonResourceRules.some(each => each.nonResourceURLs?.includes('/api/*')))
})
