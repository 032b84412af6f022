import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '../../host/clock.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import type { ApiResponse, Method } from '../transport.ts'
import { createForwarders } from './forwarder.ts'
import { KeptConnections } from './kept-connections.ts'

type Answerer = (request: IncomingMessage, response: ServerResponse, at: number) => void

const ends: (() => Promise<void>)[] = []
after(async () => {
  for (const end of ends) await end()
})

/** `at` counts the requests of a connection from 0. */
async function start(answer: Answerer = (_request, response) => response.end('ok')) {
  const sockets: Socket[] = []
  const asked = new Map<Socket, number>()
  const server = createServer((request, response) => {
    const at = asked.get(request.socket) ?? 0
    asked.set(request.socket, at + 1)
    request.resume().once('end', () => answer(request, response, at))
  })
  server.on('connection', socket => void sockets.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connections = new KeptConnections()
  const forwarderTo = createForwarders({ clock: systemClock })
  const place = { scheme: 'http' as const, address: '127.0.0.1', port }
  const send = async (method: Method, headers: Record<string, string> = {}) => {
    const forwarder = forwarderTo({ ...place, connections, headers })
    const body = method === 'GET' ? {} : { body: Buffer.from('{}') }
    const response = await forwarder.request({ method, path: '/x', ...body })
    return `${response.status} ${await textOf(response)}`
  }
  ends.push(async () => {
    connections.close()
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return { sockets, connections, send, forwarderTo, place }
}

function textOf({ body }: ApiResponse): Promise<string> {
  return new Promise((resolve, reject) => {
    if (body.kind !== 'stream') return resolve('')
    let text = ''
    body.stream.subscribe({
      next(chunk) {
        text += Buffer.from(chunk).toString()
      },
      end: error => (error ? reject(error) : resolve(text)),
    })
  })
}

const idles = async (connections: KeptConnections, wanted: number) => {
  for (let tries = 0; tries < 500 && connections.idle !== wanted; tries++) await pause(2)
  assert.equal(connections.idle, wanted)
}

test('requests one after the other share a connection, those at the same time do not, whoever asks', async () => {
  const { sockets, connections, send } = await start((request, response) =>
    response.end(String(request.headers['x-remote-user'])),
  )
  for (const user of ['anna', 'bert', 'anna']) {
    assert.equal(await send('GET', { 'x-remote-user': user }), `200 ${user}`)
    assert.equal(await send('POST', { 'x-remote-user': user }), `200 ${user}`)
    await idles(connections, 1)
  }
  assert.equal(sockets.length, 1)
  const all = await Promise.all([1, 2, 3].map(() => send('GET', { 'x-remote-user': 'anna' })))
  assert.deepEqual(all, ['200 anna', '200 anna', '200 anna'])
  assert.equal(sockets.length, 3)
  await idles(connections, 3)
})

test('a connection that the other end has closed meanwhile is asked once more for what changes nothing', async () => {
  const seen: string[] = []
  const { sockets, connections, send } = await start((request, response, at) => {
    seen.push(request.method ?? '')
    if (at > 0) request.socket.destroy()
    else response.end('ok')
  })
  await send('GET')
  await idles(connections, 1)
  assert.equal(await send('GET'), '200 ok')
  assert.equal(sockets.length, 2)
  await idles(connections, 0)
  await send('GET')
  await idles(connections, 1)
  seen.length = 0
  await assert.rejects(send('POST'), { reason: 'ServiceUnavailable' })
  assert.deepEqual(seen, ['POST'])
})

test('what changes something is never sent where the other end has closed before', async () => {
  const seen: string[] = []
  const { sockets, connections, send } = await start((request, response) => {
    seen.push(request.method ?? '')
    response.end('ok')
  })
  for (const close of ['end', 'destroy'] as const)
    for (const method of ['POST', 'PATCH', 'DELETE'] as const) {
      await send('GET')
      await idles(connections, 1)
      // The client has not heard of it when it asks.
      sockets.at(-1)?.[close]()
      assert.equal(await send(method), '200 ok')
      await idles(connections, 1)
      connections.drop()
    }
  const writes = ['POST', 'PATCH', 'DELETE']
  assert.deepEqual(
    seen,
    [...writes, ...writes].flatMap(method => ['GET', method]),
  )
  assert.equal(sockets.length, 12)
})

test('a request whose peer is gone ends, one whose peer is slow does not', async () => {
  const clock = createManualClock()
  const waiting: ServerResponse[] = []
  const silent = createServer((_request, response) => void waiting.push(response))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const connections = new KeptConnections()
  const forwarder = createForwarders({ clock })({
    scheme: 'http',
    address: '127.0.0.1',
    port,
    connections,
  })
  const arrived = async () => {
    const probe = once(silent, 'connection')
    await clock.advance(30_000)
    const [socket] = await probe
    // Who asked has had its sign of life then, and begins to wait anew.
    await once(socket, 'close')
  }
  const slow = forwarder.request({ method: 'POST', path: '/x', body: Buffer.from('{}') })
  while (waiting.length === 0) await pause(1)
  await arrived()
  await arrived()
  waiting[0]?.end('at last')
  assert.equal(await textOf(await slow), 'at last')
  connections.drop()
  const asked = forwarder.request({ method: 'POST', path: '/y' })
  const lost = assert.rejects(asked, { message: /the connection is lost$/ })
  while (waiting.length === 1) await pause(1)
  // The connection stands; nobody listens there any more.
  silent.close()
  await clock.advance(30_000)
  await lost
  connections.close()
  silent.closeAllConnections()
})

test('what breaks off on a new connection is not asked again', async () => {
  let count = 0
  const { send } = await start(request => {
    count++
    request.socket.destroy()
  })
  await assert.rejects(send('GET'), { reason: 'ServiceUnavailable' })
  assert.equal(count, 1)
})

test('dropped connections that are idle end at once, and where all is closed none is kept', async () => {
  const { sockets, connections, send } = await start()
  await Promise.all([send('GET'), send('GET')])
  await idles(connections, 2)
  connections.drop()
  assert.equal(connections.idle, 0)
  assert.equal(await send('GET'), '200 ok')
  assert.equal(sockets.length, 3)
  await idles(connections, 1)
  connections.close()
  assert.equal(await send('GET'), '200 ok')
  await pause(20)
  assert.equal(connections.idle, 0)
  assert.equal(sockets.length, 4)
})

test('an answer under way when its connection is dropped is complete, and the last on it', async () => {
  let finish = () => {}
  let isBegun = false
  const { sockets, connections, send } = await start((_request, response) => {
    response.write('be')
    finish = () => void response.end('gun')
    isBegun = true
  })
  const under = send('GET')
  while (!isBegun) await pause(1)
  await pause(20)
  connections.drop()
  finish()
  assert.equal(await under, '200 begun')
  while (!sockets[0]?.destroyed && !sockets[0]?.readableEnded) await pause(1)
  assert.equal(connections.idle, 0)
})

test('an idle connection on which something comes unasked is not used again', async () => {
  const { sockets, connections, send } = await start()
  await send('GET')
  await idles(connections, 1)
  sockets[0]?.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil')
  await idles(connections, 0)
  assert.equal(await send('GET'), '200 ok')
  assert.equal(sockets.length, 2)
})

test('another target, also one that is known otherwise, has connections of its own', async () => {
  const { connections, forwarderTo, place, sockets } = await start()
  for (const [serverName, wanted] of [
    ['one', 1],
    ['two', 2],
    ['one', 2],
  ] as const) {
    const tls = { serverName, isUnchecked: true, certificate: '', key: '' }
    const forwarder = forwarderTo({ ...place, tls, connections })
    await textOf(await forwarder.request({ method: 'GET', path: '/' }))
    await idles(connections, wanted)
  }
  assert.equal(sockets.length, 2)
})

test('a client that goes takes its connection along, and an upgrade has one of its own', async () => {
  const { connections, forwarderTo, place, sockets, send } = await start((_request, response) => {
    if (sockets.length === 1) response.write('endless')
    else response.end('ok')
  })
  const watch = await forwarderTo({ ...place, connections }).request({ method: 'GET', path: '/' })
  assert.ok(watch.body.kind === 'stream')
  await new Promise<void>(resolve => {
    if (watch.body.kind !== 'stream') return
    const cancel = watch.body.stream.subscribe({
      next() {
        queueMicrotask(() => cancel())
        resolve()
      },
      end() {},
    })
  })
  await pause(20)
  assert.equal(connections.idle, 0)
  await send('GET')
  await idles(connections, 1)
  const headers = { connection: 'Upgrade', upgrade: 'websocket' }
  await forwarderTo({ ...place, connections }).upgrade({ method: 'GET', path: '/', headers })
  assert.equal(sockets.length, 3)
})
