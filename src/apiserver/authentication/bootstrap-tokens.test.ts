import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Secret } from '#api/core/v1/secret.ts'
import { bootstrapTokens } from './bootstrap-tokens.ts'

const NOW = Date.parse('2026-05-01T12:00:00Z')
const clock = { now: () => NOW, monotonicMs: () => NOW, after: () => () => {} }
const good = {
  'token-id': 'abcdef',
  'token-secret': '0123456789abcdef',
  'usage-bootstrap-authentication': 'true',
}

function verify(
  data: Record<string, string>,
  {
    token = 'abcdef.0123456789abcdef',
    more = {},
    audiences = undefined as string[] | undefined,
  } = {},
) {
  const encoded = Object.entries(data).map(([key, text]) => [
    key,
    Buffer.from(text).toString('base64'),
  ])
  const secret = {
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(encoded),
    ...more,
  } as unknown as Secret
  const stored = (namespace: string, name: string) =>
    namespace === 'kube-system' && name === secret.metadata.name ? secret : undefined
  return bootstrapTokens({ secret: stored, audiences: ['api'], clock }).verify(token, audiences)
}

test('a token says who comes in', async () => {
  assert.deepEqual(await verify(good), {
    user: { name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] },
    audiences: ['api'],
  })
  const groups = 'system:bootstrappers:kubeadm:default-node-token,system:bootstrappers:a'
  const found = await verify({ ...good, 'auth-extra-groups': groups })
  assert.deepEqual(found?.user.groups, [
    'system:bootstrappers',
    'system:bootstrappers:a',
    'system:bootstrappers:kubeadm:default-node-token',
  ])
  const again = await verify({ ...good, 'auth-extra-groups': `${groups},${groups}` })
  assert.deepEqual(again?.user.groups, found?.user.groups)
  assert.ok(await verify({ ...good, expiration: '2026-05-01T12:00:01Z' }))
})

const bad: Record<string, Parameters<typeof verify>> = {
  'another secret': [good, { token: 'abcdef.0123456789abcdeg' }],
  'another id': [good, { token: 'abcdeg.0123456789abcdef' }],
  'no such form': [good, { token: 'abcdef.0123456789ABCDEF' }],
  longer: [good, { token: 'abcdef.0123456789abcdef0' }],
  'not for signing in': [{ ...good, 'usage-bootstrap-authentication': 'TRUE' }],
  over: [{ ...good, expiration: '2026-05-01T12:00:00Z' }],
  'ends at no time': [{ ...good, expiration: 'soon' }],
  ...Object.fromEntries(
    [
      '2099',
      '2099-01-01',
      'Jan 1 2099',
      '2099-01-01T00:00Z',
      '2099-01-01T00:00:00',
      '2099-01-01T24:00:00Z',
    ].map(expiration => [`ends at ${expiration}`, [{ ...good, expiration }]]),
  ),
  'id within is another': [{ ...good, 'token-id': 'abcdeg' }],
  'of another type': [good, { more: { type: 'Opaque' } }],
  'being deleted': [
    good,
    { more: { metadata: { name: 'bootstrap-token-abcdef', deletionTimestamp: 'x' } } },
  ],
  'of a group of others': [{ ...good, 'auth-extra-groups': 'system:masters' }],
  'of a group of others, too': [
    { ...good, 'auth-extra-groups': 'system:bootstrappers:a,system:masters' },
  ],
  'for another audience': [good, { audiences: ['vault'] }],
}
for (const [name, [data, options]] of Object.entries(bad))
  test(`refused: ${name}`, async () => assert.equal(await verify(data, options), undefined))
