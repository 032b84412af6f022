import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { test } from 'node:test'
import { isStatus } from '#api/machinery/status.ts'
import { systemClock } from '#host/clock.ts'
import type { ApiResponse, BodyStream } from '../transport.ts'
import { createForwarders } from './forwarder.ts'

const forwarderTo = createForwarders({ clock: systemClock })

async function target(answer: RequestListener) {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    server,
    to: forwarderTo({ scheme: 'http', address: '127.0.0.1', port }),
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function bodyOf({ body }: ApiResponse): Promise<string> {
  assert.equal(body.kind, 'stream')
  const chunks: Uint8Array[] = []
  return new Promise((resolve, reject) => {
    if (body.kind !== 'stream') return
    body.stream.subscribe({
      next: chunk => void chunks.push(chunk),
      end: error => (error ? reject(error) : resolve(Buffer.concat(chunks).toString())),
    })
  })
}

test('method, path, query, headers and body arrive as they were, credentials and hops do not', async () => {
  let seen: IncomingMessage | undefined
  let sent = ''
  await using at = await target((request, response) => {
    seen = request
    request.on('data', chunk => {
      sent += chunk
    })
    request.on('end', () =>
      response
        .writeHead(418, { 'x-mine': 'yes', 'set-cookie': ['a=1', 'b=2'], connection: 'x-mine-too' })
        .end('short and stout'),
    )
  })
  const response = await at.to.request({
    method: 'PUT',
    path: '/a%2Fb/../c?q=%20x&q=2',
    headers: {
      'content-type': 'text/x-note',
      authorization: 'Bearer secret',
      'impersonate-user': 'root',
      'x-remote-user': 'root',
      'proxy-authorization': 'Basic secret',
      connection: 'keep-alive, x-hop',
      'x-hop': 'gone',
      'x-kept': 'kept',
    },
    body: Buffer.from('hello'),
  })
  assert.equal(response.status, 418)
  assert.equal(await bodyOf(response), 'short and stout')
  assert.equal(response.headers['x-mine'], 'yes')
  assert.equal(response.headers['set-cookie'], 'a=1\nb=2')
  assert.equal(response.headers.connection, undefined)
  assert.equal(seen?.method, 'PUT')
  assert.equal(seen?.url, '/a%2Fb/../c?q=%20x&q=2')
  assert.equal(sent, 'hello')
  const { headers } = seen as IncomingMessage
  assert.equal(headers['x-kept'], 'kept')
  assert.equal(headers.host, `127.0.0.1:${at.port}`)
  assert.equal(JSON.stringify(headers).includes('secret'), false)
  for (const name of ['authorization', 'impersonate-user', 'x-remote-user', 'x-hop'])
    assert.equal(headers[name], undefined, name)
})

test('what is told of the way here is no client’s to take away', async () => {
  let seen: IncomingMessage | undefined
  await using at = await target((request, response) => {
    seen = request
    response.end()
  })
  const told = { 'x-forwarded-for': '192.0.2.1', 'audit-id': 'a', traceparent: 't' }
  const headers = { ...told, connection: `x-own, ${Object.keys(told).join(', ')}`, 'x-own': '1' }
  await bodyOf(await at.to.request({ method: 'GET', path: '/', headers }))
  for (const [name, value] of Object.entries(told)) assert.equal(seen?.headers[name], value)
  assert.equal(seen?.headers['x-own'], undefined)
})

test('the host is the target’s own, or the one that is to be sent', async () => {
  const seen: (string | undefined)[] = []
  await using at = await target(({ headers }, response) => {
    seen.push(headers.host)
    response.end()
  })
  const place = { scheme: 'http' as const, address: '127.0.0.1', port: at.port }
  const headers = { host: 'asked.for', upgrade: 'mine' }
  for (const to of [forwarderTo(place), forwarderTo({ ...place, host: 'told:1' })]) {
    await bodyOf(await to.request({ method: 'GET', path: '/', headers }))
    const upgraded = await to.upgrade({ method: 'GET', path: '/', headers })
    if ('response' in upgraded) await bodyOf(upgraded.response)
  }
  const own = `127.0.0.1:${at.port}`
  assert.deepEqual(seen, [own, own, 'told:1', 'told:1'])
})

test('a careless server is understood: lines without carriage return, characters that no header may hold', async () => {
  const server = createTcpServer(socket =>
    socket.end('HTTP/1.1 200 OK\nContent-Type: text/plain\nX-Odd: a\x01b\n\nhello'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const to = forwarderTo({ scheme: 'http', address: '127.0.0.1', port })
  const response = await to.request({ method: 'GET', path: '/' })
  assert.equal(response.headers['content-type'], 'text/plain')
  assert.equal(response.headers['x-odd'], undefined)
  assert.equal(await bodyOf(response), 'hello')
  server.close()
})

test('a redirect is an answer, not an order', async () => {
  let asked = 0
  await using at = await target((_request, response) => {
    asked++
    response.writeHead(302, { location: '/elsewhere' }).end()
  })
  const response = await at.to.request({ method: 'GET', path: '/' })
  assert.equal(response.status, 302)
  assert.equal(response.headers.location, '/elsewhere')
  assert.equal(await bodyOf(response), '')
  assert.equal(asked, 1)
})

test('nobody there is 503, and a name is no address', async () => {
  const gone = await target(() => {})
  await gone[Symbol.asyncDispose]()
  await assert.rejects(gone.to.request({ method: 'GET', path: '/' }), (error: unknown) => {
    assert.ok(isStatus(error, 'ServiceUnavailable'))
    return (
      error.message ===
      `error trying to reach service: dial tcp 127.0.0.1:${gone.port}: connect: connection refused`
    )
  })
  const named = forwarderTo({ scheme: 'http', address: 'localhost', port: gone.port })
  await assert.rejects(named.request({ method: 'GET', path: '/' }), /not an IP address/)
})

test('an answer that breaks off is told, and a client that goes ends the connection', async () => {
  await using at = await target((request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('some')
    if (request.url === '/break') setTimeout(() => response.destroy(), 20)
  })
  const broken = await at.to.request({ method: 'GET', path: '/break' })
  await assert.rejects(bodyOf(broken), /broke off/)
  const gone = new AbortController()
  const closed = once(at.server, 'connection').then(([socket]) => once(socket, 'close'))
  const response = await at.to.request({ method: 'GET', path: '/', signal: gone.signal })
  const body = bodyOf(response)
  gone.abort()
  await assert.rejects(body, /broke off|went away/)
  await closed
})

test('only a 101 becomes a tunnel; anything else is an answer whose connection ends', async () => {
  const server = createTcpServer(socket => {
    socket.on('error', () => {})
    socket.once('data', (asked: Buffer) => {
      const isFine = asked.includes('GET /fine ')
      socket.write(
        isFine
          ? 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: mine\r\nConnection: Upgrade\r\n\r\nhello'
          : 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno',
      )
      socket.on('data', (more: Buffer) => socket.write(`echo ${more}`))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const to = forwarderTo({ scheme: 'http', address: '127.0.0.1', port })
  const headers = { upgrade: 'mine', connection: 'Upgrade', authorization: 'Bearer secret' }
  const fine = await to.upgrade({ method: 'GET', path: '/fine', headers })
  assert.ok('tunnel' in fine)
  const { socket, head } = fine.tunnel
  assert.equal(fine.tunnel.headers.upgrade, 'mine')
  let heard = Buffer.from(head).toString()
  socket.on('data', (chunk: Buffer) => {
    heard += chunk
  })
  socket.write('you')
  while (!heard.includes('echo you')) await once(socket, 'data')
  assert.equal(heard, 'helloecho you')
  socket.destroy()
  const refused = await to.upgrade({ method: 'GET', path: '/no', headers })
  assert.ok('response' in refused)
  assert.equal(refused.response.status, 403)
  assert.equal(await bodyOf(refused.response), 'no')
  server.close()
})

test('what no server can be sent is refused, and takes nobody’s place', async () => {
  const { KeptConnections } = await import('./kept-connections.ts')
  await using at = await target((_request, response) => response.end('ok'))
  const place = { scheme: 'http' as const, address: '127.0.0.1', port: at.port }
  const connections = new KeptConnections()
  const forwarderTo = createForwarders({ clock: systemClock })
  for (const to of [forwarderTo(place), forwarderTo({ ...place, connections })]) {
    for (let i = 0; i < 512; i++) {
      const asked = to.request({ method: 'GET', path: '/no space' })
      await assert.rejects(asked, error => isStatus(error, 'BadRequest'))
    }
    const headers = { 'x-sign': '\u0001', 'x-letter': '\u4e2d' }
    const asked = to.request({ method: 'GET', path: '/', headers })
    await assert.rejects(asked, error => isStatus(error, 'BadRequest'))
    const answer = await to.request({ method: 'GET', path: '/' })
    assert.equal(await bodyOf(answer), 'ok')
  }
  connections.close()
})

test('a server that refuses a body amid it and goes is heard, although more is sent', async () => {
  let more = () => {}
  const server = createTcpServer(socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 6\r\n\r\nenough')
      socket.resetAndDestroy()
      more()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const bodyStream: BodyStream = {
    subscribe({ next }) {
      next(Buffer.from('some'))
      more = () => ['more', 'and more'].forEach(piece => void next(Buffer.from(piece)))
      return () => {}
    },
  }
  const to = forwarderTo({ scheme: 'http', address: '127.0.0.1', port })
  try {
    const response = await to.request({ method: 'POST', path: '/', bodyStream })
    assert.equal(response.status, 413)
    assert.equal(await bodyOf(response), 'enough')
  } finally {
    server.close()
  }
})
