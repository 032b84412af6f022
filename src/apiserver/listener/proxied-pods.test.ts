/** What runs in pods, asked through the API server's door over both versions of HTTP: real clients, a real server behind a pod's address. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:http2'
import { request } from 'node:https'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import { WebSocket, WebSocketServer } from 'ws'
import { until, versions } from '#client/testing/serving.ts'
import { POD_IP, PROXY, startPod } from './testing.ts'

test('links to the pod, under every host that it is known by, lead through the proxy', async () => {
  const seen: IncomingMessage[] = []
  await using at = await startPod((request, response) => {
    seen.push(request)
    const { host } = request.headers
    const page = `<a href="/a"><a href="https://${host}/b"><a href="http://${POD_IP}:8080/c"><a href="d">`
    const isPacked = request.url === '/packed'
    response.setHeader('content-type', 'text/html; charset=utf-8')
    if (isPacked) response.setHeader('content-encoding', 'gzip')
    response.end(isPacked ? gzipSync(page) : page)
  })
  const expected = `<a href="${PROXY}/a"><a href="${PROXY}/b"><a href="${PROXY}/c"><a href="d">`
  for (const [version, ask] of Object.entries(versions)) {
    const headers: Record<string, string> =
      version === 'HTTP/2' ? { ':authority': 'api.example:6443' } : { host: 'api.example:6443' }
    const plain = await ask(at.door, { path: `${PROXY}/x/`, headers, tls: at.tls })
    assert.equal(plain.body.toString(), expected, version)
    assert.equal(plain.headers['content-length'], String(expected.length))
    const path = `${PROXY}/packed`
    const packed = await ask(at.door, { path, headers, tls: at.tls })
    assert.equal(gunzipSync(packed.body).toString(), expected)
    assert.equal(packed.headers['content-length'], String(packed.body.length))
    const head = await ask(at.door, { method: 'HEAD', path, headers, tls: at.tls })
    assert.equal(head.status, 200)
    assert.equal(head.headers['content-length'], undefined)
    const asked = seen.pop()?.headers
    assert.equal(asked?.host, 'api.example:6443')
    assert.equal(asked?.['x-forwarded-host'], 'api.example:6443')
    assert.equal(asked?.['x-forwarded-uri'], path)
    assert.match(String(asked?.['x-forwarded-for']), /127\.0\.0\.1$/)
  }
})

test('a page of any size reaches a slow reader in whole', async () => {
  const line = '<p>some text</p>\n'
  const sizes = [1 << 20, (2 << 20) - line.length, 8 << 20]
  await using at = await startPod((request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(Buffer.alloc(Number(request.url?.slice(1)), line))
  })
  for (const size of sizes)
    for (const ask of Object.values(versions)) {
      const { body } = await ask(at.door, { path: `${PROXY}/${size}`, tls: at.tls })
      assert.ok(body.equals(Buffer.alloc(size, line)), `${size}`)
    }
})

test('a page that breaks off is no whole page to anybody', async () => {
  await using at = await startPod((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html', 'content-length': '100' })
    response.write('<a href="/a">')
    setTimeout(() => response.destroy(), 20)
  })
  for (const ask of Object.values(versions))
    await assert.rejects(ask(at.door, { path: `${PROXY}/`, tls: at.tls }))
})

test('whoever leaves while a page is gathered ends its target’s work, too', async () => {
  let opened = 0
  let closed = 0
  await using at = await startPod((_request, response) => {
    opened++
    response.on('close', () => closed++)
    response.writeHead(200, { 'content-type': 'text/html' }).write('<p>wait')
  })
  const session = connect(at.door.url, at.tls)
  session.on('error', () => {})
  session.request({ ':path': `${PROXY}/` }).on('error', () => {})
  const asked = request({ port: at.door.port, host: '127.0.0.1', path: `${PROXY}/`, ...at.tls })
  asked.on('error', () => {}).end()
  await until(() => opened === 2)
  await delay(50)
  assert.equal(closed, 0)
  session.destroy()
  await until(() => closed === 1)
  asked.destroy()
  await until(() => closed === 2)
})

test('what streams is told as it comes', async () => {
  let write = (_text: string) => {}
  await using at = await startPod((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    write = text => (text === '' ? response.end() : response.write(text))
  })
  const asked = request({ port: at.door.port, host: '127.0.0.1', path: `${PROXY}/`, ...at.tls })
  asked.end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  for (const text of ['data: 1\n\n', 'data: <a href="/x">\n\n']) {
    write(text)
    assert.equal(String((await once(answer, 'data'))[0]), text)
  }
  write('')
  await once(answer, 'end')
})

test('a web socket’s origin is the host that its server is asked under', async () => {
  await using at = await startPod((_request, response) => response.writeHead(404).end())
  const sockets = new WebSocketServer({
    server: at.target,
    // As many servers do, so that pages of others cannot open one.
    verifyClient: ({ origin, req }: { origin: string; req: IncomingMessage }) =>
      origin === `https://${req.headers.host}`,
  })
  sockets.on('connection', (socket, { url }) => socket.send(`hello ${url}`))
  const open = (path: string, origin: string) =>
    new WebSocket(`wss://127.0.0.1:${at.door.port}${PROXY}${path}`, { ...at.tls, origin })
  for (const path of ['', '/', '/deep?a=b']) {
    const socket = open(path, `https://127.0.0.1:${at.door.port}`)
    const [message] = await once(socket, 'message')
    assert.equal(String(message), `hello ${path || '/'}`)
    socket.close()
    await once(socket, 'close')
  }
  const refused = open('/', 'https://elsewhere.example')
  const [, answer] = await once(refused, 'unexpected-response')
  assert.equal(answer.statusCode, 401)
  answer.resume()
  sockets.close()
})
