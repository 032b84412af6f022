import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { rawConnection, serve, text, trust } from '../testing/serving.ts'
import type { EventSource } from '../transport.ts'
import type { ServedUpgrade } from './handler.ts'

type Sink = Parameters<EventSource<Uint8Array>['subscribe']>[0]

async function serveMessages() {
  let sink: Sink | undefined
  let cancelled = 0
  const messages: EventSource<Uint8Array> = {
    subscribe(given) {
      sink = given
      sink.next(Buffer.from('{"type":"ADDED"}\n'))
      return () => {
        cancelled++
      }
    },
  }
  const upgrade = async (): Promise<ServedUpgrade> => ({ messages, isText: true })
  const served = await serve(async () => text(200, ''), { upgrade })
  return { served, sink: () => sink as Sink, cancelled: () => cancelled }
}

const open = (port: number, protocols: string[] = []) =>
  new WebSocket(`wss://127.0.0.1:${port}/watch`, protocols, trust)

test('each event is one text message, and the end of the watch ends the socket', async () => {
  const { served, sink, cancelled } = await serveMessages()
  await using _ = served
  const socket = open(served.port)
  const [first, isBinary] = await once(socket, 'message')
  assert.equal(String(first), '{"type":"ADDED"}')
  assert.equal(isBinary, false)
  sink().next(Buffer.from('{"type":"MODIFIED"}\n'))
  assert.equal(String((await once(socket, 'message'))[0]), '{"type":"MODIFIED"}')
  sink().end()
  const [code] = await once(socket, 'close')
  assert.equal(code, 1000)
  assert.equal(cancelled(), 1)
})

test('a client that goes ends the watch; the subprotocol answered is never its token', async () => {
  const { served, cancelled } = await serveMessages()
  await using _ = served
  const token = 'base64url.bearer.authorization.k8s.io.c2VjcmV0'
  const socket = open(served.port, [token, 'v1.mine'])
  await once(socket, 'message')
  assert.equal(socket.protocol, 'v1.mine')
  socket.close()
  await once(socket, 'close')
  while (cancelled() === 0) await new Promise(resolve => setTimeout(resolve, 5))
})

test('who does not read is cut off', async () => {
  const { served, sink, cancelled } = await serveMessages()
  await using _ = served
  const socket = open(served.port)
  await once(socket, 'message')
  socket.pause()
  const large = Buffer.alloc(1024 * 1024, 'x')
  for (let count = 0; count < 64 && cancelled() === 0; count++) {
    sink().next(large)
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.equal(cancelled(), 1)
  socket.terminate()
})

test('a source that can wait goes on at the pace of the client', async () => {
  const { served, sink, cancelled } = await serveMessages()
  await using _ = served
  const socket = open(served.port)
  await once(socket, 'message')
  socket.pause()
  const large = Buffer.alloc(64 * 1024, 'x')
  let isFull: Promise<void> | undefined
  // More than lies in the sockets of both sides.
  for (let count = 0; count < 1000 && !isFull; count++) {
    isFull = sink().next(large) ?? undefined
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.ok(isFull)
  let hasRoom = false
  void isFull.then(() => {
    hasRoom = true
  })
  await new Promise(resolve => setTimeout(resolve, 50))
  assert.equal(hasRoom, false)
  assert.equal(cancelled(), 0)
  socket.resume()
  await isFull
  // Nobody waits for one that is gone.
  socket.pause()
  isFull = undefined
  while (!isFull) {
    isFull = sink().next(large) ?? undefined
    await new Promise(resolve => setImmediate(resolve))
  }
  socket.terminate()
  await isFull
  while (cancelled() === 0) await new Promise(resolve => setTimeout(resolve, 5))
})

test('a tunnel carries bytes both ways and ends with either end', async () => {
  const far = new PassThrough()
  const tunnel = {
    headers: { upgrade: 'mine', connection: 'Upgrade' },
    socket: far,
    head: Buffer.from('hi '),
  }
  await using served = await serve(async () => text(200, ''), { upgrade: async () => ({ tunnel }) })
  const socket = await rawConnection(served)
  socket.write(
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nsent along ',
  )
  let heard = ''
  socket.on('data', (chunk: Buffer) => {
    heard += chunk
  })
  socket.write('and later')
  while (!heard.endsWith('and later')) await once(socket, 'data')
  assert.match(heard, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
  assert.match(heard, /\r\n\r\nhi sent along and later$/)
  far.destroy()
  await once(socket, 'close')
})
