/** Requests for certificates from asking to the answer, and bundles, through the whole server. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { kinds } from '#api/kinds.ts'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { encodedRequest } from '#base/pki/testing.ts'
import { systemRandom } from '#host/random.ts'
import type { UserInfo } from '../authentication/authenticator.ts'
import { userOf } from '../authorization/testing.ts'
import { type Answer, admin, answerOf, startTestServer, type TestServer } from '../testing.ts'

const ROOT = '/apis/certificates.k8s.io'
const REQUESTS = `${ROOT}/v1/certificatesigningrequests`
const BUNDLES = `${ROOT}/v1beta1/clustertrustbundles`
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const NOW = '2026-05-01T12:00:00Z'
const signerName = 'example.com/serving'
const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 }
const authority = issueAuthority('root', validity, systemRandom)
const leaf = issueLeaf(
  { subject: { commonName: 'a' }, usages: ['client'], validity },
  authority,
  systemRandom,
)
const base64 = (text: string) => Buffer.from(text).toString('base64')

let started: TestServer
async function ask(user: UserInfo, line: string, body?: unknown): Promise<Answer> {
  const [method = 'GET', path = ''] = line.split(' ')
  const bytes = body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) }
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const request = { method: method as 'GET', path, headers: { 'content-type': type }, ...bytes }
  return answerOf(await started.server.handle(request, { user }))
}

const ann: UserInfo = {
  name: 'ann',
  uid: 'u1',
  groups: ['dev', 'system:authenticated'],
  extra: { 'example.com/team': ['a'] },
}
const writer = userOf('writer', 'system:authenticated')

/** Gives `writer` all rights on requests, and only these verbs on signers of this name. */
async function allow(...signers: { verb: string; name: string }[]): Promise<void> {
  const rule = (verbs: string[], resources: string[], resourceNames: string[] = []) => ({
    apiGroups: ['certificates.k8s.io'],
    verbs,
    resources,
    resourceNames,
  })
  await ask(admin, `DELETE ${RBAC}/clusterroles/writer`)
  await ask(admin, `POST ${RBAC}/clusterroles`, {
    metadata: { name: 'writer' },
    rules: [
      rule(['*'], ['certificatesigningrequests', 'certificatesigningrequests/approval']),
      rule(['*'], ['certificatesigningrequests/status', 'clustertrustbundles']),
      ...signers.map(({ verb, name }) => rule([verb], ['signers'], [name])),
    ],
  })
}

