/** Requests of pods for certificates: keys that are shown, and certificates that are issued for them. */
import assert from 'node:assert/strict'
import { constants, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { before, test } from 'node:test'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { requestDer } from '#base/pki/testing.ts'
import { systemRandom } from '#host/random.ts'
import { userOf } from '../authorization/testing.ts'
import { admin, answerOf, startTestServer, type TestServer } from '../testing.ts'

const REQUESTS = '/apis/certificates.k8s.io/v1beta1/namespaces/default/podcertificaterequests'
const MINUTE = 60_000
const keys = {
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  k256: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey,
  ed25519: generateKeyPairSync('ed25519').privateKey,
  rsa2048: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  rsa3072: generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey,
}
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const publicOf = (key: KeyObject) =>
  base64(createPublicKey(key).export({ type: 'spki', format: 'der' }))
const stubOf = (key: KeyObject) => ({ stubPKCS10Request: base64(requestDer({ key })) })
const owners = {
  signerName: 'example.com/workload',
  podName: 'web',
  podUID: 'u1',
  serviceAccountName: 'default',
  serviceAccountUID: 'u2',
  nodeName: 'n1',
  nodeUID: 'u3',
}

let started: TestServer
before(async () => {
  started = await startTestServer()
})

let count = 0
async function ask(spec: object) {
  const metadata = { name: `r${count++}` }
  return started.ask('POST', REQUESTS, { metadata, spec: { ...owners, ...spec } })
}
async function problemsOf(spec: object): Promise<string[]> {
  const { status, body } = await ask(spec)
  if (status === 201) return []
  return body.details.causes.map(
    ({ field, message }: { field: string; message: string }) => `${field}: ${message}`,
  )
}

test('a request shows its key by a signed stub', async () => {
  for (const key of [keys.p256, keys.ed25519, keys.rsa3072])
    assert.deepEqual(await problemsOf(stubOf(key)), [])
  const at = 'spec.stubPKCS10Request: Invalid value:'
  assert.deepEqual(await problemsOf({ stubPKCS10Request: 'AAAA' }), [
    `${at} must be a valid PKCS#10 CSR`,
  ])
  const forged = base64(requestDer({ key: keys.p256, signed: Buffer.from('x') }))
  assert.deepEqual(await problemsOf({ stubPKCS10Request: forged }), [
    `${at} could not verify the signature of the CSR`,
  ])
  assert.deepEqual(await problemsOf(stubOf(keys.k256)), [
    `${at} "curve secp256k1": elliptic public keys must use curve P256 or P384`,
  ])
  assert.deepEqual(await problemsOf(stubOf(keys.rsa2048)), [
    `${at} "2048-bit modulus": RSA keys must have modulus size 3072 or 4096`,
  ])
  assert.deepEqual(await problemsOf({ stubPKCS10Request: base64(Buffer.alloc(10 * 1024 + 1)) }), [
    'spec.stubPKCS10Request: Too long: may not be more than 10240 bytes',
  ])
})

test('or by the key itself, with the UID of the pod signed', async () => {
  const padding = constants.RSA_PKCS1_PSS_PADDING
  const proofs: [KeyObject, Buffer][] = [
    [keys.p256, sign('sha256', Buffer.from('u1'), keys.p256)],
    [keys.ed25519, sign(undefined, Buffer.from('u1'), keys.ed25519)],
    [keys.rsa3072, sign('sha256', Buffer.from('u1'), { key: keys.rsa3072, padding })],
  ]
  for (const [key, proof] of proofs) {
    const shown = { pkixPublicKey: publicOf(key), proofOfPossession: base64(proof) }
    assert.deepEqual(await problemsOf(shown), [])
    assert.deepEqual(await problemsOf({ ...shown, podUID: 'other' }), [
      'spec.proofOfPossession: Invalid value: could not verify proof-of-possession signature',
    ])
    assert.match(
      (await problemsOf({ ...shown, ...stubOf(key) }))[0] ?? '',
      /^spec: .*exactly one of/,
    )
  }
  assert.deepEqual(await problemsOf({ pkixPublicKey: 'AAAA', proofOfPossession: 'AAAA' }), [
    'spec.pkixPublicKey: Invalid value: "AAAA": must be a valid PKIX-serialized public key',
  ])
  assert.match((await problemsOf({}))[0] ?? '', /^spec: Invalid value: exactly one of/)
})

const authority = issueAuthority('root', validity(24 * 60), systemRandom)
/** From now, as whole seconds and the server's clock see it. */
function validity(minutes: number, from = Date.parse('2026-05-01T12:00:00Z')) {
  return { notBefore: from, notAfter: from + minutes * MINUTE }
}
const utc = (at: number) => new Date(at).toISOString().replace('.000', '')

interface Issue {
  readonly key?: KeyObject
  readonly minutes?: number
  readonly from?: number
  readonly names?: readonly string[]
  readonly status?: object
  readonly chain?: (leaf: string) => string
}

/** Asks for a certificate of the P-256 key, and issues one: what the server says to that. */
async function issue(options: Issue = {}) {
  const { key = keys.p256, minutes = 120, names = ['web'], chain = leaf => leaf } = options
  const asked = (await ask({ ...stubOf(keys.p256), maxExpirationSeconds: 7200 })).body
  const valid = validity(minutes, options.from)
  const pem = key.export({ type: 'pkcs8', format: 'pem' }) as string
  const leaf = issueLeaf(
    { subject: { commonName: 'web' }, usages: ['client'], names, validity: valid, key: pem },
    authority,
    systemRandom,
  ).certificate
  const lastTransitionTime = utc(valid.notBefore)
  const answer = await started.ask('PUT', `${REQUESTS}/${asked.metadata.name}/status`, {
    ...asked,
    status: {
      conditions: [
        { type: 'Issued', status: 'True', reason: 'Issued', message: '', lastTransitionTime },
      ],
      certificateChain: chain(leaf),
      notBefore: utc(valid.notBefore),
      notAfter: utc(valid.notAfter),
      beginRefreshAt: utc(valid.notBefore + 60 * MINUTE),
      ...options.status,
    },
  })
  const causes: { field: string; message: string }[] = answer.body.details?.causes ?? []
  return causes.map(
    ({ field, message }) => `${field}: ${message.replace(/Invalid value: ("(\\.|[^"])*": )?/, '')}`,
  )
}

test('a certificate is issued to the key that was shown, for the time that was asked for', async () => {
  assert.deepEqual(await issue(), [])
  assert.deepEqual(await issue({ chain: leaf => leaf + authority.certificate }), [])
  const chain = 'status.certificateChain:'
  assert.deepEqual(await issue({ key: keys.rsa3072 }), [
    `${chain} leaf certificate was not issued to the requested public key`,
  ])
  assert.deepEqual(await issue({ minutes: 59, status: {} }), [
    `${chain} leaf certificate lifetime must be >= 1 hour`,
  ])
  assert.deepEqual(await issue({ minutes: 121 }), [
    `${chain} leaf certificate lifetime must be <= spec.maxExpirationSeconds (7200)`,
  ])
  assert.deepEqual(await issue({ names: ['a..b', '.c'] }), [
    `${chain} leaf certificate's DNSName should not contain '..'`,
    `${chain} leaf certificate's DNSName should not start or end with '.'`,
  ])
})

test('a chain is made of certificates', async () => {
  const chain = 'status.certificateChain:'
  const block = (label: string) => `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`
  const problem = (text: (leaf: string) => string) => issue({ chain: text })
  assert.deepEqual(await problem(() => ''), [
    `${chain} issued certificate chain must contain at least one certificate`,
  ])
  assert.deepEqual(await problem(leaf => leaf + block('KEY')), [
    `${chain} issued certificate chain must consist entirely of CERTIFICATE PEM blocks`,
  ])
  assert.deepEqual(await problem(() => block('CERTIFICATE')), [
    `${chain} leaf certificate does not parse as valid X.509`,
  ])
  assert.deepEqual(await problem(leaf => leaf + block('CERTIFICATE')), [
    `${chain} intermediate certificate does not parse as valid X.509`,
  ])
  assert.deepEqual(await problem(() => 'x'.repeat(100 * 1024 + 1)), [
    `${chain} Too long: may not be more than 102400 bytes`,
  ])
})

test('the times are those of the certificate', async () => {
  const start = Date.parse('2026-05-01T12:00:00Z')
  assert.equal(
    (await issue({ status: { notBefore: null, notAfter: null, beginRefreshAt: null } })).length,
    3,
  )
  assert.deepEqual(await issue({ status: { notBefore: utc(start + MINUTE) } }), [
    'status.notBefore: must be set to the NotBefore time encoded in the leaf certificate',
  ])
  assert.deepEqual(await issue({ from: start - 6 * MINUTE }), [
    "status.notBefore: must be set to within 5 minutes of kube-apiserver's current time",
  ])
  assert.deepEqual(await issue({ status: { notAfter: utc(start) } }), [
    'status.notAfter: must be set to the NotAfter time encoded in the leaf certificate',
  ])
  assert.deepEqual(await issue({ status: { beginRefreshAt: utc(start + 9 * MINUTE) } }), [
    'status.beginRefreshAt: must be at least 10 minutes after status.notBefore',
  ])
  assert.deepEqual(await issue({ status: { beginRefreshAt: utc(start + 111 * MINUTE) } }), [
    'status.beginRefreshAt: must be at least 10 minutes before status.notAfter',
  ])
})

test('who answers may sign for the signer', async () => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  await started.ask('POST', `${rbac}/clusterroles`, {
    metadata: { name: 'answerer' },
    rules: [
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['podcertificaterequests/status'],
        verbs: ['update'],
      },
    ],
  })
  await started.ask('POST', `${rbac}/clusterrolebindings`, {
    metadata: { name: 'answerer' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'answerer' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'eve' }],
  })
  const { body } = await ask(stubOf(keys.p256))
  const denied = {
    type: 'Denied',
    status: 'True',
    reason: 'No',
    message: '',
    lastTransitionTime: '2026-05-01T12:00:00Z',
  }
  const deny = async (user: typeof admin) =>
    answerOf(
      await started.server.handle(
        {
          method: 'PUT',
          path: `${REQUESTS}/${body.metadata.name}/status`,
          headers: { 'content-type': 'application/json' },
          body: Buffer.from(JSON.stringify({ ...body, status: { conditions: [denied] } })),
        },
        { user },
      ),
    )
  const refused = await deny(userOf('eve', 'system:authenticated'))
  assert.equal(refused.status, 422)
  assert.match(
    refused.body.message,
    /spec.signerName: Forbidden: User "eve" is not permitted to "sign" for signer "example.com\/workload"$/,
  )
  assert.equal((await deny(admin)).status, 200)
})
