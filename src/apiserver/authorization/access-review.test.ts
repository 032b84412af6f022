import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceAttributes } from '#api/authorization/v1/attributes.ts'
import type { SubjectAccessReview } from '#api/authorization/v1/subject-access-review.ts'
import { isStatus } from '#api/machinery/status.ts'
import {
  reviewAccess,
  reviewLocalAccess,
  reviewSelfAccess,
  reviewSelfRules,
} from './access-review.ts'
import { type Attributes, type Authorizer, allow, unionAuthorizer } from './authorizer.ts'
import { rbacAuthorizer } from './rbac.ts'
import { superuserAuthorizer } from './superuser.ts'
import { bootstrapped, userOf } from './testing.ts'

const authorizer = unionAuthorizer([superuserAuthorizer, rbacAuthorizer(bootstrapped())])
const apiVersion = 'authorization.k8s.io/v1'
const status: SubjectAccessReview['status'] = { allowed: false }
const review = (spec: SubjectAccessReview['spec'], metadata = {}) =>
  reviewAccess({ apiVersion, kind: 'SubjectAccessReview', metadata, spec, status }, authorizer)
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
  const ask = (spec: SubjectAccessReview['spec'], namespace: string) =>
    reviewLocalAccess(
      { apiVersion, kind: 'LocalSubjectAccessReview', metadata: { namespace }, spec, status },
      authorizer,
    )
  await ask({ user: 'x', resourceAttributes: pods }, 'shop')
  const path = { path: '/', verb: 'get' }
  for (const refused of [
    ask({ user: 'x', resourceAttributes: pods }, 'other'),
    ask({ user: 'x', nonResourceAttributes: path }, 'shop'),
  ])
    await assert.rejects(refused, error => isStatus(error, 'Invalid'))
})

test('a question has no name, which is told without the kind', async () => {
  await assert.rejects(review({ user: 'x', resourceAttributes: pods }, { name: 'a' }), {
    message:
      '.authorization.k8s.io "" is invalid: metadata: Invalid value: {"name":"a"}: must be empty',
  })
})

test('selectors that cannot be read are ignored, and it is told', async () => {
  const told = async (more: Partial<ResourceAttributes>) =>
    (await review({ user: 'x', resourceAttributes: { ...pods, ...more } })).status.evaluationError
  const field = (operator: string, ...values: string[]) => ({ key: 'a', operator, values })
  const at = 'spec.resourceAttributes'
  assert.equal(await told({ fieldSelector: { requirements: [field('NotIn', 'b')] } }), undefined)
  assert.equal(
    await told({ fieldSelector: { requirements: [field('In', 'b', 'c')] } }),
    `${at}.fieldSelector ignored due to parse error`,
  )
  assert.equal(
    await told({ fieldSelector: { requirements: [field('In', 'b'), field('Exists')] } }),
    `${at}.fieldSelector partially ignored due to parse error`,
  )
  assert.equal(
    await told({ fieldSelector: { rawSelector: '&&' }, labelSelector: { rawSelector: '&&' } }),
    `${at}.fieldSelector ignored due to parse error; ${at}.labelSelector ignored due to parse error`,
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
  await of({ requirements: [{ key: 'spec.nodeName', operator: 'Exists' }] })
  assert.deepEqual(
    asked.map(each => each.fieldSelector),
    ['spec.nodeName=a', 'spec.nodeName=a\\,b', undefined],
  )
  assert.equal(asked[0]?.user.name, 'me')
})

const ofMyRights = {
  apiVersion,
  kind: 'SelfSubjectRulesReview',
  metadata: {},
  spec: { namespace: 'shop' },
  status: { resourceRules: [], nonResourceRules: [], incomplete: false },
}

test('what went wrong is told in one text, each mistake once', async () => {
  const told = async (...errors: string[]) => {
    const asked: Authorizer = {
      authorize: () => allow(),
      rulesFor: () => ({ rules: [], incomplete: false, errors }),
    }
    return (await reviewSelfRules(ofMyRights, userOf('x'), asked)).status.evaluationError
  }
  assert.equal(await told(), undefined)
  assert.equal(await told('a', 'a'), 'a')
  assert.equal(await told('a', 'b', 'a'), '[a, b]')
})

test('what may I?', async () => {
  const answer = await reviewSelfRules(ofMyRights, userOf('x', 'system:authenticated'), authorizer)
  assert.equal(answer.status.incomplete, false)
  assert.ok(
    answer.status.resourceRules.some(each => each.resources?.includes('selfsubjectaccessreviews')),
  )
  assert.ok(answer.status.nonResourceRules.some(each => each.nonResourceURLs?.includes('/api/*')))
})
