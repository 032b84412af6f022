import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { created, defaulted, lines, rowOf, updated } from '../../core/v1/testing.ts'
import { wrongNames } from '../../machinery/validate-metadata.ts'
import { clusterTrustBundle as alphaBundle } from '../v1alpha1/cluster-trust-bundle.ts'
import { clusterTrustBundle } from '../v1beta1/cluster-trust-bundle.ts'
import { certificateSigningRequest as kind } from './certificate-signing-request.ts'
import { validateApproval } from './certificate-signing-request.validation.ts'
import { isKubernetesSigner, validateSignerName } from './signer-name.ts'

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const spec = { request: 'AAAA', signerName: 'example.com/serving', usages: ['client auth'] }
const USAGES =
  '"any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"'

const wrongRequests: [string, object, string[]][] = [
  ['for no use', { usages: [] }, ['spec.usages: Required value']],
  [
    'for strange uses',
    { usages: ['juggling', 'any', 'any'] },
    [
      `spec.usages[0]: Unsupported value: "juggling": supported values: ${USAGES}`,
      'spec.usages[2]: Duplicate value: "any"',
    ],
  ],
  [
    'to the signer of old',
    { signerName: 'kubernetes.io/legacy-unknown' },
    [
      'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
    ],
  ],
  ['to nobody', { signerName: '' }, ['spec.signerName: Required value']],
  [
    'for a moment',
    { expirationSeconds: 599 },
    [
      'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)',
    ],
  ],
]
for (const [name, change, expected] of wrongRequests)
  test(`refused request ${name}`, () => {
    const object = created(kind, { spec: { ...spec, ...change } })
    assert.deepEqual(lines(kind.validate(object)), expected)
  })

test('a signer is a domain and a path', () => {
  const check = (name: string) => lines(validateSignerName('s', name))
  assert.deepEqual(check('example.com/serving'), [])
  assert.deepEqual(check(`example.com/${'n'.repeat(63)}.${'n'.repeat(63)}`), [])
  const form = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
  assert.deepEqual(check('a'), [`s: Invalid value: "a": ${form}`])
  assert.deepEqual(check('a.b/c/d'), [`s: Invalid value: "a.b/c/d": ${form}`])
  assert.deepEqual(check('com/B'), [
    's: Invalid value: "com": should be a domain with at least two segments separated by dots',
    `s: Invalid value: "B": validating label "B": ${SUBDOMAIN}`,
  ])
  assert.deepEqual(check('A.B.c/d'), [`s: Invalid value: "A.B.c": validating label "A": ${LABEL}`])
  const long = `${'a.'.repeat(127)}a/${'b'.repeat(253)}.${'c'.repeat(253)}.d`
  assert.deepEqual(check(long), [
    's: Too long: may not be more than 253 bytes',
    's: Too long: may not be more than 571 bytes',
  ])
})

test('signers of the cluster are known by their domain', () => {
  assert.equal(isKubernetesSigner('kubernetes.io/kubelet-serving'), true)
  assert.equal(isKubernetesSigner('a.kubernetes.io/b'), true)
  assert.equal(isKubernetesSigner('notkubernetes.io/b'), false)
  assert.equal(isKubernetesSigner('example.com/kubernetes.io'), false)
})

const is = (type: string, status = 'True', more: object = {}) => ({ type, status, ...more })
const withStatus = (...conditions: object[]) => defaulted(kind, { spec, status: { conditions } })
const signed = (certificate: string, ...conditions: object[]) =>
  defaulted(kind, { spec, status: { certificate, conditions } })

test('nobody asks for what is approved already, nor changes what was asked', () => {
  const object = created(kind, { spec, status: { conditions: [is('Approved')] } })
  assert.deepEqual(object.status, {})
  const next = updated(kind, object, { spec: { ...spec, usages: ['any'] }, status: {} })
  assert.deepEqual(next.spec, object.spec)
})

test('an approver decides once, one way', () => {
  const check = (next: object[], previous: object[]) =>
    lines(validateApproval(withStatus(...next), withStatus(...previous)))
  assert.deepEqual(check([is('Approved')], []), [])
  assert.deepEqual(check([is('Denied')], []), [])
  assert.deepEqual(check([is('Mood', 'Unknown')], []), [])
  assert.deepEqual(check([is('Approved'), is('Denied')], []), [
    'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
  ])
  assert.deepEqual(check([], [is('Approved'), is('Failed')]), [
    'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
    'status.conditions: Forbidden: updates may not remove a condition of type "Failed"',
  ])
  assert.deepEqual(
    check([is('Approved', 'False'), is('', ''), is('Mood', 'Fine'), is('Mood')], []),
    [
      'status.conditions[0].status: Unsupported value: "False": supported values: "True"',
      'status.conditions[1].type: Required value',
      'status.conditions[1].status: Required value',
      'status.conditions[2].status: Unsupported value: "Fine": supported values: "False", "True", "Unknown"',
      'status.conditions[3].type: Duplicate value: "Mood"',
    ],
  )
  assert.deepEqual(lines(validateApproval(signed('AAAA'), withStatus())), [
    'status.certificate: Forbidden: updates may not set certificate content',
  ])
})

