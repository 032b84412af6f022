import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import type { TokenRequest } from '#api/authentication/v1/token-request.ts'
import { isStatus, type StatusReason } from '#api/machinery/status.ts'
import { newPrivateKey } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import { jsonWebKeySet, openIdConfiguration } from './issuer-discovery.ts'
import { signingKeyOf, signToken, unverifiedClaims, verifiedClaims } from './jwt.ts'
import {
  type BoundObject,
  type BoundPod,
  DEFAULT_ISSUER,
  serviceAccountTokens,
} from './service-account-tokens.ts'
import { requestToken } from './token-request.ts'
import { reviewToken } from './token-review.ts'

const start = Date.parse('2026-05-01T12:00:00Z')
const key = signingKeyOf(newPrivateKey())

/** A little world whose objects the tests take away. */
function setUp() {
  const state = { now: start }
  const clock = { now: () => state.now, monotonicMs: () => state.now, after: () => () => {} }
  const objects = new Map<string, BoundPod>()
  const put = (path: string, uid: string, spec?: BoundPod['spec']) =>
    objects.set(path, { metadata: { uid }, ...(spec ? { spec } : {}) })
  put('sa/shop/cart', 'sa-1')
  put('pod/shop/cart-0', 'pod-1', { serviceAccountName: 'cart', nodeName: 'node-a' })
  put('secret/shop/old', 'secret-1')
  put('node/node-a', 'node-1')
  const at = (path: string): BoundObject | undefined => objects.get(path)
  const world = {
    serviceAccount: (namespace: string, name: string) => at(`sa/${namespace}/${name}`),
    pod: (namespace: string, name: string) => objects.get(`pod/${namespace}/${name}`),
    secret: (namespace: string, name: string) => at(`secret/${namespace}/${name}`),
    node: (name: string) => at(`node/${name}`),
  }
  const tokens = serviceAccountTokens({ keys: [key], clock, random: systemRandom, world })
  const subject = { namespace: 'shop', name: 'cart', uid: 'sa-1' }
  const ask = async (spec: Partial<TokenRequest['spec']> = {}) =>
    requestToken(tokenRequest(spec), subject, { tokens, world, clock })
  return { state, objects, put, world, tokens, ask, clock }
}

function tokenRequest(spec: Partial<TokenRequest['spec']>): TokenRequest {
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { audiences: [], ...spec },
    status: { token: '', expirationTimestamp: '' },
  }
}

const podReference = { kind: 'Pod', apiVersion: 'v1', name: 'cart-0', uid: 'pod-1' }
const refusedWith = (reason: StatusReason, text: RegExp) => (error: unknown) =>
  isStatus(error, reason) && text.test(error.message)
const unauthorized = (error: unknown) => isStatus(error, 'Unauthorized')

test('a token for a pod of a node that is not there names that node', async () => {
  const { ask, tokens, objects } = setUp()
  objects.delete('node/node-a')
  const { token } = (await ask({ boundObjectRef: podReference })).status
  const own = unverifiedClaims(token)?.['kubernetes.io'] as { readonly node?: unknown }
  assert.deepEqual(own.node, { name: 'node-a' })
  const { extra = {} } = (await tokens.verify(token))?.user ?? {}
  assert.deepEqual(extra['authentication.kubernetes.io/node-name'], ['node-a'])
  assert.ok(!('authentication.kubernetes.io/node-uid' in extra))
})

test('of a version that a bound object has only the group counts', async () => {
  const { ask } = setUp()
  for (const apiVersion of ['', 'v2', '/v1', 'a/b/c'])
    assert.ok((await ask({ boundObjectRef: { ...podReference, apiVersion } })).status.token)
  const refused = refusedWith(
    'BadRequest',
    /^cannot bind token to object of type apps\/v1, Kind=Pod$/,
  )
  await assert.rejects(ask({ boundObjectRef: { ...podReference, apiVersion: 'apps/v1' } }), refused)
  const nameless = refusedWith('BadRequest', /^Name parameter required\.$/)
  await assert.rejects(ask({ boundObjectRef: { ...podReference, name: '' } }), nameless)
})

