import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { type ConnectionOptions, connect } from 'node:tls'
import { issueLeaf } from '#base/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import { authority, serve, serving, text, trust, validity } from '../testing/serving.ts'

const named = (commonName: string, names: readonly string[]) => {
  const subject = { commonName }
  const { certificate: cert, key } = issueLeaf(
    { subject, usages: ['server'], validity, names: [...names] },
    authority,
    systemRandom,
  )
  return { cert, key, names }
}

interface Shown {
  readonly name: string
  readonly protocol: string | null
  readonly cipher: string
  readonly alpn: string | false | null
}

/** What a client is shown, or why it gets no connection. */
function shown(port: number, options: ConnectionOptions = {}): Promise<Shown | string> {
  return new Promise(resolve => {
    const socket = connect({
      port,
      ca: authority.certificate,
      checkServerIdentity: () => undefined,
      ALPNProtocols: ['h2', 'http/1.1'],
      ...options,
    })
    socket.on('error', error => resolve((error as NodeJS.ErrnoException).code ?? error.message))
    socket.on('secureConnect', () => {
      const { subject } = new X509Certificate(socket.getPeerCertificate().raw)
      resolve({
        name: subject.replace('CN=', ''),
        protocol: socket.getProtocol(),
        cipher: socket.getCipher().name,
        alpn: socket.alpnProtocol,
      })
      socket.destroy()
    })
  })
}
const nameOf = async (...asked: Parameters<typeof shown>) => {
  const found = await shown(...asked)
  return typeof found === 'string' ? found : found.name
}

test('a certificate is shown to whoever asks for its name, or comes in at its address', async () => {
  const certificates = [
    named('exact', ['one.example.com']),
    named('wide', ['*.example.com', 'one.example.com']),
    named('address', ['127.0.0.1']),
  ]
  const tls = () => ({ ...serving, named: certificates })
  await using server = await serve(async () => text(200, ''), { tls })
  const at = server.port
  assert.equal(await nameOf(at, { servername: 'one.example.com' }), 'exact')
  assert.equal(await nameOf(at, { servername: 'ONE.example.com' }), 'exact')
  assert.equal(await nameOf(at, { servername: 'two.example.com' }), 'wide')
  assert.equal(await nameOf(at, { servername: 'a.two.example.com' }), 'address')
  assert.equal(await nameOf(at, {}), 'address')
  await using plain = await serve(async () => text(200, ''), {
    tls: () => ({ ...serving, named: certificates.slice(0, 2) }),
  })
  assert.equal(await nameOf(plain.port, { servername: 'else.org' }), 'server')
  assert.equal(await nameOf(plain.port, {}), 'server')
})

test('versions and ciphers are those that were asked for', async () => {
  const ciphers = 'ECDHE-ECDSA-AES256-GCM-SHA384'
  await using only = await serve(async () => text(200, ''), { wanted: { ciphers } })
  const found = await shown(only.port, { ...trust, maxVersion: 'TLSv1.2' })
  assert.ok(typeof found !== 'string', String(found))
  assert.equal(found.cipher, ciphers)
  const wrong = {
    ...trust,
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  } as const
  assert.match(String(await shown(only.port, wrong)), /ALERT|HANDSHAKE/i)
  const newest = await shown(only.port, trust)
  assert.ok(typeof newest !== 'string' && newest.protocol === 'TLSv1.3', 'its suites are always on')
  await using new_ = await serve(async () => text(200, ''), { wanted: { minVersion: 'TLSv1.3' } })
  assert.match(
    String(await shown(new_.port, { ...trust, maxVersion: 'TLSv1.2' })),
    /ALERT|VERSION/i,
  )
  const old = {
    ...trust,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT:@SECLEVEL=0',
  } as const
  await using usual = await serve(async () => text(200, ''))
  assert.match(String(await shown(usual.port, old)), /ALERT|VERSION/i)
  await using ancient = await serve(async () => text(200, ''), { wanted: { minVersion: 'TLSv1' } })
  const spoken = await shown(ancient.port, old)
  assert.ok(typeof spoken !== 'string' && spoken.protocol === 'TLSv1.1', String(spoken))
})

test('HTTP/1.1 alone is spoken where that is asked for', async () => {
  await using server = await serve(async () => text(200, ''), { wanted: { http2: false } })
  const found = await shown(server.port, trust)
  assert.ok(typeof found !== 'string' && found.alpn === 'http/1.1')
})