before(async () => {
  started = await startTestServer({ kinds })
  for (const name of ['ann', 'writer'])
    await ask(admin, `POST ${RBAC}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'writer' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
    })
  await allow()
})

const request = (name: string, more: object = {}) => ({
  metadata: { name },
  spec: { request: encodedRequest(), signerName, usages: ['client auth'], ...more },
})
async function requested(name: string): Promise<Answer['body']> {
  const answer = await ask(ann, `POST ${REQUESTS}`, request(name))
  assert.equal(answer.status, 201, answer.text)
  return answer.body
}

test('the server says who asks, whatever they say', async () => {
  const body = request('forged', {
    username: 'root',
    uid: 'u0',
    groups: ['system:masters'],
    extra: { a: ['b'] },
  })
  const { spec, status } = (await ask(ann, `POST ${REQUESTS}`, body)).body
  assert.equal(spec.username, 'ann')
  assert.equal(spec.uid, 'u1')
  assert.deepEqual(spec.groups, ann.groups)
  assert.deepEqual(spec.extra, ann.extra)
  assert.deepEqual(status, {})
  const plain = (await ask(writer, `POST ${REQUESTS}`, { ...body, metadata: { name: 'plain' } }))
    .body
  assert.equal(plain.spec.username, 'writer')
  assert.equal('uid' in plain.spec || 'extra' in plain.spec, false)
})

test('what is no request, or not signed with its key, is refused', async () => {
  const refused = async (text: string, more: object = {}) =>
    (await ask(ann, `POST ${REQUESTS}`, request('bad', { request: text, ...more }))).body.details
      .causes[0]
  assert.deepEqual(await refused(base64('hello')), {
    reason: 'FieldValueInvalid',
    message: `Invalid value: "${base64('hello')}": PEM block type must be CERTIFICATE REQUEST`,
    field: 'spec.request',
  })
  const { body } = await ask(ann, `POST ${REQUESTS}`, { metadata: { name: 'bad' }, spec: {} })
  assert.deepEqual(
    body.details.causes.map(({ field }: { field: string }) => field),
    ['spec.request', 'spec.usages', 'spec.signerName'],
  )
  const forged = encodedRequest({ signed: Buffer.from('x') })
  assert.match((await refused(forged)).message, /: x509: ECDSA verification failure$/)
  assert.match((await refused(base64(authority.certificate))).message, /PEM block type must be/)
})

test('an approver needs the right for the signer, and stamps the decision', async () => {
  await requested('approved')
  const path = `${REQUESTS}/approved/approval`
  const approve = async () => {
    const { body } = await ask(writer, `GET ${path}`)
    const condition = { type: 'Approved', status: 'True', reason: 'Fine' }
    return ask(writer, `PUT ${path}`, {
      ...body,
      spec: { ...body.spec, username: 'root', signerName: 'other.example.com/x' },
      status: { conditions: [condition], certificate: base64(leaf.certificate) },
    })
  }
  await allow({ verb: 'approve', name: 'other.example.com/x' })
  const refused = await approve()
  assert.equal(refused.status, 403)
  assert.equal(
    refused.body.message,
    'certificatesigningrequests.certificates.k8s.io "approved" is forbidden: user not permitted to approve requests with signerName "example.com/serving"',
  )
  await allow({ verb: 'approve', name: 'example.com/*' })
  const answer = await approve()
  assert.equal(answer.status, 200, answer.text)
  const { spec, status } = answer.body
  assert.equal(spec.username, 'ann')
  assert.equal(spec.signerName, signerName)
  assert.deepEqual(status, {
    conditions: [
      {
        type: 'Approved',
        status: 'True',
        reason: 'Fine',
        lastUpdateTime: NOW,
        lastTransitionTime: NOW,
      },
    ],
  })
  const removed = await ask(writer, `PUT ${path}`, { ...answer.body, status: {} })
  assert.equal(removed.status, 422)
  assert.match(removed.body.message, /updates may not remove a condition of type "Approved"/)
})

test('a signer needs its right, answers with certificates, and only once', async () => {
  const { metadata } = await requested('signed')
  const sign = (status: object) =>
    ask(writer, `PUT ${REQUESTS}/signed/status`, { metadata: { name: metadata.name }, status })
  await allow({ verb: 'approve', name: signerName })
  const chain = base64(leaf.certificate + authority.certificate)
  const refused = await sign({ certificate: chain })
  assert.equal(refused.status, 403)
  assert.match(refused.body.message, /user not permitted to sign requests with signerName "example/)
  assert.equal((await sign({})).status, 200, 'nothing changed, so no right is needed')
  await allow({ verb: 'sign', name: signerName })
  const problem = async (text: string) =>
    (await sign({ certificate: base64(text) })).body.details.causes[0].message
  const prefix = 'Invalid value: "<certificate data>": '
  const block = (label: string, body = 'AAAA') =>
    `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
  assert.equal(await problem('x'), `${prefix}must contain at least one CERTIFICATE PEM block`)
  assert.equal(
    await problem(leaf.certificate + block('KEY')),
    `${prefix}only CERTIFICATE PEM blocks are allowed, found "KEY"`,
  )
  assert.equal(
    await problem(block('CERTIFICATE', 'a: b\n\nAAAA')),
    `${prefix}no PEM block headers are permitted`,
  )
  assert.equal(await problem(block('CERTIFICATE')), `${prefix}x509: malformed certificate`)
  const added = await sign({ conditions: [{ type: 'Approved', status: 'True' }] })
  assert.match(added.body.message, /updates may not add a condition of type "Approved"/)
  const answer = await sign({ certificate: chain })
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.status.certificate, chain)
  const again = await sign({ certificate: base64(authority.certificate) })
  assert.match(again.body.message, /updates may not modify existing certificate content/)
})