test('whoever reviews a token is told why it is not good', async () => {
  const { ask, tokens, objects, put } = setUp()
  const { token } = (await ask({ boundObjectRef: podReference })).status
  const why = async (audiences: string[] = []) => {
    const spec = { token, audiences }
    const review = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      metadata: {},
      spec,
    }
    return (await reviewToken(review as never, [tokens])).status?.error
  }
  assert.equal(
    await why(['a', 'b']),
    `[invalid bearer token, token audiences ["${DEFAULT_ISSUER}"] is invalid for the target audiences ["a" "b"]]`,
  )
  objects.delete('pod/shop/cart-0')
  assert.equal(await why(), '[invalid bearer token, service account token has been invalidated]')
  put('sa/shop/cart', 'sa-2')
  assert.match((await why()) ?? '', /service account UID \(sa-2\) does not match claim \(sa-1\)/)
  objects.delete('sa/shop/cart')
  assert.equal(await why(), '[invalid bearer token, serviceaccounts "cart" not found]')
})

test('a bound token says all that upstream says, and verifies as its account', async () => {
  const { ask, tokens } = setUp()
  const answer = await ask({ boundObjectRef: podReference })
  assert.equal(answer.status.expirationTimestamp, '2026-05-01T13:00:00Z')
  assert.deepEqual(answer.spec.audiences, [DEFAULT_ISSUER])
  const claims = unverifiedClaims(answer.status.token) as Record<string, unknown>
  const { jti, ...rest } = claims
  assert.match(String(jti), /^[0-9a-f-]{36}$/)
  assert.deepEqual(rest, {
    aud: [DEFAULT_ISSUER],
    exp: start / 1000 + 3600,
    iat: start / 1000,
    iss: DEFAULT_ISSUER,
    'kubernetes.io': {
      namespace: 'shop',
      node: { name: 'node-a', uid: 'node-1' },
      pod: { name: 'cart-0', uid: 'pod-1' },
      serviceaccount: { name: 'cart', uid: 'sa-1' },
    },
    nbf: start / 1000,
    sub: 'system:serviceaccount:shop:cart',
  })
  const verified = await tokens.verify(answer.status.token)
  assert.deepEqual(verified?.user, {
    name: 'system:serviceaccount:shop:cart',
    uid: 'sa-1',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
    extra: {
      'authentication.kubernetes.io/credential-id': [`JTI=${jti}`],
      'authentication.kubernetes.io/node-name': ['node-a'],
      'authentication.kubernetes.io/node-uid': ['node-1'],
      'authentication.kubernetes.io/pod-name': ['cart-0'],
      'authentication.kubernetes.io/pod-uid': ['pod-1'],
    },
  })
})

test('a token gives the same user each time, while what it is bound to is looked for anew', async () => {
  const { ask, objects, tokens } = setUp()
  const { token } = (await ask()).status
  const first = await tokens.verify(token)
  assert.ok(first)
  assert.equal((await tokens.verify(token))?.user, first.user)
  assert.notEqual((await tokens.verify((await ask()).status.token))?.user, first.user)
  objects.delete('sa/shop/cart')
  await assert.rejects(tokens.verify(token), unauthorized)
})

test('a key of RSA, as kubeadm makes them, signs and is published', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const rsa = signingKeyOf(pem)
  const token = signToken({ iss: 'me', sub: 'x' }, rsa)
  const keySet = createLocalJWKSet(
    jsonWebKeySet([key, rsa]) as Parameters<typeof createLocalJWKSet>[0],
  )
  const { protectedHeader, payload } = await jwtVerify(token, keySet)
  assert.equal(protectedHeader.alg, 'RS256')
  assert.equal(payload.sub, 'x')
  assert.deepEqual(verifiedClaims(token, [key, rsa]), { iss: 'me', sub: 'x' })
  assert.equal(verifiedClaims(token, [key]), undefined)
  // One key is good for one algorithm, whatever the token says of itself.
  const [, body = '', signature = ''] = token.split('.')
  const head = Buffer.from(JSON.stringify({ alg: 'ES256', kid: rsa.id })).toString('base64url')
  assert.equal(verifiedClaims(`${head}.${body}.${signature}`, [rsa]), undefined)
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  assert.throws(
    () => signingKeyOf(short.export({ type: 'pkcs8', format: 'pem' }).toString()),
    /2048 bits or more/,
  )
})

