import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { createHttpTransport } from '#client/http-transport.ts'
import { systemClock as clock } from '#host/clock.ts'
import { systemFiles as files } from '#host/files.ts'
import { systemRandom as random } from '#host/random.ts'
import { DEFAULT_KUBELET_PORT } from '#kubelet/before-start.ts'
import { openKubeletPort } from './kubelet-port.ts'
import { ensurePki } from './pki/pki.ts'

const root = mkdtempSync(join(tmpdir(), 'proa-kubelet-port-'))
after(() => rmSync(root, { recursive: true }))
const pki = ensurePki({ directory: join(root, 'pki'), names: [], ips: [], clock, random, files })

const open = (port: number | undefined, addresses: readonly string[] = ['127.0.0.1']) =>
  openKubeletPort({
    nodeName: 'n1',
    addresses,
    port,
    pki,
    context: { clock, random, log: silentLog } as never,
  })

/** Somebody else at this port; undefined where somebody is already. */
const occupy = (port: number): Promise<Server | undefined> =>
  new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ host: '127.0.0.1', port }, () => resolve(server))
  })

test('where upstream’s port is taken a free one is, but not instead of one that was asked for', async () => {
  const other = await occupy(DEFAULT_KUBELET_PORT)
  const served = await open(undefined)
  assert.ok(served.port > 0 && served.port !== DEFAULT_KUBELET_PORT)
  await assert.rejects(open(served.port), /^UserError: port \d+ on .* --kubelet-port/)
  await served.stop()
  other?.close()
})

test('it answers once the kubelet runs, with a certificate of the node', async () => {
  const served = await open(0)
  assert.ok(served.port > 0)
  const { certificate, key } = pki.client('admin')
  const transport = createHttpTransport(
    {
      server: `https://127.0.0.1:${served.port}`,
      certificateAuthority: pki.authority,
      clientCertificate: certificate,
      clientKey: key,
      tlsServerName: 'n1',
      namespace: '',
    },
    { clock },
  )
  const statusOf = async () => (await transport.request({ method: 'GET', path: '/pods' })).status
  assert.equal(await statusOf(), 503)
  const body = { kind: 'bytes', bytes: new Uint8Array() } as const
  served.answerWith({ request: async () => ({ status: 200, headers: {}, body }) })
  assert.equal(await statusOf(), 200)
  await transport.close()
  await served.stop()
})

test('a machine without an address has no port', async () => {
  assert.equal((await open(undefined, [])).port, 0)
})

test('at the new address of its node it has the same port', async () => {
  const served = await open(0)
  await served.listenAt('127.0.0.2')
  const { certificate, key } = pki.client('admin')
  const server = `https://127.0.0.2:${served.port}`
  const transport = createHttpTransport(
    {
      ...{ server, certificateAuthority: pki.authority, namespace: '' },
      ...{ clientCertificate: certificate, clientKey: key, tlsServerName: 'n1' },
    },
    { clock },
  )
  assert.equal((await transport.request({ method: 'GET', path: '/pods' })).status, 503)
  await transport.close()
  await served.stop()
})