test('an ordinary update changes neither what was asked nor what was decided', async () => {
  const body = await requested('kept')
  const answer = await ask(writer, `PUT ${REQUESTS}/kept`, {
    ...body,
    metadata: { ...body.metadata, labels: { a: 'b' } },
    spec: { ...body.spec, usages: ['any'] },
    status: { conditions: [{ type: 'Approved', status: 'True' }] },
  })
  assert.equal(answer.status, 200, answer.text)
  assert.deepEqual(answer.body.spec, body.spec)
  assert.deepEqual(answer.body.status, {})
  assert.deepEqual(answer.body.metadata.labels, { a: 'b' })
})

test('the API server signs for no administrators beyond all rules', async () => {
  const organizations = ['dev', 'system:masters']
  const ofClients = { signerName: 'kubernetes.io/kube-apiserver-client' }
  const ask1 = (name: string, more: object) => ask(ann, `POST ${REQUESTS}`, request(name, more))
  const masters = { request: encodedRequest({ organizations }) }
  const refused = await ask1('masters', { ...masters, ...ofClients })
  assert.equal(refused.status, 403)
  assert.equal(
    refused.body.message,
    'certificatesigningrequests.certificates.k8s.io "masters" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
  )
  assert.equal((await ask1('masters', masters)).status, 201, 'other signers decide for themselves')
  assert.equal((await ask1('clients', ofClients)).status, 201)
})

const bundle = (name: string, trustBundle: string, signer?: string) => ({
  metadata: { name },
  spec: { trustBundle, ...(signer ? { signerName: signer } : {}) },
})

test('a bundle holds certificates of authorities, each once', async () => {
  const problems = async (text: string) =>
    (await ask(admin, `POST ${BUNDLES}`, bundle('bad', text))).body.details.causes.map(
      ({ message }: { message: string }) =>
        message.replace('Invalid value: "<value omitted>": ', ''),
    )
  const ca = authority.certificate
  assert.deepEqual(await problems(''), ['at least one trust anchor must be provided'])
  assert.deepEqual(
    await problems(ca + issueAuthority('b', validity, systemRandom).certificate + ca),
    ['duplicate trust anchor (indices [0 2])'],
  )
  const block = (label: string, body: string) =>
    `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
  const text = `${block('KEY', 'AAAA')}${block('CERTIFICATE', 'a: b\n\nAAAA')}${block('CERTIFICATE', 'AAAA')}`
  assert.deepEqual(await problems(text + leaf.certificate), [
    'entry 0 has bad block type: KEY',
    'entry 1 has PEM block headers',
    'entry 2 does not parse as X.509',
    'entry 3 does not have the CA bit set',
  ])
  assert.deepEqual(await problems('x'.repeat(1024 * 1024 + 1)), [
    'Too long: may not be more than 1048576 bytes',
  ])
  const answer = await ask(admin, `POST ${BUNDLES}`, bundle('roots', ca))
  assert.equal(answer.status, 201, answer.text)
  const alpha = (await ask(admin, `GET ${ROOT}/v1alpha1/clustertrustbundles/roots`)).body
  assert.equal(alpha.apiVersion, 'certificates.k8s.io/v1alpha1')
  assert.deepEqual(alpha.spec, { trustBundle: ca })
})

test('who writes a bundle of a signer may attest for it', async () => {
  const write = () =>
    ask(
      writer,
      `POST ${BUNDLES}`,
      bundle('example.com:serving:a', authority.certificate, signerName),
    )
  await allow({ verb: 'sign', name: signerName })
  const refused = await write()
  assert.equal(refused.status, 403)
  assert.match(
    refused.body.message,
    /user not permitted to attest for signerName "example.com\/serving"$/,
  )
  await allow({ verb: 'attest', name: signerName })
  assert.equal((await write()).status, 201)
  await allow()
  const patch = (body: object) => ask(writer, `PATCH ${BUNDLES}/example.com:serving:a`, body)
  assert.equal((await patch({ metadata: { labels: { a: 'b' } } })).status, 200)
  const other = issueAuthority('other', validity, systemRandom).certificate
  assert.equal((await patch({ spec: { trustBundle: other } })).status, 403)
})

test('nobody owns the spec of a request, which nobody may change', async () => {
  const { metadata, spec } = await requested('unowned')
  assert.equal(spec.signerName, signerName)
  assert.doesNotMatch(JSON.stringify(metadata.managedFields ?? []), /f:spec/)
})
