import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Clock } from '#base/clock.ts'
import { systemClock } from '#host/clock.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import { closed, rawConnection, serve, text, trust, until } from '../testing/serving.ts'
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
  const upgrade = async (): Promise<ServedUpgrade> => ({ messages, form: 'line' })
  const served = await serve(async () => text(200, ''), { upgrade })
  return { served, sink: () => sink as Sink, cancelled: () => cancelled }
}

/** Whether the reader takes nothing for a while; what still goes into the sockets is given the turns that it needs, however slow they are. */
async function staysFull(full: Promise<void>): Promise<boolean> {
  let hasRoom = false
  void full.then(() => {
    hasRoom = true
  })
  for (let looks = 0; looks < 20 && !hasRoom; looks++) await delay(5)
  return !hasRoom
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
  let isStuck = false
  // More than lies in the sockets of both sides.
  for (let count = 0; count < 1000 && !isStuck; count++) {
    isFull = sink().next(large) ?? undefined
    isStuck = isFull !== undefined && (await staysFull(isFull))
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.ok(isStuck)
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

interface Pieces {
  /** Called with the sink when somebody reads. */
  readonly begin?: (sink: Sink) => void
  readonly clock?: Clock
  /** Waited for before the server says what the answer is. */
  readonly before?: () => Promise<void>
}

/** A server that tells bytes, such as a log's. */
async function servePieces({ begin, clock = systemClock, before }: Pieces = {}) {
  const state = { subscribed: 0, cancelled: 0 }
  const messages: EventSource<Uint8Array> = {
    subscribe(sink) {
      state.subscribed++
      begin?.(sink)
      return () => {
        state.cancelled++
      }
    },
  }
  const upgrade = async (): Promise<ServedUpgrade> => {
    await before?.()
    return { messages, form: 'bytes' }
  }
  return { served: await serve(async () => text(200, ''), { upgrade, clock }), state }
}

/** All that is told, from the first message on, and how it ends. */
async function readAll(socket: WebSocket) {
  const told: [data: string, isBinary: boolean][] = []
  socket.on('message', (data, isBinary) => told.push([String(data), isBinary]))
  const [code] = await once(socket, 'close')
  return { told, code, protocol: socket.protocol }
}

test('bytes are told as they come, in the form that the client chose, behind an empty message', async () => {
  const begin = (sink: Sink) => {
    for (const piece of ['one\ntwo\n', '', '\n', 'é']) sink.next(Buffer.from(piece))
    sink.end()
  }
  const { served } = await servePieces({ begin })
  await using _ = served
  const binary = ['', 'one\ntwo\n', '\n', 'é'].map(data => [data, true])
  const base64 = ['', 'b25lCnR3bwo=', 'Cg==', 'w6k='].map(data => [data, false])
  const token = 'base64url.bearer.authorization.k8s.io.c2VjcmV0'
  for (const [offered, protocol, told] of [
    [[], '', binary],
    [[token], '', binary],
    [['binary.k8s.io'], 'binary.k8s.io', binary],
    [['base64.binary.k8s.io'], 'base64.binary.k8s.io', base64],
    [['base64.binary.k8s.io', 'binary.k8s.io'], 'base64.binary.k8s.io', base64],
    [['v4.channel.k8s.io', token, 'binary.k8s.io'], 'binary.k8s.io', binary],
  ] as const) {
    // `ws` itself would refuse an answer without any of the protocols that it offered.
    const socket = open(served.port, offered[0] === token ? [] : [...offered])
    assert.deepEqual(await readAll(socket), { told, code: 1000, protocol }, `${offered}`)
  }
})

const handshake = {
  Host: 'x',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol': 'binary.k8s.io',
}

test('a refused handshake gives back what was opened for it', async () => {
  const { served, state } = await servePieces()
  await using _ = served
  let refused = 0
  for (const [answer, changed, method] of [
    [/^HTTP\/1\.1 403 [\s\S]*channel\.k8s\.io/, { 'Sec-WebSocket-Protocol': 'channel.k8s.io' }],
    [/^HTTP\/1\.1 400 [\s\S]*Sec-WebSocket-Key/, { 'Sec-WebSocket-Key': 'short' }],
    [/^HTTP\/1\.1 400 [\s\S]*version 13/, { 'Sec-WebSocket-Version': '7' }],
    [/^HTTP\/1\.1 400 [\s\S]*GET/, {}, 'POST'],
    [/^HTTP\/1\.1 400 [\s\S]*web socket only/, { Upgrade: 'SPDY/3.1' }, 'POST'],
  ] as const) {
    const lines = Object.entries({ ...handshake, ...changed }).map(each => each.join(': '))
    const socket = await rawConnection(served)
    let heard = ''
    socket.on('data', (chunk: Buffer) => {
      heard += chunk
    })
    socket.write(`${method ?? 'GET'} / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    await closed(socket)
    assert.match(heard, answer)
    assert.match(heard, /"kind":"Status"/)
    refused++
    assert.deepEqual(state, { subscribed: refused, cancelled: refused })
  }
})

test('so does a client that is gone before it is answered', async () => {
  const [asked, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const before = () => {
    asked.resolve()
    return goOn.promise
  }
  const { served, state } = await servePieces({ before })
  await using _ = served
  const socket = await rawConnection(served)
  const lines = Object.entries(handshake).map(each => each.join(': '))
  socket.write(`GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  await asked.promise
  socket.destroy()
  await delay(30)
  goOn.resolve()
  await until(() => state.cancelled === 1)
})

test('what broke off does not end like what is complete', async () => {
  const begin = (sink: Sink) => {
    sink.next(Buffer.from('some'))
    sink.end(new Error('the kubelet is gone'))
  }
  const { served } = await servePieces({ begin })
  await using _ = served
  const { told, code } = await readAll(open(served.port))
  assert.deepEqual([told.at(-1)?.[0], code], ['some', 1013])
})

/** Goes on until its reader has taken nothing for a while, and then is at its end. */
function fillsUp() {
  const state = { bytes: 0, isOver: false }
  const begin = async (sink: Sink) => {
    const piece = Buffer.alloc(64 * 1024, 'x')
    let isStuck = false
    while (!isStuck) {
      state.bytes += piece.length
      const full = sink.next(piece)
      if (full) isStuck = await staysFull(full)
    }
    sink.end()
    state.isOver = true
  }
  return { state, begin: (sink: Sink) => void begin(sink) }
}

test('a slow reader has all of it before the end is told', async () => {
  const { state, begin } = fillsUp()
  // A reader has a minute to take something.
  const clock = createManualClock()
  const { served } = await servePieces({ begin, clock })
  await using _ = served
  const socket = open(served.port, ['binary.k8s.io'])
  let read = 0
  socket.on('message', data => {
    read += (data as Buffer).length
  })
  await once(socket, 'open')
  socket.pause()
  await until(() => state.isOver)
  await clock.advance(59_000)
  socket.resume()
  assert.deepEqual((await once(socket, 'close'))[0], 1000)
  assert.equal(read, state.bytes)
})

test('who takes nothing more is cut off in the end', async () => {
  const { state, begin } = fillsUp()
  // A reader has a minute to take something.
  const clock = createManualClock()
  const { served } = await servePieces({ begin, clock })
  await using _ = served
  const socket = open(served.port, ['binary.k8s.io'])
  socket.on('error', () => {})
  await once(socket, 'open')
  socket.pause()
  await until(() => state.isOver)
  await clock.advance(60_000)
  socket.resume()
  assert.deepEqual((await once(socket, 'close'))[0], 1006)
})
