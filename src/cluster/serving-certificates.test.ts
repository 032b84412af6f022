import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { createFigureBook } from '#base/figures.ts'
import { silentLog } from '#base/log.ts'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { requestInPem } from '#base/pki/certificate-request.ts'
import { signRequest } from '#base/pki/sign-request.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { systemRandom } from '#host/random.ts'
import { layoutOf } from './layout.ts'
import { type ServingOptions, servingCertificates } from './serving-certificates.ts'

const MINUTE_MS = 60_000

function machine(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'proa-serving-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const clock = createManualClock()
  const validity = { notBefore: clock.now() - 1000, notAfter: clock.now() + 86_400_000 }
  const authority = issueAuthority('kubernetes', validity, systemRandom)
  const nodeAddresses = ['10.0.0.1']
  const start = (values: object, client: object = {}) =>
    servingCertificates({
      context: { client, clock, random: systemRandom, log: silentLog },
      figures: createFigureBook(),
      nodeName: 'one',
      nodeAddresses,
      values: { certificateDirectory: directory, ...values },
      layout: layoutOf(directory),
    } as unknown as ServingOptions)
  return { directory, clock, validity, authority, nodeAddresses, start }
}

test('files of a serving certificate that is renewed are shown without a restart', async t => {
  const { directory, clock, validity, authority, start } = machine(t)
  const pki = layoutOf(directory).pki
  mkdirSync(pki, { recursive: true })
  const write = () => {
    const subject = { commonName: 'system:node:one' }
    const leaf = { subject, usages: ['server' as const], names: ['one'], validity }
    const { certificate, key } = issueLeaf(leaf, authority, systemRandom)
    writeFileSync(join(pki, 'kubelet-one.crt'), certificate)
    writeFileSync(join(pki, 'kubelet-one.key'), key)
    return { cert: certificate, key }
  }
  const first = write()
  const serving = await start({})
  assert.deepEqual(serving.current(), first)
  const second = write()
  await clock.advance(5 * MINUTE_MS)
  assert.deepEqual(serving.current(), second)
  rmSync(join(pki, 'kubelet-one.crt'))
  await clock.advance(5 * MINUTE_MS)
  assert.deepEqual(serving.current(), second, 'what was good still is')
  await serving.stop()
})

test('a node that moves to another address asks for a certificate for that one', async t => {
  const { clock, validity, authority, nodeAddresses, start } = machine(t)
  let request: CertificateSigningRequest | undefined
  const client = {
    async create(_: unknown, { spec }: CertificateSigningRequest) {
      const asked = requestInPem(Buffer.from(spec.request, 'base64').toString())
      const policy = { validity, usages: spec.usages ?? [] }
      const certificate = signRequest(asked, policy, authority, systemRandom)
      const status = { certificate: Buffer.from(certificate).toString('base64') }
      request = { metadata: { name: 'csr-1' }, spec, status } as CertificateSigningRequest
      return request
    },
    get: async () => request,
  }
  const serving = await start({ rotateServerCertificates: true }, client)
  const names = () => {
    const { cert } = serving.current()
    return cert === '' ? undefined : new X509Certificate(cert).subjectAltName
  }
  await clock.advance(1000)
  assert.equal(names(), 'DNS:one, IP Address:10.0.0.1')
  nodeAddresses[0] = '10.0.0.2'
  await clock.advance(MINUTE_MS)
  assert.equal(names(), 'DNS:one, IP Address:10.0.0.2')
  await serving.stop()
})