test('another library verifies our tokens with the published keys', async () => {
  const { ask } = setUp()
  const { token } = (await ask()).status
  const keySet = createLocalJWKSet(jsonWebKeySet([key]) as Parameters<typeof createLocalJWKSet>[0])
  const { payload } = await jwtVerify(token, keySet, {
    issuer: DEFAULT_ISSUER,
    audience: DEFAULT_ISSUER,
    currentDate: new Date(start),
  })
  assert.equal(payload.sub, 'system:serviceaccount:shop:cart')
  const configuration = openIdConfiguration(DEFAULT_ISSUER, 'https://x/openid/v1/jwks', [key])
  assert.deepEqual(configuration.id_token_signing_alg_values_supported, ['ES256'])
  assert.equal('d' in (jsonWebKeySet([key]).keys[0] ?? {}), false)
})

test('a token ends with what it is bound to', async () => {
  const bound = { ...podReference }
  const cases: [string, Partial<TokenRequest['spec']>][] = [
    ['sa/shop/cart', {}],
    ['pod/shop/cart-0', { boundObjectRef: bound }],
    ['secret/shop/old', { boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 'old' } }],
    ['node/node-a', { boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'node-a' } }],
  ]
  for (const [path, spec] of cases) {
    const { ask, tokens, objects, put, state } = setUp()
    const { token } = (await ask(spec)).status
    assert.ok(await tokens.verify(token), path)
    put(path, 'another')
    await assert.rejects(tokens.verify(token), unauthorized, `${path} of another uid`)
    objects.delete(path)
    await assert.rejects(tokens.verify(token), unauthorized, `${path} gone`)
    // While it is being deleted the token is good a little longer.
    const { ask: askAgain, tokens: again, objects: others, state: time } = setUp()
    const { token: second } = (await askAgain(spec)).status
    const object = others.get(path) as BoundPod
    const deletionTimestamp = new Date(time.now).toISOString()
    others.set(path, { ...object, metadata: { ...object.metadata, deletionTimestamp } })
    time.now += 59_000
    assert.ok(await again.verify(second), `${path} going`)
    time.now += 2_000
    await assert.rejects(again.verify(second), unauthorized, `${path} long going`)
    assert.equal(state.now, start)
  }
})

test('time and audience are kept', async () => {
  const { ask, tokens, state } = setUp()
  const { token } = (await ask({ expirationSeconds: 600 })).status
  const { token: elsewhere } = (await ask({ audiences: ['vault', 'db'] })).status
  await assert.rejects(tokens.verify(elsewhere), unauthorized)
  assert.deepEqual((await tokens.verify(elsewhere, ['db', 'x']))?.audiences, ['db'])
  state.now = start + 599_000
  assert.ok(await tokens.verify(token))
  state.now = start + 600_000
  await assert.rejects(tokens.verify(token), unauthorized)
  state.now = start - 30_000
  assert.ok(await tokens.verify(token), 'clocks differ')
  state.now = start - 120_000
  await assert.rejects(tokens.verify(token), unauthorized)
})

