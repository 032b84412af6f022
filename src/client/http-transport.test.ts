import assert from 'node:assert/strict'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { configMap } from '#api/core/v1/config-map.ts'
import { failure, isStatus } from '#api/machinery/status.ts'
import { silentLog } from '#base/log.ts'
import { issueAuthority, issueLeaf } from '#base/pki/certificate.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { createClient } from './api-client.ts'
import { createHttpTransport } from './http-transport.ts'
import { createInformers } from './informers.ts'
import type { Connection } from './kubeconfig.ts'

const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 }
const authority = issueAuthority('test-ca', validity, systemRandom)
const leaf = (commonName: string, usages: ('server' | 'client')[]) =>
  issueLeaf(
    { subject: { commonName }, usages, names: ['localhost', '127.0.0.1'], validity },
    authority,
    systemRandom,
  )

type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void

async function serve(handler: Handler) {
  const server = createSecureServer(
    {
      ...certified(leaf('server', ['server'])),
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    },
    handler,
  )
  const sockets = new Set<{ destroy(): void }>()
  server.on('secureConnection', socket => sockets.add(socket))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    breakConnections: () => {
      for (const socket of sockets) socket.destroy()
      sockets.clear()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const certified = ({ certificate, key }: { certificate: string; key: string }) => ({
  cert: certificate,
  key,
})

function connectionTo(port: number, more: Partial<Connection> = {}): Connection {
  return {
    server: `https://127.0.0.1:${port}`,
    certificateAuthority: authority.certificate,
    namespace: 'default',
    ...more,
  }
}

const json = (response: Http2ServerResponse, status: number, body: unknown) => {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

const map = (name: string, revision: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'a', uid: name, resourceVersion: revision },
})

test('a client certificate or a token says who asks; bodies and statuses come across', async () => {
  await using server = await serve((request, response) => {
    const socket = request.stream.session?.socket
    assert.ok(socket)
    const { subject } = (socket as TLSSocket).getPeerCertificate()
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.url.includes('/missing'))
        return json(response, 404, failure('NotFound', 'configmaps "missing" not found', 404))
      json(response, 200, {
        ...map('x', '1'),
        data: {
          certificate: subject?.CN ?? '',
          authorization: request.headers.authorization ?? '',
          path: request.url,
          body: Buffer.concat(chunks).toString(),
        },
      })
    })
  })
  const me = leaf('me', ['client'])
  const byCertificate = createHttpTransport(
    connectionTo(server.port, { clientCertificate: me.certificate, clientKey: me.key }),
    { clock: systemClock },
  )
  const client = createClient(byCertificate)
  const got = await client.get(configMap, 'x', 'a')
  assert.equal(got.data?.certificate, 'me')
  assert.equal(got.data?.path, '/api/v1/namespaces/a/configmaps/x')
  const made = await client.create(configMap, { metadata: { name: 'é', namespace: 'a' } })
  assert.deepEqual(JSON.parse(made.data?.body ?? ''), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'é', namespace: 'a' },
  })
  await assert.rejects(client.get(configMap, 'missing', 'a'), error => isStatus(error, 'NotFound'))
  await byCertificate.close()

  let tokens = 0
  const byToken = createHttpTransport(
    connectionTo(server.port, { token: async () => `t${++tokens}` }),
    { clock: systemClock },
  )
  const second = createClient(byToken)
  assert.equal((await second.get(configMap, 'x', 'a')).data?.authorization, 'Bearer t1')
  assert.equal((await second.get(configMap, 'x', 'a')).data?.authorization, 'Bearer t2')
  await byToken.close()
})

test('a server of another authority is refused, an absent one is an error, a slow one is given up', async () => {
  await using server = await serve(() => {})
  const stranger = issueAuthority('other', validity, systemRandom)
  const get = (connection: Connection, requestTimeoutMs = 1000) => {
    const transport = createHttpTransport(connection, { clock: systemClock, requestTimeoutMs })
    return transport.request({ method: 'GET', path: '/' }).finally(() => transport.close())
  }
  await assert.rejects(
    get(connectionTo(server.port, { certificateAuthority: stranger.certificate })),
  )
  await assert.rejects(get(connectionTo(1)), /ECONNREFUSED|canceled/)
  await assert.rejects(get(connectionTo(server.port), 50), /within 50 ms/)
})

