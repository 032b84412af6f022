import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, test } from 'node:test'
import { createManualClock } from '#client/testing/manual-clock.ts'
import { connectGrpc, type GrpcConnection, GrpcError, grpcCode } from './grpc.ts'

const directory = mkdtempSync(join(tmpdir(), 'proa-grpc-'))
const socketPath = join(directory, 'grpc.sock')
let server: Http2Server
let grpc: GrpcConnection
let answer: (stream: ServerHttp2Stream, request: Buffer) => void
/** Deadlines pass when a test says so: on a busy machine even an answer that comes at once may take long. */
const clock = createManualClock()
const sessions = new Set<{ destroy(): void }>()

async function listen(): Promise<void> {
  server = createServer()
  server.on('session', session => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => {})
  })
  server.on('stream', async (stream: ServerHttp2Stream) => {
    stream.on('error', () => {})
    const parts: Buffer[] = []
    for await (const part of stream) parts.push(part)
    answer(stream, Buffer.concat(parts))
  })
  await new Promise<void>(resolve => {
    server.listen(socketPath, resolve)
  })
}

async function stop(): Promise<void> {
  for (const session of sessions) session.destroy()
  await new Promise(resolve => server.close(resolve))
}

beforeEach(async () => {
  await listen()
  grpc = connectGrpc({ socketPath, clock })
})
afterEach(async () => {
  grpc.close()
  await stop()
})
after(() => rmSync(directory, { recursive: true, force: true }))

const framed = (text: string) => {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(text.length, 1)
  return Buffer.concat([header, Buffer.from(text)])
}

function succeed(stream: ServerHttp2Stream, ...messages: Buffer[]): void {
  stream.respond({ ':status': 200 }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  for (const message of messages) stream.write(message)
  stream.end()
}

const call = (timeoutMs = 30_000) =>
  grpc.call({ path: '/a.Service/Method', request: Buffer.from('ask'), timeoutMs })

async function failure(promise: Promise<unknown>): Promise<GrpcError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.ok(error instanceof GrpcError, String(error))
  return error
}

test('a call and its answer, in whatever pieces it comes', async () => {
  answer = (stream, request) => {
    assert.deepEqual(request, framed('ask'))
    const whole = framed('answer')
    succeed(stream, whole.subarray(0, 3), whole.subarray(3, 7), whole.subarray(7))
  }
  assert.equal(Buffer.from(await call()).toString(), 'answer')
})

test('errors say what the server said', async () => {
  answer = stream => {
    stream.respond(
      { ':status': 200, 'grpc-status': '5', 'grpc-message': 'no such thing: 100%25 gone' },
      { endStream: true },
    )
  }
  const error = await failure(call())
  assert.equal(error.code, grpcCode.notFound)
  assert.equal(error.message, 'no such thing: 100% gone')
})

test('a deadline ends the call on both sides', async () => {
  const asked = Promise.withResolvers<void>()
  const cancelled = Promise.withResolvers<void>()
  let isOver = false
  answer = stream => {
    stream.respond({ ':status': 200 })
    stream.on('close', cancelled.resolve)
    asked.resolve()
  }
  const failed = failure(call(50)).finally(() => {
    isOver = true
  })
  await asked.promise
  await clock.advance(49)
  assert.equal(isOver, false)
  await clock.advance(1)
  const error = await failed
  assert.equal(error.code, grpcCode.deadlineExceeded)
  assert.match(error.message, /did not answer Method within 0 s/)
  await cancelled.promise
})

test('a server that goes away and comes back', async () => {
  answer = stream => succeed(stream, framed('one'))
  await call()
  await stop()
  const error = await failure(call())
  assert.equal(error.code, grpcCode.unavailable)
  assert.match(error.message, /^containerd can not be reached at .*grpc\.sock: /)
  await listen()
  assert.equal(Buffer.from(await call()).toString(), 'one')
})

test('a call under way when the server dies fails, a stream ends with an error', async () => {
  let asked = 0
  answer = () => {
    asked++
  }
  const waiting = failure(call())
  const ended = new Promise<Error | undefined>(resolve => {
    grpc.stream(
      { path: '/a.Service/Stream', request: Buffer.alloc(0) },
      { next() {}, end: resolve },
    )
  })
  while (asked < 2) await new Promise(resolve => setTimeout(resolve, 5))
  for (const session of sessions) session.destroy()
  assert.equal((await waiting).code, grpcCode.unavailable)
  assert.ok((await ended) instanceof GrpcError)
})

test('a stream hands out messages as they come, until it is cancelled', async () => {
  const heard: string[] = []
  let send = (_: string) => {}
  answer = stream => {
    stream.respond({ ':status': 200 })
    send = text => stream.write(framed(text))
    send('a')
  }
  const cancel = grpc.stream(
    { path: '/a.Service/Stream', request: Buffer.alloc(0) },
    { next: message => heard.push(Buffer.from(message).toString()), end() {} },
  )
  while (heard.length < 1) await new Promise(resolve => setTimeout(resolve, 5))
  send('b')
  while (heard.length < 2) await new Promise(resolve => setTimeout(resolve, 5))
  cancel()
  send('c')
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.deepEqual(heard, ['a', 'b'])
})

test('a message that is too long, an answer that is none', async () => {
  answer = stream => {
    stream.respond({ ':status': 200 })
    stream.write(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]))
  }
  assert.match((await failure(call())).message, /too long/)
  answer = stream => stream.respond({ ':status': 404 }, { endStream: true })
  assert.match((await failure(call())).message, /404/)
  answer = stream => succeed(stream)
  assert.match((await failure(call())).message, /without a message/)
})

test('a stream of what nobody can read ends with a sentence, not with the process', async () => {
  answer = stream => {
    stream.respond({ ':status': 200 })
    for (const text of ['good', 'garbage', 'good']) stream.write(framed(text))
  }
  const heard: string[] = []
  const error = await new Promise<Error | undefined>(end =>
    grpc.stream(
      { path: '/a.Service/Stream', request: Buffer.alloc(0) },
      {
        next(message) {
          heard.push(Buffer.from(message).toString())
          if (heard.at(-1) === 'garbage') throw new Error('a field is longer than its message')
        },
        end,
      },
    ),
  )
  assert.ok(error instanceof GrpcError)
  assert.equal(
    error.message,
    'containerd sent what can not be read: a field is longer than its message',
  )
  assert.deepEqual(heard, ['good', 'garbage'])
})

test('an answer has one message, however many a server sends', async () => {
  let sent = 0
  answer = stream => {
    stream.respond({ ':status': 200 })
    const flood = () => {
      if (stream.destroyed || sent > 1000) return
      sent++
      stream.write(framed('again'), flood)
    }
    flood()
  }
  assert.match((await failure(call())).message, /more than one message/)
  assert.ok(sent <= 1000)
})