test('only our key and our algorithm count', async () => {
  const { ask, tokens } = setUp()
  const { token } = (await ask()).status
  const claims = unverifiedClaims(token) ?? {}
  const [head = '', body = '', signature = ''] = token.split('.')
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const publicPem = createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' })
  const foreign = signingKeyOf(newPrivateKey())
  const signedAs = (header: string) => {
    const text = Buffer.from(`${header}.${body}`)
    const bytes = sign('sha256', text, { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
    return `${text}.${bytes.toString('base64url')}`
  }
  assert.ok(await tokens.verify(signedAs(head)), 'the forger can sign')
  const forged = [
    signToken(claims, foreign),
    signToken(claims, { ...foreign, id: key.id }),
    `${part({ alg: 'none' })}.${body}.`,
    `${part({ alg: 'none' })}.${body}.${signature}`,
    `${part({ alg: 'HS256', kid: key.id })}.${body}.${hmac(`${head}.${body}`, String(publicPem))}`,
    `${head}.${part({ ...claims, sub: 'system:serviceaccount:kube-system:x' })}.${signature}`,
    `${head}.${body}.${sign('sha256', Buffer.from(`${head}.${body}`), key.privateKey).toString('base64url')}`,
    signedAs(part({ alg: 'ES384', kid: key.id })),
    signedAs(part({ alg: 'ES256', kid: key.id, crit: ['b64'], b64: false })),
    `${token}.${signature}`,
    `${head}.${body}.`,
  ]
  for (const bad of forged) {
    const verdict = await tokens.verify(bad).catch(error => error)
    assert.ok(verdict === undefined || unauthorized(verdict), bad.slice(0, 40))
  }
  // Our signature under claims that are not ours to make.
  for (const change of [
    { sub: 'system:serviceaccount:shop:other' },
    { 'kubernetes.io': null },
    { 'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'cart', uid: '' } } },
    { exp: '9999999999' },
    { aud: undefined },
  ])
    await assert.rejects(tokens.verify(signToken({ ...claims, ...change }, key)), unauthorized)
  assert.equal(await tokens.verify(signToken({ ...claims, iss: 'https://other' }, key)), undefined)
})

/** The old trick: an HMAC whose secret is the public key. */
const hmac = (text: string, secret: string) =>
  createHmac('sha256', secret).update(text).digest('base64url')

test('token requests are checked', async () => {
  const { ask, put } = setUp()
  const wrong: [Partial<TokenRequest['spec']>, StatusReason, RegExp][] = [
    [{ expirationSeconds: 599 }, 'Invalid', /may not specify a duration less than 10 minutes/],
    [{ expirationSeconds: 2 ** 32 + 1 }, 'Invalid', /larger than 2\^32 seconds/],
    [
      { boundObjectRef: { ...podReference, uid: 'x' } },
      'Conflict',
      /cannot be fulfilled on Pod "cart-0": the UID in the bound object reference \(x\) does not match/,
    ],
    [{ boundObjectRef: { ...podReference, name: 'no' } }, 'NotFound', /pods "no" not found/],
    [
      { boundObjectRef: { ...podReference, kind: 'Job' } },
      'BadRequest',
      /object of type \/v1, Kind=Job/,
    ],
  ]
  for (const [spec, reason, text] of wrong)
    await assert.rejects(ask(spec), refusedWith(reason, text))
  put('pod/shop/cart-0', 'pod-1', { serviceAccountName: 'other' })
  await assert.rejects(
    ask({ boundObjectRef: podReference }),
    refusedWith('BadRequest', /pod running with different serviceaccount name/),
  )
})

test('the token that pods get by themselves outlives its hour, with a note when it should have been renewed', async () => {
  const { ask } = setUp()
  const answer = await ask({ boundObjectRef: podReference, expirationSeconds: 3607 })
  const claims = unverifiedClaims(answer.status.token) as Record<string, Record<string, number>>
  assert.equal(claims.exp, start / 1000 + 365 * 24 * 3600)
  assert.equal(claims['kubernetes.io']?.warnafter, start / 1000 + 3607)
  assert.equal(answer.status.expirationTimestamp, '2026-05-01T13:00:07Z')
  const elsewhere = await ask({
    boundObjectRef: podReference,
    expirationSeconds: 3607,
    audiences: ['x'],
  })
  assert.equal(unverifiedClaims(elsewhere.status.token)?.exp, start / 1000 + 3607)
})

test('a token review answers for good and bad tokens alike', async () => {
  const { ask, tokens } = setUp()
  const { token } = (await ask()).status
  const review = ({ token = '', ...spec }: { token?: string; audiences?: string[] }) =>
    reviewToken(
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        metadata: {},
        spec: { token, ...spec },
        status: { user: {} },
      },
      [tokens],
    )
  const good = await review({ token })
  assert.equal(good.status.authenticated, true)
  assert.equal(good.status.user.username, 'system:serviceaccount:shop:cart')
  assert.deepEqual(good.status.audiences, [DEFAULT_ISSUER])
  assert.deepEqual((await review({ token, audiences: ['x'] })).status, {
    user: {},
    error: `[invalid bearer token, token audiences ["${DEFAULT_ISSUER}"] is invalid for the target audiences ["x"]]`,
  })
  assert.deepEqual((await review({ token: 'x' })).status, {
    user: {},
    error: 'invalid bearer token',
  })
  await assert.rejects(review({}), refusedWith('BadRequest', /token is required/))
})
