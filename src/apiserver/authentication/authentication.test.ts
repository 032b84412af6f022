import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import { issueAuthority, issueLeaf, type LeafRequest } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import { authentication } from './authentication.ts'
import type { Peer } from './authenticator.ts'
import { bearerTokenAuthenticator, bearerTokenOf, staticTokens } from './bearer-tokens.ts'
import { clientCertificateAuthenticator } from './client-certificates.ts'

let now = Date.parse('2026-05-01T00:00:00Z')
const clock = { now: () => now, monotonicMs: () => now, after: () => () => {} }
const HOUR_MS = 3_600_000
const validity = { notBefore: now - HOUR_MS, notAfter: now + 24 * HOUR_MS }
const authority = issueAuthority('clients', validity, systemRandom)
const frontProxy = issueAuthority('front-proxy-ca', validity, systemRandom)

const verifier = staticTokens(
  [{ token: 'sesame', user: { name: 'ali', groups: ['system:masters'] } }],
  { audiences: ['api'] },
)
const whole = (anonymous?: boolean) =>
  authentication({
    authenticators: [
      clientCertificateAuthenticator({ authorities: [authority.certificate], clock }),
      bearerTokenAuthenticator([verifier]),
    ],
    ...(anonymous === undefined ? {} : { anonymous }),
  })
const peerWith = (leaf: Partial<LeafRequest>, by = authority): Peer => {
  const { certificate } = issueLeaf(
    { subject: { commonName: 'eve' }, usages: ['client'], validity, ...leaf },
    by,
    systemRandom,
  )
  return { certificate: new X509Certificate(certificate).raw }
}
const get = (headers: Record<string, string> = {}) =>
  ({ method: 'GET', path: '/api', headers }) as const
const bearer = (token: string) => get({ authorization: `Bearer ${token}` })
const unauthorized = (error: unknown) => isStatus(error, 'Unauthorized') && error.code === 401

test('a certificate names its user and groups, and is authenticated', async () => {
  const peer = peerWith({ subject: { commonName: 'kubernetes-admin', organizations: ['a', 'b'] } })
  const user = await whole().authenticate(get(), peer)
  assert.equal(user.name, 'kubernetes-admin')
  assert.deepEqual([...user.groups].sort(), ['a', 'b', 'system:authenticated'])
  assert.match(
    user.extra?.['authentication.kubernetes.io/credential-id']?.[0] ?? '',
    /^X509SHA256=[0-9a-f]{64}$/,
  )
})

test('certificates of other authorities, of the front proxy, for serving, or self-made are refused', async () => {
  const foreign = issueAuthority('clients', validity, systemRandom)
  const bad: Peer[] = [
    peerWith({}, foreign), // the same name, another key
    peerWith({}, frontProxy),
    peerWith({ usages: ['server'] }),
    { certificate: new X509Certificate(foreign.certificate).raw },
    { certificate: Buffer.from('not a certificate') },
  ]
  for (const peer of bad) {
    await assert.rejects(whole().authenticate(get(), peer), unauthorized)
    // Nor does X-Remote-User from there make a user.
    const asProxy = get({ 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' })
    await assert.rejects(whole().authenticate(asProxy, peer), unauthorized)
  }
})

test('a leaf cannot sign for others', async () => {
  const leaf = issueLeaf(
    { subject: { commonName: 'mallory' }, usages: ['client'], validity },
    authority,
    systemRandom,
  )
  await assert.rejects(whole().authenticate(get(), peerWith({}, leaf)), unauthorized)
})

test('dates are looked at in every request of a connection', async () => {
  const all = whole()
  const peer = peerWith({ validity: { notBefore: now - 1000, notAfter: now + HOUR_MS } })
  assert.equal((await all.authenticate(get(), peer)).name, 'eve')
  const before = now
  now += 2 * HOUR_MS
  await assert.rejects(all.authenticate(get(), peer), unauthorized)
  now = before
  const early = peerWith({ validity: { notBefore: now + HOUR_MS, notAfter: now + 2 * HOUR_MS } })
  await assert.rejects(all.authenticate(get(), early), unauthorized)
})

test('a wrong credential never becomes anonymous, but another good one counts', async () => {
  await assert.rejects(whole().authenticate(bearer('wrong'), {}), unauthorized)
  await assert.rejects(whole().authenticate(bearer('a.b.c'), {}), unauthorized)
  const badCertificate = peerWith({}, frontProxy)
  assert.equal((await whole().authenticate(bearer('sesame'), badCertificate)).name, 'ali')
})

test('without credentials one is anonymous, or nobody', async () => {
  const user = await whole().authenticate(get(), {})
  assert.deepEqual(user, { name: 'system:anonymous', groups: ['system:unauthenticated'] })
  await assert.rejects(whole(false).authenticate(get(), {}), unauthorized)
  // Odd headers are no credentials.
  for (const authorization of [
    'Basic YTpi',
    'Bearer',
    'Bearer ',
    'Bearer  sesame',
    'Bearer\tsesame',
    '',
  ])
    assert.equal((await whole().authenticate(get({ authorization }), {})).name, 'system:anonymous')
})

test('names of object properties are names like any other', async () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const subject = { commonName: name, organizations: ['__proto__'] }
    const user = await whole().authenticate(get(), peerWith({ subject }))
    assert.equal(user.name, name)
    assert.deepEqual([...user.groups], ['__proto__', 'system:authenticated'])
  }
})

test('an in-process caller is who it is, and headers change nothing', async () => {
  const user = { name: 'system:kube-scheduler', groups: ['system:authenticated'] }
  assert.equal(await whole().authenticate(bearer('sesame'), { user }), user)
})

test('a browser may send its token in the protocols of a web socket, beside a real one', () => {
  const token = `base64url.bearer.authorization.k8s.io.${Buffer.from('sesame').toString('base64url')}`
  const of = (protocols: string, upgrade = 'websocket') =>
    bearerTokenOf(get({ upgrade, 'sec-websocket-protocol': protocols }))
  assert.equal(of(`v5.channel.k8s.io, ${token}`), 'sesame')
  assert.equal(of(token), undefined)
  assert.equal(of(`a, ${token}, ${token}`), undefined)
  // What is no web socket has other ways to say it.
  assert.equal(of(`a, ${token}`, 'h2c'), undefined)
  assert.equal(bearerTokenOf(get({ 'sec-websocket-protocol': `a, ${token}` })), undefined)
})
