import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import { silentLog } from '#base/log.ts'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { systemRandom } from '#host/random.ts'
import { createKubeletAccess } from './access.ts'

const clock = createManualClock()
const validity = { notBefore: clock.now() - 1000, notAfter: clock.now() + 86_400_000 }
const authority = issueAuthority('kubernetes', validity, systemRandom)

interface Asked {
  readonly spec: {
    readonly token?: string
    readonly user?: string
    readonly uid?: string
    readonly groups?: readonly string[]
    readonly resourceAttributes?: { readonly verb: string; readonly subresource: string }
  }
}

/** An API server that knows one token, whose owner may read metrics. */
function accessTo(state = { isAway: false }, clientAuthority = authority.certificate) {
  const asked: Asked['spec'][] = []
  const client = {
    async create(_: unknown, { spec }: Asked) {
      asked.push(spec)
      if (state.isAway) throw new Error('nobody listens')
      if (spec.token === undefined)
        return { status: { allowed: spec.resourceAttributes?.subresource === 'metrics' } }
      const user = { username: 'system:serviceaccount:a:b', uid: '7', groups: ['g'], extra: {} }
      return { status: spec.token === 'good' ? { authenticated: true, user } : {} }
    },
  } as never
  const log = silentLog
  const access = createKubeletAccess({
    nodeName: 'n1',
    clientAuthority,
    client,
    clock,
    log,
  })
  const ask = (path: string, token?: string, certificate?: Uint8Array) =>
    access({ method: 'GET', path, headers: token ? { authorization: `Bearer ${token}` } : {} }, {
      certificate,
    } as never).then(
      () => 'yes',
      error => (isStatus(error, 'Unauthorized', 'Forbidden') ? error.reason : String(error)),
    )
  return { ask, asked, state }
}

test('a token is reviewed once in two minutes, and its owner is judged as whom the API server says', async () => {
  const { ask, asked } = accessTo()
  assert.equal(await ask('/metrics', 'good'), 'yes')
  assert.equal(await ask('/logs/', 'good'), 'Forbidden')
  assert.equal(await ask('/metrics', 'good'), 'yes')
  assert.deepEqual(
    asked.map(({ token, user, uid, resourceAttributes }) =>
      token ? { token } : { user, uid, subresource: resourceAttributes?.subresource },
    ),
    [
      { token: 'good' },
      { user: 'system:serviceaccount:a:b', uid: '7', subresource: 'metrics' },
      { user: 'system:serviceaccount:a:b', uid: '7', subresource: 'log' },
    ],
  )
  await clock.advance(2 * 60_000)
  assert.equal(await ask('/metrics', 'good'), 'yes')
  assert.equal(asked.filter(({ token }) => token).length, 2)
})

test('without credentials, with an unknown token, or while tokens cannot be reviewed: nobody', async () => {
  const { ask, asked, state } = accessTo()
  assert.equal(await ask('/metrics'), 'Unauthorized')
  assert.equal(asked.length, 0)
  assert.equal(await ask('/metrics', 'bad'), 'Unauthorized')
  state.isAway = true
  assert.equal(await ask('/metrics', 'good'), 'Unauthorized')
  state.isAway = false
  assert.equal(await ask('/metrics', 'good'), 'yes', 'what could not be asked is not remembered')
})

test('a token that names the API server’s own client is no certificate of it', async () => {
  const name = 'kube-apiserver-kubelet-client'
  const leaf = { subject: { commonName: name }, usages: ['client'], names: [], validity } as const
  const { certificate } = issueLeaf(leaf, authority, systemRandom)
  const der = Buffer.from(certificate.replaceAll(/-----.*-----|\s/g, ''), 'base64')
  const { ask, asked } = accessTo()
  assert.equal(await ask('/logs/', undefined, der), 'yes')
  assert.equal(asked.length, 0)
  assert.equal(await ask('/logs/', 'good'), 'Forbidden')
})

test('while one authority takes the place of another, certificates of both are good', async () => {
  const next = issueAuthority('kubernetes', validity, systemRandom)
  const name = 'kube-apiserver-kubelet-client'
  const leaf = { subject: { commonName: name }, usages: ['client'], names: [], validity } as const
  const derOf = (by: typeof authority) =>
    Buffer.from(
      issueLeaf(leaf, by, systemRandom).certificate.replaceAll(/-----.*-----|\s/g, ''),
      'base64',
    )
  const { ask } = accessTo({ isAway: false }, authority.certificate + next.certificate)
  assert.equal(await ask('/logs/', undefined, derOf(authority)), 'yes')
  assert.equal(await ask('/logs/', undefined, derOf(next)), 'yes')
  const stranger = issueAuthority('kubernetes', validity, systemRandom)
  assert.equal(await ask('/logs/', undefined, derOf(stranger)), 'Unauthorized')
})
