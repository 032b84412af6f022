import assert from 'node:assert/strict'
import { request } from 'node:https'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { type CertifiedKey, issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import type { SecurityWanted } from './security-options.ts'
import { startSingleApiServer } from './single-apiserver.ts'

const validity = { notBefore: Date.now() - 1000, notAfter: Date.now() + 3_600_000 }
const ours = issueAuthority('ours', validity, systemRandom)
const serving = issueLeaf(
  { subject: { commonName: 'localhost' }, usages: ['server'], names: ['127.0.0.1'], validity },
  ours,
  systemRandom,
)
const clientOf = (commonName: string, organizations: string[], authority = ours) =>
  issueLeaf(
    { subject: { commonName, organizations }, usages: ['client'], validity },
    authority,
    systemRandom,
  )

async function start(security: SecurityWanted) {
  const server = await startSingleApiServer({
    keepsInMemory: true,
    listen: { address: '127.0.0.1', port: 0 },
    serviceClusterIpRange: '10.0.0.0/24',
    clusterDomain: 'cluster.local',
    nodeName: 'here',
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    security,
  })
  /** As whom the certificate says, over a connection whose server is believed by our authority alone. */
  const ask = (method: string, path: string, user?: CertifiedKey, body?: object) =>
    // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever is answered
    new Promise<any>((resolve, reject) => {
      const url = new URL(path, server.url)
      const identity = user ? { cert: user.certificate, key: user.key } : {}
      const headers = { 'content-type': 'application/json' }
      const options = { method, headers, ca: ours.certificate, agent: false, ...identity }
      request(url, options, answer => json(answer).then(resolve, reject))
        .on('error', reject)
        .end(body ? JSON.stringify(body) : undefined)
    })
  return { ask, stop: server.stop }
}

const pod = { metadata: { name: 'a' }, spec: { containers: [{ name: 'a', image: 'a' }] } }
const pods = '/api/v1/namespaces/default/pods'

test('shows the certificate it was given, and believes the CA it was given beside its own', async () => {
  const { ask, stop } = await start({ serving, clientAuthorities: [ours.certificate] })
  try {
    const admin = clientOf('ann', ['system:masters'])
    assert.equal((await ask('GET', '/api/v1/namespaces/default', admin)).kind, 'Namespace')
    const { message } = await ask('GET', pods, clientOf('bob', ['sailors']))
    assert.match(message, /^pods is forbidden: User "bob" cannot list resource "pods"/)
    const stranger = issueAuthority('stranger', validity, systemRandom)
    const { code } = await ask('GET', pods, clientOf('eve', ['system:masters'], stranger))
    assert.equal(code, 401)
    // Accounts are a controller's to make, and there is none.
    assert.match((await ask('POST', pods, admin, pod)).message, /service account .* not found/)
  } finally {
    await stop()
  }
})
