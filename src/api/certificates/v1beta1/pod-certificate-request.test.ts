import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, defaulted, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { podCertificateRequest as kind } from './pod-certificate-request.ts'
import { isBeingIssued } from './pod-certificate-request.validation.ts'

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const spec = {
  signerName: 'example.com/workload',
  podName: 'web',
  podUID: 'u1',
  serviceAccountName: 'default',
  serviceAccountUID: 'u2',
  nodeName: 'n1',
  nodeUID: 'u3',
  stubPKCS10Request: 'AAAA',
}
const problems = (change: object) =>
  lines(kind.validateCreate(created(kind, { spec: { ...spec, ...change } })))

test('tables show for whom it is, what became of it, and what its author tells', () => {
  const row = (status: object, more: object = {}) =>
    Object.values(rowOf(kind, defaulted(kind, { spec: { ...spec, ...more }, status })))
  const whom = ['web', 'web', 'default', 'n1', 'example.com/workload']
  assert.deepEqual(row({}), [...whom, 'Pending', '<none>'])
  const unverifiedUserAnnotations = { 'b.com/x': '1', 'a.com/y': '2' }
  const condition = { type: 'Denied', status: 'True', reason: 'No', message: '' }
  assert.deepEqual(row({ conditions: [condition] }, { unverifiedUserAnnotations }), [
    ...whom,
    'Denied',
    'a.com/y=2,b.com/x=1',
  ])
})

test('a certificate is good for a day unless another time is asked for', () => {
  assert.equal(created(kind, { spec }).spec.maxExpirationSeconds, 86_400)
  assert.deepEqual(problems({}), [])
  assert.deepEqual(problems({ maxExpirationSeconds: 3600 }), [])
  assert.deepEqual(problems({ maxExpirationSeconds: 91 * 86_400 }), [])
  const range = (seconds: number, longest: number) =>
    `spec.maxExpirationSeconds: Invalid value: ${seconds}: must be in the range [3600, ${longest}]`
  assert.deepEqual(problems({ maxExpirationSeconds: 3599 }), [range(3599, 7862400)])
  const signerName = 'kubernetes.io/kube-apiserver-client-pod'
  assert.deepEqual(problems({ signerName, maxExpirationSeconds: 86_401 }), [range(86_401, 86_400)])
})

test('a request names pod, account and node by name and UID', () => {
  const empty = Object.fromEntries(Object.keys(spec).map(field => [field, '']))
  assert.deepEqual(problems(empty), [
    'spec.signerName: Required value',
    `spec.podName: Invalid value: "": ${SUBDOMAIN}`,
    'spec.podUID: Invalid value: "": must not be empty',
    `spec.serviceAccountName: Invalid value: "": ${SUBDOMAIN}`,
    'spec.serviceAccountUID: Invalid value: "": must not be empty',
    `spec.nodeName: Invalid value: "": ${SUBDOMAIN}`,
    'spec.nodeUID: Invalid value: "": must not be empty',
  ])
  assert.deepEqual(problems({ podUID: 'x'.repeat(129) }), [
    'spec.podUID: Too long: may not be more than 128 bytes',
  ])
})

test('what the author says carries the domain of who understands it', () => {
  const check = (unverifiedUserAnnotations: object) => problems({ unverifiedUserAnnotations })
  const at = 'spec.unverifiedUserAnnotations'
  assert.deepEqual(check({ 'Acme.io/Foo': 'anything' }), [])
  assert.deepEqual(check({ foo: '' }), [
    `${at}: Invalid value: "foo": must be a domain-prefixed key (such as "acme.io/foo")`,
  ])
  assert.deepEqual(check({ '': '' }), [`${at}: Required value`])
  assert.equal(check({ 'a/b/c': '' }).length, 1)
  assert.deepEqual(check({ 'a.b/c': 'x'.repeat(256 * 1024) }), [
    `${at}: Too long: may not be more than 262144 bytes`,
  ])
})

test('a request never changes, and its status is written on its own', () => {
  const previous = created(kind, { spec, status: { certificateChain: 'x' } })
  assert.deepEqual(previous.status, {})
  const body = { spec: { ...spec, podUID: 'u9' }, status: { certificateChain: 'x' } }
  const next = updated(kind, previous, body)
  assert.deepEqual(next.status, {})
  assert.match(
    lines(kind.validateUpdate(next, previous))[0] ?? '',
    /^spec: .*: field is immutable$/,
  )
  for (const [selector, value] of [
    ['spec.signerName', 'example.com/workload'],
    ['spec.podName', 'web'],
    ['spec.nodeName', 'n1'],
  ] as const)
    assert.equal(kind.fieldSelectors[selector]?.(previous), value)
})

const is = (type: string, status = 'True') => ({
  type,
  status,
  reason: 'Because',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
})
const withStatus = (status: object) => defaulted(kind, { spec, status })
const check = (next: object, previous: object = {}) =>
  lines(kind.validateStatusUpdate(withStatus(next), withStatus(previous)))

test('a signer answers once, with one answer', () => {
  assert.deepEqual(check({ conditions: [is('Denied')] }), [])
  assert.deepEqual(check({ conditions: [is('Failed')] }), [])
  assert.deepEqual(check({ conditions: [is('Issued')], certificateChain: 'x' }), [])
  assert.deepEqual(check({}), [])
  const types = 'supported values: "Issued", "Denied", "Failed"'
  assert.deepEqual(check({ conditions: [is('Issued'), is('Denied', 'False'), is('Mood')] }), [
    'status.conditions[1].type: Invalid value: "Denied": There may be at most one condition with type "Issued", "Denied", or "Failed"',
    'status.conditions[1].status: Unsupported value: "False": supported values: "True"',
    `status.conditions[2].type: Unsupported value: "Mood": ${types}`,
  ])
  assert.deepEqual(check({ conditions: [{ ...is('Denied'), reason: '' }] }), [
    'status.conditions[0].reason: Required value',
  ])
  assert.deepEqual(check({ conditions: [is('Denied')], certificateChain: 'x' }), [
    'status: Invalid value: non-condition status fields must be empty when denying or failing the PodCertificateRequest',
  ])
  assert.deepEqual(check({ certificateChain: 'x' }), [
    'status: Invalid value: status is immutable unless transitioning to "Issued", "Denied", or "Failed"',
  ])
  const denied = { conditions: [is('Denied')] }
  assert.deepEqual(check(denied, denied), [])
  assert.deepEqual(check({ conditions: [is('Issued')] }, denied), [
    'status: Invalid value: immutable after PodCertificateRequest is issued, denied, or failed',
  ])
})

test('what is issued is looked at when it is issued, and not later', () => {
  const issued = withStatus({ conditions: [is('Issued')] })
  assert.equal(isBeingIssued(issued, withStatus({})), true)
  assert.equal(isBeingIssued(issued, issued), false)
  assert.equal(isBeingIssued(withStatus({ conditions: [is('Denied')] }), withStatus({})), false)
  assert.equal(
    isBeingIssued(withStatus({ conditions: [is('Issued', 'False')] }), withStatus({})),
    false,
  )
})
