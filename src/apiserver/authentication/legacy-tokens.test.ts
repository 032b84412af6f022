import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Secret } from '#api/core/v1/secret.ts'
import { isStatus } from '#api/machinery/status.ts'
import { newPrivateKey } from '#base/pki/certificate.ts'
import { signingKeyOf, signToken } from './jwt.ts'
import { legacyTokens } from './legacy-tokens.ts'

const key = signingKeyOf(newPrivateKey())
const PREFIX = 'kubernetes.io/serviceaccount/'
const claims = {
  iss: 'kubernetes/serviceaccount',
  [`${PREFIX}namespace`]: 'shop',
  [`${PREFIX}secret.name`]: 'token',
  [`${PREFIX}service-account.name`]: 'cart',
  [`${PREFIX}service-account.uid`]: 'uid-1',
  sub: 'system:serviceaccount:shop:cart',
}

interface Setting {
  readonly claims?: object
  readonly secret?: object
  /** What the Secret holds instead of the token. */
  readonly held?: string
  readonly account?: object | undefined
  readonly keys?: (typeof key)[]
  readonly audiences?: string[]
}

async function verify(setting: Setting = {}) {
  const token = signToken({ ...claims, ...setting.claims }, key)
  const used: string[] = []
  const held = Buffer.from(setting.held ?? token).toString('base64')
  const secret = { metadata: { name: 'token' }, data: { token: held }, ...setting.secret }
  const account = 'account' in setting ? setting.account : { metadata: { uid: 'uid-1' } }
  const verifier = legacyTokens({
    keys: setting.keys ?? [key],
    audiences: ['api'],
    world: {
      secret: (namespace, name) =>
        namespace === 'shop' && name === 'token' ? (secret as unknown as Secret) : undefined,
      serviceAccount: (namespace, name) =>
        namespace === 'shop' && name === 'cart' ? (account as never) : undefined,
    },
    used: ({ metadata }) => used.push(metadata.name ?? ''),
  })
  const verified = await verifier.verify(token, setting.audiences).catch((error: unknown) => {
    assert.ok(isStatus(error, 'Unauthorized'))
    return 'unauthorized' as const
  })
  return { verified, used }
}

test('a token that its Secret holds is its account', async () => {
  const { verified, used } = await verify()
  assert.ok(verified && verified !== 'unauthorized')
  assert.deepEqual(
    [verified.user.name, verified.user.uid, verified.audiences],
    ['system:serviceaccount:shop:cart', 'uid-1', ['api']],
  )
  assert.deepEqual(used, ['token'])
})

test('tokens of other issuers are for others to judge', async () => {
  const { verified } = await verify({ claims: { iss: 'https://other.example' } })
  assert.equal(verified, undefined)
})

const deletionTimestamp = '2026-01-01T00:00:00Z'
const refused: Record<string, Setting> = {
  'signed by another key': { keys: [signingKeyOf(newPrivateKey())] },
  'the Secret holds another': { held: 'other' },
  'the Secret is going': { secret: { metadata: { name: 'token', deletionTimestamp } } },
  'the account is gone': { account: undefined },
  'the account is going': { account: { metadata: { uid: 'uid-1', deletionTimestamp } } },
  'the account is another one of that name': { account: { metadata: { uid: 'uid-2' } } },
  'for another audience': { audiences: ['vault'] },
}
for (const [name, setting] of Object.entries(refused))
  test(`refused: ${name}`, async () => {
    const { verified, used } = await verify(setting)
    assert.equal(verified, 'unauthorized')
    assert.deepEqual(used, [])
  })

test('the use of a token that is marked as invalid is refused, and noted', async () => {
  const labels = { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' }
  const { verified, used } = await verify({ secret: { metadata: { name: 'token', labels } } })
  assert.equal(verified, 'unauthorized')
  assert.deepEqual(used, ['token'])
})

test('no claim can be another one, or of another type', async () => {
  const names = Object.keys(claims).filter(name => name !== 'iss')
  const values = fc.oneof(fc.string(), fc.constant(undefined), fc.integer(), fc.constant({}))
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), values, async (name, value) => {
      fc.pre(value !== claims[name as keyof typeof claims])
      assert.equal((await verify({ claims: { [name]: value } })).verified, 'unauthorized')
    }),
  )
})
