import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenRequest } from '../../authentication/v1/token-request.ts'
import { lease } from '../../coordination/v1/lease.ts'
import { created, defaulted, lines, rowOf } from '../../core/v1/testing.ts'
import { localSubjectAccessReview } from './local-subject-access-review.ts'
import { selfSubjectAccessReview } from './self-subject-access-review.ts'
import { subjectAccessReview } from './subject-access-review.ts'

/** Questions have no name. */
const metadata = {}

const resourceAttributes = { verb: 'get', resource: 'pods', namespace: 'default' }
const nonResourceAttributes = { verb: 'get', path: '/healthz' }

test('a review asks one thing about someone', () => {
  const problems = (spec: object) =>
    lines(subjectAccessReview.validate(defaulted(subjectAccessReview, { metadata, spec })))
  assert.deepEqual(problems({ user: 'ann', resourceAttributes }), [])
  assert.deepEqual(problems({ resourceAttributes }), [
    'spec.user: Invalid value: "": at least one of user or group must be specified',
  ])
  assert.match(
    problems({ user: 'ann' })[0] ?? '',
    /exactly one of nonResourceAttributes or resource/,
  )
  assert.match(
    problems({ user: 'ann', resourceAttributes, nonResourceAttributes })[0] ?? '',
    /combination/,
  )
  const own = defaulted(selfSubjectAccessReview, { metadata, spec: { nonResourceAttributes } })
  assert.deepEqual(lines(selfSubjectAccessReview.validate(own)), [])
})

test('a selector that is asked about is a text or requirements', () => {
  const problems = (more: object) =>
    lines(
      subjectAccessReview.validate(
        defaulted(subjectAccessReview, {
          metadata,
          spec: { user: 'ann', resourceAttributes: { ...resourceAttributes, ...more } },
        }),
      ),
    )
  const at = 'spec.resourceAttributes'
  const requirement = { key: 'a', operator: 'In', values: ['b'] }
  assert.deepEqual(problems({ fieldSelector: { requirements: [requirement] } }), [])
  for (const name of ['fieldSelector', 'labelSelector']) {
    assert.deepEqual(problems({ [name]: {} }), [
      `${at}.${name}.requirements: Required value: when ${at}.${name} is specified, requirements or rawSelector is required`,
    ])
    assert.deepEqual(problems({ [name]: { rawSelector: 'a', requirements: [requirement] } }), [
      `${at}.${name}.rawSelector: Invalid value: "a": may not specified at the same time as requirements`,
    ])
    assert.deepEqual(problems({ [name]: { requirements: [{ ...requirement, values: [] }] } }), [
      `${at}.${name}.requirements[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
    ])
    assert.deepEqual(problems({ [name]: { requirements: [{ key: 'a', operator: 'Near' }] } }), [])
  }
  assert.deepEqual(problems({ fieldSelector: { requirements: [{ operator: 'Exists' }] } }), [
    `${at}.fieldSelector.requirements[0].key: Required value: must be specified`,
  ])
})

test('a question is no object: it has no metadata', () => {
  const problems = (metadata: object) =>
    [subjectAccessReview, selfSubjectAccessReview, localSubjectAccessReview].map(kind =>
      lines(
        (kind as typeof subjectAccessReview).validate(
          defaulted(kind as typeof subjectAccessReview, {
            metadata,
            spec: { user: 'ann', resourceAttributes },
          }),
        ),
      ).map(line => line.replace(/^.*: /, '')),
    )
  assert.deepEqual(problems({ namespace: 'default', labels: { a: 'b' } }), [
    ['must be empty'],
    ['must be empty'],
    ['must be empty except for namespace'],
  ])
  assert.deepEqual(problems({ namespace: 'default' })[2], [])
})

test('a local review stays in its namespace', () => {
  const review = defaulted(localSubjectAccessReview, {
    metadata: { namespace: 'other' },
    spec: { user: 'ann', resourceAttributes },
  })
  assert.deepEqual(lines(localSubjectAccessReview.validate(review)), [
    'spec.resourceAttributes.namespace: Invalid value: "default": must match metadata.namespace',
  ])
})

test('a token lasts an hour unless said otherwise, and never less than ten minutes', () => {
  assert.equal(defaulted(tokenRequest, { spec: {} }).spec.expirationSeconds, 3600)
  const short = defaulted(tokenRequest, { spec: { expirationSeconds: 599 } })
  assert.deepEqual(lines(tokenRequest.validate(short)), [
    'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
  ])
})

test('a lease lasts a while', () => {
  const object = created(lease, { spec: { holderIdentity: 'a', leaseDurationSeconds: 0 } })
  assert.deepEqual(lines(lease.validate(object)), [
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
  ])
  assert.equal(rowOf(lease, object).Holder, 'a')
})
