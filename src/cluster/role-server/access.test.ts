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
