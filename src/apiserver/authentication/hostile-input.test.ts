/** Whatever strangers send before they are known: an answer or a 401, quickly, and never anything else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isStatus } from '#api/machinery/status.ts'
import { newPrivateKey } from '#base/pki/certificate.ts'
import { cpuMs } from '#base/testing/cpu-time.ts'
import { systemRandom } from '#host/random.ts'
import { authentication } from './authentication.ts'
import { bearerTokenAuthenticator } from './bearer-tokens.ts'
import { clientCertificateAuthenticator } from './client-certificates.ts'
import { type Claims, signingKeyOf, signToken } from './jwt.ts'
import { DEFAULT_ISSUER, serviceAccountTokens } from './service-account-tokens.ts'

const now = Date.parse('2026-05-01T00:00:00Z')
const clock = { now: () => now, monotonicMs: () => now, after: () => () => {} }
const key = signingKeyOf(newPrivateKey())
const found = { metadata: { uid: 'u' } }
const tokens = serviceAccountTokens({
  keys: [key],
  clock,
  random: systemRandom,
  world: { serviceAccount: () => found, pod: () => found, secret: () => found, node: () => found },
})
const who = authentication({
  authenticators: [
    clientCertificateAuthenticator({ authorities: [], clock }),
    bearerTokenAuthenticator([tokens]),
  ],
})

async function refusedOrAnonymous(authorization: string, certificate?: Uint8Array) {
  const request = { method: 'GET', path: '/', headers: { authorization } } as const
  try {
    const user = await who.authenticate(request, certificate ? { certificate } : {})
    assert.equal(user.name, 'system:anonymous')
  } catch (error) {
    assert.ok(isStatus(error, 'Unauthorized'), String(error))
  }
}

test('any header, any certificate', async () => {
  const part = fc.oneof(
    fc.base64String(),
    fc.json().map(text => Buffer.from(text).toString('base64url')),
    fc.string(),
  )
  const header = fc.oneof(
    fc.string(),
    fc.array(part, { maxLength: 5 }).map(parts => `Bearer ${parts.join('.')}`),
  )
  await fc.assert(
    fc.asyncProperty(header, fc.option(fc.uint8Array(), { nil: undefined }), refusedOrAnonymous),
    { numRuns: 1000 },
  )
})

test('claims of any shape, even under our own signature, only ever name their service account', async () => {
  const value = fc.jsonValue({ maxDepth: 3 })
  const claims = fc.record({
    iss: fc.constant(DEFAULT_ISSUER),
    aud: fc.oneof(value, fc.constant([DEFAULT_ISSUER])),
    exp: fc.oneof(value, fc.constant(now / 1000 + 60)),
    nbf: fc.oneof(value, fc.constant(now / 1000)),
    iat: fc.oneof(value, fc.constant(now / 1000)),
    sub: fc.oneof(value, fc.constant('system:serviceaccount:a:b')),
    'kubernetes.io': fc.oneof(
      value,
      fc.record({
        namespace: fc.oneof(value, fc.constant('a')),
        serviceaccount: fc.oneof(value, fc.constant({ name: 'b', uid: 'u' })),
        pod: fc.oneof(value, fc.constant(undefined)),
      }),
    ),
  })
  await fc.assert(
    fc.asyncProperty(claims, async of => {
      try {
        const verified = await tokens.verify(signToken(of as Claims, key))
        assert.equal(verified?.user.name, 'system:serviceaccount:a:b')
      } catch (error) {
        assert.ok(isStatus(error, 'Unauthorized'), String(error))
      }
    }),
    { numRuns: 1000 },
  )
})

test('long nonsense is refused at once', async () => {
  const started = cpuMs()
  for (const text of [
    `Bearer ${'a'.repeat(3_000_000)}`,
    `Bearer ${'.'.repeat(1_000_000)}`,
    `Bearer ${' '.repeat(1_000_000)}`,
    `Bearer ${Buffer.from('['.repeat(100_000)).toString('base64url')}.a.a`,
    `Bearer a.${Buffer.from('['.repeat(10_000)).toString('base64url')}.a`,
  ])
    await refusedOrAnonymous(text)
  assert.ok(cpuMs() - started < 1000)
})