test('informers follow over HTTP/2, in whatever pieces the bytes come, and survive a lost connection', async () => {
  const queries: string[] = []
  const open: Http2ServerResponse[] = []
  await using server = await serve((request, response) => {
    queries.push(request.url)
    open.push(response)
    response.on('error', () => {})
    response.writeHead(200, { 'content-type': 'application/json' })
    if (request.url.includes('resourceVersion=7')) return
    const end = {
      ...map('', '7'),
      metadata: {
        resourceVersion: '7',
        annotations: { 'k8s.io/initial-events-end': 'true' },
      },
    }
    const text = `${JSON.stringify({ type: 'ADDED', object: map('grüße', '3') })}\n${JSON.stringify({ type: 'BOOKMARK', object: end })}\n`
    for (const byte of Buffer.from(text)) response.write(Buffer.of(byte))
  })
  const transport = createHttpTransport(connectionTo(server.port), { clock: systemClock })
  const informers = createInformers(createClient(transport), {
    clock: systemClock,
    log: silentLog,
    random: systemRandom,
  })
  const informer = informers.for(configMap)
  await informer.synced
  assert.equal(informer.get('a/grüße')?.metadata.resourceVersion, '3')
  const changed = new Promise(resolve =>
    informer.subscribe({ changed: (now, previous) => previous && resolve(now) }),
  )
  server.breakConnections()
  while (!queries.some(query => query.includes('resourceVersion=7')))
    await new Promise(resolve => setTimeout(resolve, 5))
  open.at(-1)?.write(`${JSON.stringify({ type: 'MODIFIED', object: map('grüße', '8') })}\n`)
  await changed
  assert.equal(informer.revision, 8)
  informers.stop()
  await transport.close()
})

test('a large log is not read faster than its reader takes it', async () => {
  const piece = Buffer.alloc(64 * 1024, 'x')
  const pieces = 200
  let written = 0
  await using server = await serve(async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    for (; written < pieces; written++)
      if (!response.write(piece))
        await new Promise<void>(resolve => response.stream.once('drain', () => resolve()))
    response.end()
  })
  const transport = createHttpTransport(connectionTo(server.port), { clock: systemClock })
  const { body } = await transport.request({ method: 'GET', path: '/containerLogs/a/b/c' })
  assert.ok(body.kind === 'stream')
  let size = 0
  let goOn = () => {}
  const held = new Promise<void>(resolve => {
    goOn = resolve
  })
  const ended = new Promise<void>(resolve => {
    body.stream.subscribe({
      next(chunk) {
        size += chunk.length
        return size === chunk.length ? held : undefined
      },
      end: () => resolve(),
    })
  })
  await new Promise(resolve => setTimeout(resolve, 100))
  assert.ok(written < pieces / 2, `${written} pieces were sent to a reader that waits`)
  goOn()
  await ended
  assert.equal(size, pieces * piece.length)
  await transport.close()
})

test('an answer that breaks off is whole to nobody, whether its connection is lost or the stream given up', async () => {
  await using server = await serve((request, response) => {
    response.writeHead(200)
    response.write('half of it')
    const stream = response.stream
    if (request.url.includes('whole')) response.end(', and the rest')
    else if (request.url.includes('given-up')) setTimeout(() => stream.destroy(new Error('x')), 50)
    else setTimeout(server.breakConnections, 50)
  })
  const transport = createHttpTransport(connectionTo(server.port), { clock: systemClock })
  const read = async (path: string) => {
    const { body } = await transport.request({ method: 'GET', path })
    if (body.kind === 'bytes') return Buffer.from(body.bytes).toString()
    assert.equal(body.kind, 'stream')
    return new Promise<string>((resolve, reject) => {
      const chunks: Uint8Array[] = []
      const next = (chunk: Uint8Array) => void chunks.push(chunk)
      const end = (error?: Error) =>
        error ? reject(error) : resolve(Buffer.concat(chunks).toString())
      if (body.kind === 'stream') body.stream.subscribe({ next, end })
    })
  }
  for (const root of ['/containerLogs/default/web/main', '/metrics']) {
    assert.equal(await read(`${root}?whole`), 'half of it, and the rest')
    for (const how of ['lost', 'given-up'])
      await assert.rejects(read(`${root}?${how}`), /ended|closed|INTERNAL/, `${root} ${how}`)
  }
  await transport.close()
})
