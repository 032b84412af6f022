import assert from 'node:assert/strict'
import { connect as connectHttp2 } from 'node:http2'
import { Agent, request as requestHttp1 } from 'node:https'
import { test } from 'node:test'
import { UserError } from '#base/errors.ts'
import { silentLog } from '#base/log.ts'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { startTestServer } from '../testing.ts'
import { createListener } from './listener.ts'

const HOUR_MS = 3_600_000

async function startListening() {
  const now = systemClock.now()
  const validity = { notBefore: now - HOUR_MS, notAfter: now + HOUR_MS }
  const authority = issueAuthority('test-ca', validity, systemRandom)
  const issue = (usage: 'server' | 'client', commonName: string, organizations: string[] = []) =>
    issueLeaf(
      {
        subject: { commonName, organizations },
        names: usage === 'server' ? ['127.0.0.1'] : [],
        usages: [usage],
        validity,
      },
      authority,
      systemRandom,
    )
  const serving = issue('server', 'server')
  const admin = issue('client', 'admin', ['system:masters'])
  const { server, ask } = await startTestServer({
    clientAuthorities: [authority.certificate],
    clock: systemClock,
  })
  const listener = createListener({
    server,
    clock: systemClock,
    log: silentLog,
    tls: () => ({ cert: serving.certificate, key: serving.key, clientCa: authority.certificate }),
  })
  const { port } = await listener.listen({ address: '127.0.0.1', port: 0 })
  const tls = { ca: authority.certificate, cert: admin.certificate, key: admin.key }
  return { server, listener, ask, port, tls, ca: authority.certificate }
}

type Listening = Awaited<ReturnType<typeof startListening>>

/** `begun` is called when the answer begins. */
function get1({ port, tls }: Listening, path: string, headers = {}, begun = () => {}) {
  const agent = new Agent({ ...tls, keepAlive: false })
  return new Promise<{ status: number; headers: Record<string, unknown>; text: Buffer }>(
    (resolve, reject) => {
      requestHttp1({ host: '127.0.0.1', port, path, headers, agent }, response => {
        begun()
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks),
          }),
        )
      })
        .on('error', reject)
        .end()
    },
  )
}

test('HTTP/1.1 with a client certificate, gzip for what is large', async () => {
  const listening = await startListening()
  const { ask, listener, server } = listening
  const data = { x: 'y'.repeat(200_000) }
  await ask('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' }, data })
  const plain = await get1(listening, '/api/v1/namespaces/default/configmaps/a')
  assert.equal(plain.status, 200)
  const packed = await get1(listening, '/api/v1/namespaces/default/configmaps/a', {
    'accept-encoding': 'gzip',
  })
  assert.equal(packed.headers['content-encoding'], 'gzip')
  assert.ok(packed.text.length < plain.text.length / 10)
  await server.stop()
  await listener.stop()
})

test('HTTP/2: a watch arrives while others ask, and the client’s leaving ends it', async () => {
  const listening = await startListening()
  const { ask, listener, server, port, tls } = listening
  const session = connectHttp2(`https://127.0.0.1:${port}`, tls)
  const stream = session.request({ ':path': '/api/v1/namespaces/default/configmaps?watch=1' })
  const line = new Promise<string>(resolve => stream.once('data', chunk => resolve(String(chunk))))
  await new Promise(resolve => stream.once('response', resolve))
  await ask('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } })
  assert.equal(JSON.parse(await line).object.metadata.name, 'a')
  stream.close()
  await new Promise(resolve => stream.once('close', resolve))
  // The server hears of it a moment later.
  let open = ''
  for (let i = 0; i < 100 && open !== '0'; i++) {
    await new Promise(resolve => setTimeout(resolve, 10))
    const { text } = await ask('GET', '/metrics')
    open = /longrunning_requests\{resource="configmaps",verb="WATCH"\} (\d+)/.exec(text)?.[1] ?? ''
  }
  assert.equal(open, '0')
  session.close()
  await server.stop()
  await listener.stop()
})

test('strangers are anonymous, and a body without end is refused', async () => {
  const listening = await startListening()
  const { listener, server, port, ca, tls } = listening
  const stranger = connectHttp2(`https://127.0.0.1:${port}`, { ca })
  const status = (session: typeof stranger, headers: object, body?: Buffer) =>
    new Promise<number>((resolve, reject) => {
      const stream = session.request(headers as Record<string, string>)
      stream.once('response', answer => resolve(Number(answer[':status'])))
      stream.on('error', reject)
      stream.resume()
      stream.end(body)
    })
  assert.equal(await status(stranger, { ':path': '/version' }), 200)
  assert.equal(await status(stranger, { ':path': '/api/v1/secrets' }), 403)
  // Who was refused without credentials begins anew.
  const guessing = connectHttp2(`https://127.0.0.1:${port}`, { ca })
  assert.equal(await status(guessing, { ':path': '/version', authorization: 'Bearer x' }), 401)
  for (const session of [stranger, guessing]) session.destroy()
  const admin = connectHttp2(`https://127.0.0.1:${port}`, tls)
  const path = '/api/v1/namespaces/default/configmaps'
  const large = Buffer.alloc(3 * 1024 * 1024 + 1, 'x')
  assert.equal(await status(admin, { ':path': path, ':method': 'POST' }, large), 413)
  admin.destroy()
  await server.stop()
  await listener.stop()
})

test('a port that is taken is told in a sentence, and stopping leaves nothing open', async () => {
  const listening = await startListening()
  const { listener, server, port } = listening
  await assert.rejects(listener.listen({ address: '127.0.0.1', port }), (error: Error) => {
    assert.ok(error instanceof UserError)
    assert.match(error.message, /is already in use/)
    return true
  })
  const { promise: begun, resolve } = Promise.withResolvers<void>()
  const watching = get1(listening, '/api/v1/pods?watch=1', {}, resolve)
  await begun
  const start = performance.now()
  await server.stop()
  await listener.stop()
  assert.ok(performance.now() - start < 20_000)
  assert.equal((await watching).status, 200)
})