test('what could be stored once does not stop further writes', () => {
  const strange = [is('Approved'), is('Denied'), is('', 'True'), is('A'), is('A')]
  const object = withStatus(...strange)
  assert.deepEqual(lines(validateApproval(object, object)), [])
})

test('a signer answers once and decides nothing', () => {
  const check = (next: ReturnType<typeof signed>, previous: ReturnType<typeof signed>) =>
    lines(kind.validateStatusUpdate(next, previous))
  assert.deepEqual(check(signed('AAAA', is('Approved')), withStatus(is('Approved'))), [])
  assert.deepEqual(check(withStatus(is('Failed')), withStatus()), [])
  assert.deepEqual(check(withStatus(is('Approved')), withStatus()), [
    'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
  ])
  const changed = [
    'status.certificate: Forbidden: updates may not modify existing certificate content',
  ]
  assert.deepEqual(check(signed('BBBB'), signed('AAAA')), changed)
  assert.deepEqual(check(withStatus(), signed('AAAA')), changed)
})

test('what a signer sends of decisions does not count', () => {
  const previous = withStatus(is('Approved', 'True', { reason: 'Checked' }))
  const draft = withStatus(is('Failed'), is('Approved', 'True', { reason: 'Forged' }))
  kind.prepareForStatusUpdate(draft, previous)
  const noTimes = { lastUpdateTime: null, lastTransitionTime: null }
  assert.deepEqual(draft.status.conditions, [
    { ...is('Failed'), ...noTimes },
    { ...is('Approved', 'True', { reason: 'Checked' }), ...noTimes },
  ])
})

test('kubectl get shows what became of a request', () => {
  const conditionOf = (object: ReturnType<typeof signed>) => rowOf(kind, object).Condition
  assert.equal(conditionOf(withStatus()), 'Pending')
  assert.equal(conditionOf(withStatus(is('Approved'), is('Failed'))), 'Approved,Failed')
  assert.equal(conditionOf(withStatus(is('Approved'), is('Denied'))), 'Denied')
  assert.equal(conditionOf(signed('AAAA', is('Approved'))), 'Approved,Issued')
  const object = defaulted(kind, { spec: { ...spec, username: 'ann', expirationSeconds: 3600 } })
  assert.deepEqual(rowOf(kind, object), {
    Name: 'web',
    Age: '<unknown>',
    SignerName: 'example.com/serving',
    Requestor: 'ann',
    RequestedDuration: '60m',
    Condition: 'Pending',
  })
  assert.equal(rowOf(kind, withStatus()).RequestedDuration, '<none>')
  assert.equal(kind.fieldSelectors['spec.signerName']?.(object), 'example.com/serving')
})

test('a bundle of a signer is named after it', () => {
  const check = (name: string, signerName?: string) =>
    lines(
      wrongNames(
        clusterTrustBundle,
        created(clusterTrustBundle, { metadata: { name }, spec: { signerName, trustBundle: '' } }),
      ),
    )
  assert.deepEqual(check('roots'), [])
  assert.deepEqual(check('example.com:serving:roots', 'example.com/serving'), [])
  assert.deepEqual(check('a:b'), [
    'metadata.name: Invalid value: "a:b": ClusterTrustBundle without signer name must not have ":" in its name',
  ])
  assert.deepEqual(check('A'), [`metadata.name: Invalid value: "A": ${SUBDOMAIN}`])
  assert.deepEqual(check('roots', 'example.com/serving'), [
    'metadata.name: Invalid value: "roots": ClusterTrustBundle for signerName example.com/serving must be named with prefix example.com:serving:',
  ])
  assert.deepEqual(check('example.com:serving:', 'example.com/serving'), [
    `metadata.name: Invalid value: "example.com:serving:": ${SUBDOMAIN}`,
  ])
})

test('a bundle keeps its signer', () => {
  const bundle = (signerName?: string) =>
    created(clusterTrustBundle, { spec: { signerName, trustBundle: '' } })
  assert.deepEqual(lines(clusterTrustBundle.validateUpdate(bundle('a.b/c'), bundle())), [
    'spec.signerName: Invalid value: "a.b/c": field is immutable',
  ])
  assert.deepEqual(lines(clusterTrustBundle.validate(bundle('a'))).length, 1)
  assert.deepEqual(lines(clusterTrustBundle.validate(bundle())), [])
  assert.equal(rowOf(clusterTrustBundle, bundle()).SignerName, '<none>')
  assert.equal(rowOf(clusterTrustBundle, bundle('a.b/c')).SignerName, 'a.b/c')
  assert.equal(clusterTrustBundle.fieldSelectors['spec.signerName']?.(bundle()), '')
})

test('an alpha bundle is the beta one under another version', () => {
  const { storedAs } = alphaBundle
  assert.ok(storedAs)
  assert.equal(storedAs.kind, clusterTrustBundle)
  const bodies = fc.record({ signerName: fc.string(), trustBundle: fc.string() })
  fc.assert(
    fc.property(bodies, spec => {
      const served = created(alphaBundle, { spec })
      assert.deepEqual(storedAs.fromStored(storedAs.toStored(served)), served)
    }),
  )
})
