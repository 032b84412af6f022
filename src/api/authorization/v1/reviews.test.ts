import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenRequest } from '../../authentication/v1/token-request.ts'
import { lease } from '../../coordination/v1/lease.ts'
import { created, defaulted, lines, rowOf } from '../../core/v1/testing.ts'
import { localSubjectAccessReview } from './local-subject-access-review.ts'
import { selfSubjectAccessReview } from './self-subject-access-review.ts'
import { subjectAccessReview } from './subject-access-review.ts'

const resourceAttributes = { verb: 'get', resource: 'pods', namespace: 'default' }
const nonResourceAttributes = { verb: 'get', path: '/healthz' }

test('a review asks one thing about someone', () => {
  const problems = (spec: object) =>
    lines(subjectAccessReview.validate(defaulted(subjectAccessReview, { spec })))
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
  const own = defaulted(selfSubjectAccessReview, { spec: { nonResourceAttributes } })
  assert.deepEqual(lines(selfSubjectAccessReview.validate(own)), [])
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
