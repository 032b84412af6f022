import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Log, silentLog } from '#base/log.ts'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemClock } from '#host/clock.ts'
import { systemFiles } from '#host/files.ts'
import { systemRandom } from '#host/random.ts'
import { eventOf } from '../apiserver/audit/testing.ts'
import type { AuditOptions } from './audit-options.ts'
import { openAudit } from './open-audit.ts'

const directory = mkdtempSync(join(tmpdir(), 'proa-open-audit-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const warned: string[] = []
const log: Log = { ...silentLog, warn: message => void warned.push(message) }
const open = (options: AuditOptions) =>
  openAudit(options, { files: systemFiles, clock: systemClock, random: systemRandom, log })
const policy = { rules: [{ level: 'Metadata' }] }

test('events go to all places, and what waits is delivered at the end', async () => {
  const path = join(directory, 'all.log')
  const seen: object[] = []
  const { audit, close } = await open({
    policy,
    log: { path, mode: 'batch' },
    onEvent: event => void seen.push(event),
  })
  for (const sink of audit.sinks) assert.equal(await sink.process([eventOf()]), true)
  await close()
  const [line = ''] = readFileSync(path, 'utf8').split('\n')
  assert.deepEqual(JSON.parse(line), seen[0])
})

test('a webhook is who its kubeconfig says, and learns who asks', async () => {
  const validity = { notBefore: Date.parse('2025-01-01'), notAfter: Date.parse('2049-01-01') }
  const authority = issueAuthority('keeper-ca', validity, systemRandom)
  const leaf = issueLeaf(
    { subject: { commonName: 'keeper' }, usages: ['server'], names: ['127.0.0.1'], validity },
    authority,
    systemRandom,
  )
  const heard: { token: string | undefined; body: string }[] = []
  const server = createServer({ cert: leaf.certificate, key: leaf.key }, async (request, reply) => {
    let body = ''
    for await (const chunk of request) body += chunk
    heard.push({ token: request.headers.authorization, body })
    reply.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const data = Buffer.from(authority.certificate).toString('base64')
  writeFileSync(join(directory, 'token'), 'let-me-in\n')
  const configFile = join(directory, 'keeper.conf')
  writeFileSync(
    configFile,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
      clusters: [
        {
          name: 'k',
          cluster: {
            server: `https://127.0.0.1:${port}/events`,
            'certificate-authority-data': data,
          },
        },
      ],
      users: [{ name: 'u', user: { tokenFile: 'token' } }],
    }),
  )
  const { audit, close } = await open({ policy, webhook: { configFile } })
  for (const sink of audit.sinks) await sink.process([eventOf(), eventOf()])
  assert.equal(heard.length, 0, 'a batch waits for more')
  await close()
  server.closeAllConnections()
  server.close()
  assert.equal(heard.length, 1)
  assert.equal(heard[0]?.token, 'Bearer let-me-in')
  assert.equal(JSON.parse(heard[0]?.body ?? '').items.length, 2)
})

test('what is not there is told in a sentence, and leaves nothing open', async () => {
  const missing = join(directory, 'missing')
  await assert.rejects(open({ policy: missing }), {
    message: `loading audit policy file: failed to read file path "${missing}": open ${missing}: no such file or directory`,
  })
  await assert.rejects(open({ policy, webhook: { configFile: missing } }), {
    message: `initializing audit webhook: stat ${missing}: no such file or directory`,
  })
  await assert.rejects(open({ policy, log: { path: directory } }), /^UserError: ensureLogFile: /)
  await assert.rejects(open({ policy: { rules: [] } }), /loaded illegal policy with 0 rules/)
  assert.equal(existsSync(missing), false)
})

test('fields that nobody knows are warned of', async () => {
  const { close } = await open({ policy: { ...policy, more: 1 } })
  await close()
  assert.equal(warned.length, 1)
})
