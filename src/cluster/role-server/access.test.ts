import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import { silentLog } from '#base/log.ts'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { createAccess } from './access.ts'

const now = systemClock.now()
const validity = { notBefore: now - 3_600_000, notAfter: now + 3_600_000 }
const proxies = issueAuthority('front-proxy-ca', validity, systemRandom)
const leaf = issueLeaf(
  { subject: { commonName: 'proxy' }, usages: ['client'], validity },
  proxies,
  systemRandom,
)
const peer = { certificate: new X509Certificate(leaf.certificate).raw }

test('a front proxy says who asks in the headers that the API server publishes, and in no others', async () => {
  const data = {
    'requestheader-client-ca-file': proxies.certificate,
    'requestheader-allowed-names': '["proxy"]',
    'requestheader-username-headers': '["X-Who"]',
    'requestheader-uid-headers': '[]',
    'requestheader-group-headers': '["X-Set"]',
    'requestheader-extra-headers-prefix': '[]',
  }
  const judged: string[] = []
  const client = {
    get: async () => ({ data }),
    async create(_kind: unknown, { spec }: { spec: { user: string } }) {
      judged.push(spec.user)
      return { status: { allowed: spec.user === 'jane' } }
    },
  }
  const access = createAccess({
    client: client as never,
    clock: systemClock,
    log: silentLog,
    alwaysAllowPaths: [],
  })
  const ask = (headers: Record<string, string>) =>
    access({ method: 'GET', path: '/metrics', headers }, peer)
  await ask({ 'x-who': 'jane' })
  await ask({ 'x-who': 'root', 'x-set': 'system:masters' })
  await assert.rejects(ask({ 'x-remote-user': 'jane' }), error => isStatus(error, 'Forbidden'))
  assert.deepEqual(judged, ['jane', 'system:anonymous'])
})

test('a certificate that nobody vouches for does not spoil a token, nor headers a certificate', async () => {
  const own = issueAuthority('ca', validity, systemRandom)
  const leafOf = (by: typeof own, commonName: string) => {
    const facts = { subject: { commonName }, usages: ['client'], validity } as const
    const { certificate } = issueLeaf(facts, by, systemRandom)
    return { certificate: new X509Certificate(certificate).raw }
  }
  const data = {
    'client-ca-file': own.certificate,
    'requestheader-client-ca-file': proxies.certificate,
    'requestheader-username-headers': '["X-Remote-User"]',
  }
  const judged: string[] = []
  const client = {
    get: async () => ({ data }),
    async create(_kind: unknown, { spec }: { spec: { user?: string; token?: string } }) {
      if (spec.token !== undefined)
        return {
          status: spec.token === 'good' ? { authenticated: true, user: { username: 'tom' } } : {},
        }
      judged.push(spec.user ?? '')
      return { status: { allowed: true } }
    },
  }
  const access = createAccess({
    client: client as never,
    clock: systemClock,
    log: silentLog,
    alwaysAllowPaths: [],
  })
  const ask = (headers: Record<string, string>, from: { certificate: Uint8Array }) =>
    access({ method: 'GET', path: '/metrics', headers }, from)
  const stranger = leafOf(issueAuthority('other', validity, systemRandom), 'eve')
  await ask({ authorization: 'Bearer good' }, stranger)
  await ask({ 'x-remote-user': 'root' }, leafOf(own, 'ali'))
  assert.deepEqual(judged, ['tom', 'ali'])
  for (const headers of [{}, { authorization: 'Bearer bad' }] as Record<string, string>[])
    await assert.rejects(ask(headers, stranger), error => isStatus(error, 'Unauthorized'))
})
