import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { selfSubjectReview } from '#api/authentication/v1/self-subject-review.ts'
import { silentLog } from '#base/log.ts'
import { issueLeaf } from '#base/pki/certificate.ts'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { kubeconfigOf } from './pki/kubeconfig.ts'
import { renewedRemote } from './renewed-remote.ts'
import { usualServer } from './single-apiserver.testing.ts'
import { startSingleApiServer } from './single-apiserver.ts'

test('a role goes on with the certificate that was written into its kubeconfig since', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'proa-renewed-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const server = await startSingleApiServer({
    dataDirectory: directory,
    keepsInMemory: true,
    ...usualServer,
  })
  t.after(() => server.stop())
  const kubeconfig = join(directory, 'role.conf')
  const write = (commonName: string) => {
    const now = systemClock.now()
    const validity = { notBefore: now - 1000, notAfter: now + 60_000 }
    const leaf = { subject: { commonName }, usages: ['client' as const], validity }
    const { certificate: cert, key } = issueLeaf(leaf, server.pki.signer, systemRandom)
    const { url, pki } = server
    writeFileSync(kubeconfig, kubeconfigOf({ server: url, ca: pki.authority, cert, key }))
  }
  write('first')
  const clock = createManualClock()
  const remote = await renewedRemote({ kubeconfig, clock, log: silentLog })
  const who = async () => {
    const { status } = await remote.context.client.create(selfSubjectReview, {} as never)
    return status?.userInfo.username
  }
  assert.equal(await who(), 'first')
  write('second')
  assert.equal(await who(), 'first', 'it looks from time to time')
  await clock.advance(5 * 60_000)
  const deadline = performance.now() + 30_000
  while ((await who()) !== 'second') assert.ok(performance.now() < deadline)
  writeFileSync(kubeconfig, 'nothing of the sort: [')
  await clock.advance(5 * 60_000)
  assert.equal(await who(), 'second')
  await remote.stop()
  assert.equal(clock.pending, 0)
})
