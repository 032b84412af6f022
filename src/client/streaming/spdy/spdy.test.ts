import assert from 'node:assert/strict'
import { type Duplex, duplexPair } from 'node:stream'
import { test } from 'node:test'
import { constants, createDeflate } from 'node:zlib'
import fc from 'fast-check'
import { systemClock } from '#host/clock.ts'
import type { DuplexChannels } from '../../transport.ts'
import { bridgeChannels, channelPair } from '../bridge.ts'
import {
  decodeExecStatus,
  encodeExecStatus,
  exitCodeOf,
  exitStatus,
  finishExec,
} from '../exec-status.ts'
import { dictionary, dictionaryId } from './dictionary.ts'
import { acceptExecStreams, openExecStreams } from './exec.ts'
import { createFrameDecoder, encodeFrame } from './frames.ts'
import { createHeaderDecoder, createHeaderEncoder } from './headers.ts'
import { acceptPortForward, openPortForward } from './port-forward.ts'
import { SpdyProtocolError } from './protocol-error.ts'
import { createSpdySession } from './session.ts'

const clock = systemClock
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const bytes = (value: string) => new TextEncoder().encode(value)

/** Everything that arrives, by channel, until the channels close. */
function gather(channels: DuplexChannels) {
  const received = new Map<number, string>()
  const ended: number[] = []
  channels.onData((channel, data) => {
    received.set(channel, (received.get(channel) ?? '') + text(data))
  })
  channels.onEnd(channel => ended.push(channel))
  const closed = new Promise<Error | undefined>(resolve => {
    channels.onClose(resolve)
  })
  return { received, ended, closed }
}

function readAll(stream: { read(): Buffer | null }): Buffer {
  const parts: Buffer[] = []
  for (let part = stream.read(); part; part = stream.read()) parts.push(part)
  return Buffer.concat(parts)
}

async function execPair(channels = [0, 1, 2, 3]): Promise<[DuplexChannels, DuplexChannels]> {
  const [near, far] = duplexPair()
  return Promise.all([
    openExecStreams({ wire: near, clock, channels }),
    acceptExecStreams({ wire: far, clock, channels }),
  ])
}

test('the dictionary is the one that the protocol names', () => {
  let [low, high] = [1, 0]
  for (const byte of dictionary()) {
    low = (low + byte) % 65521
    high = (high + low) % 65521
  }
  assert.equal(high * 65536 + low, dictionaryId)
})

test('headers round-trip, block after block', () => {
  const [encode, decode] = [createHeaderEncoder(), createHeaderDecoder()]
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z-]{1,12}$/), fc.string()), headers => {
      assert.deepEqual({ ...decode(encode(headers)) }, { ...headers })
    }),
  )
})

test('headers of a compressor that keeps its state are understood', async () => {
  const deflate = createDeflate({ dictionary: dictionary(), level: 9 })
  const decode = createHeaderDecoder()
  const plain = (value: string) => {
    const encoded = createHeaderEncoder()({ streamtype: value, port: '8080' })
    // Behind the zlib header (6 bytes) and the stored block's own (5), before the flush marker (5).
    return encoded.subarray(11, encoded.length - 5)
  }
  for (const value of [
    'stdin',
    'stdout',
    'stdin',
    'x'.repeat(30_000),
    'stdin',
    'x'.repeat(30_000),
  ]) {
    deflate.write(plain(value))
    await new Promise<void>(resolve => deflate.flush(constants.Z_SYNC_FLUSH, resolve))
    const block = readAll(deflate)
    assert.equal(decode(block).streamtype, value)
  }
  deflate.close()
})

test('a block that inflates to more than a limit is an error', async () => {
  const deflate = createDeflate({ dictionary: dictionary() })
  deflate.write(Buffer.alloc(10_000_000))
  await new Promise<void>(resolve => deflate.flush(constants.Z_SYNC_FLUSH, resolve))
  const block = readAll(deflate)
  deflate.close()
  assert.throws(() => createHeaderDecoder()(block), SpdyProtocolError)
})

test('any bytes in any pieces: frames or a protocol error, nothing else', () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 })
  const control = fc
    .tuple(fc.integer({ min: 0, max: 12 }), fc.uint8Array({ maxLength: 40 }))
    .map(([type, payload]) =>
      Buffer.concat([Buffer.from([0x80, 3, 0, type, 0, 0, 0, payload.length]), payload]),
    )
  fc.assert(
    fc.property(fc.oneof(chunks, fc.array(control, { maxLength: 8 })), pieces => {
      const decode = createFrameDecoder()
      const headers = createHeaderDecoder()
      try {
        for (const piece of pieces)
          for (const frame of decode(piece)) if ('block' in frame) headers(frame.block)
      } catch (error) {
        assert.ok(error instanceof SpdyProtocolError, String(error))
      }
    }),
    { numRuns: 500 },
  )
})

test('a session survives whatever its peer sends: it closes with an error or goes on', async () => {
  const run = fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async noise => {
    const [near, far] = duplexPair()
    let closed = 0
    createSpdySession({
      wire: far,
      role: 'server',
      clock,
      accept: () => ({ data: () => undefined, end() {}, closed() {} }),
      closed: () => closed++,
    })
    near.resume()
    near.write(Buffer.from([0x80, 3, 0, 1, 0, 0, 0, noise.length]))
    near.write(noise)
    near.end()
    await new Promise(resolve => setImmediate(resolve))
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(closed, 1)
  })
  await fc.assert(run, { numRuns: 100 })
})

test('exec: both ways, half-closed stdin, exit code, close', async () => {
  const [client, server] = await execPair()
  const atClient = gather(client)
  const atServer = gather(server)
  await client.write(0, bytes('in'))
  client.end(0)
  await server.write(1, bytes('out'))
  await server.write(2, bytes('err'))
  await server.write(9, bytes('nobody asked'))
  await finishExec(server, exitStatus(7))
  assert.equal(await atClient.closed, undefined)
  assert.equal(await atServer.closed, undefined)
  assert.equal(atServer.received.get(0), 'in')
  assert.deepEqual(atServer.ended.includes(0), true)
  assert.equal(atClient.received.get(1), 'out')
  assert.equal(atClient.received.get(2), 'err')
  const status = decodeExecStatus(bytes(atClient.received.get(3) ?? ''))
  assert.equal(exitCodeOf(status), 7)
})

test('a client that opens stderr beside a terminal, and no stream for sizes, is served', async () => {
  const [near, far] = duplexPair()
  const [client, server] = await Promise.all([
    openExecStreams({ wire: near, clock, channels: [1, 2] }),
    acceptExecStreams({ wire: far, clock, channels: [3, 1, 4] }),
  ])
  const { received, closed } = gather(client)
  await server.write(1, bytes('told'))
  for (const channel of [1, 2, 3]) server.end(channel)
  await closed
  assert.equal(received.get(1), 'told')
})

test('a lost connection is told as an error, and writes fail', async () => {
  const [near, far] = duplexPair()
  const [client, server] = await Promise.all([
    openExecStreams({ wire: near, clock, channels: [0, 1, 3] }),
    acceptExecStreams({ wire: far, clock, channels: [0, 1, 3] }),
  ])
  const atClient = gather(client)
  gather(server)
  far.destroy()
  near.destroy()
  assert.match(String(await atClient.closed), /lost/)
  await assert.rejects(client.write(0, bytes('x')))
})

test('a connection that is lost after the Status has said all, one that is lost amid it has not', async () => {
  for (const cut of [0, 1]) {
    const [near, far] = duplexPair()
    const [client, server] = await Promise.all([
      openExecStreams({ wire: near, clock, channels: [0, 1, 3] }),
      acceptExecStreams({ wire: far, clock, channels: [0, 1, 3] }),
    ])
    const atClient = gather(client)
    const status = encodeExecStatus(exitStatus(9))
    const half = status.length >> 1
    await server.write(3, status.subarray(0, half))
    await server.write(3, status.subarray(half, status.length - cut))
    await new Promise(resolve => setImmediate(resolve))
    near.destroy(new Error('read ECONNRESET'))
    const error = await atClient.closed
    if (cut === 0) {
      assert.equal(error, undefined)
      assert.deepEqual(atClient.ended.toSorted(), [1, 3])
      const said = decodeExecStatus(bytes(atClient.received.get(3) ?? ''))
      assert.equal(exitCodeOf(said), 9)
    } else assert.match(String(error), /ECONNRESET/)
    far.destroy()
  }
})

test('a receiver that does not take holds its sender back, within a bound', async () => {
  const [client, server] = await execPair([0, 3])
  let received = 0
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  server.onData((_, data) => {
    received += data.length
    return held
  })
  gather(client)
  const chunk = new Uint8Array(64 * 1024)
  let sent = 0
  const sending = (async () => {
    for (let i = 0; i < 64; i++) {
      await client.write(0, chunk)
      sent += chunk.length
    }
  })()
  await new Promise(resolve => setTimeout(resolve, 50))
  assert.ok(received <= 1024 * 1024, `${received} bytes were pushed at a receiver that took none`)
  assert.ok(sent <= 1024 * 1024, `${sent} bytes were taken from the writer`)
  release()
  await sending
  while (received < 64 * chunk.length) await new Promise(resolve => setImmediate(resolve))
  assert.equal(received, 64 * chunk.length)
  server.close()
  client.close()
})

test('a stuck stream of a session leaves the others flowing', async () => {
  const [near, far] = duplexPair()
  const session = acceptPortForward({ wire: far, clock })
  session.onConnection(({ port, channels }) => {
    channels.onData((channel, data) =>
      port === 1 ? new Promise<void>(() => {}) : channels.write(channel, data),
    )
    channels.onEnd(() => {})
    channels.onClose(() => {})
  })
  const client = openPortForward({ wire: near, clock })
  const [stuck, echo] = [await client.connect(1), await client.connect(2)]
  gather(stuck)
  const atEcho = gather(echo)
  stuck.write(0, new Uint8Array(10 * 1024 * 1024)).catch(() => {})
  await echo.write(0, bytes('hello'))
  while (!atEcho.received.get(0)) await new Promise(resolve => setImmediate(resolve))
  assert.equal(atEcho.received.get(0), 'hello')
  client.close(new Error('done'))
  session.close(new Error('done'))
})

test('port-forward: many connections, each with its own end', async () => {
  const [near, far] = duplexPair()
  const session = acceptPortForward({ wire: far, clock })
  session.onConnection(({ port, channels }) => {
    const [pod, end] = channelPair()
    bridgeChannels(channels, end)
    let asked = ''
    pod.onData((_, data) => {
      asked += text(data)
    })
    pod.onEnd(async channel => {
      if (channel !== 0) return
      await pod.write(0, bytes(`${port}:${asked}`))
      pod.close()
    })
  })
  const client = openPortForward({ wire: near, clock })
  const answers = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const connection = await client.connect(8000 + index)
      const at = gather(connection)
      await connection.write(0, bytes(`ask${index}`))
      connection.end(0)
      assert.equal(await at.closed, undefined)
      return at.received.get(0)
    }),
  )
  assert.deepEqual(
    answers,
    answers.map((_, index) => `${8000 + index}:ask${index}`),
  )
  client.close()
})

test('too many pings without reading the answers end the session', async () => {
  const [near, far] = duplexPair()
  const over = new Promise<Error | undefined>(resolve => {
    createSpdySession({ wire: far, role: 'server', clock, closed: resolve })
  })
  const flood = Buffer.concat(Array.from({ length: 1000 }, (_, i) => encodeFrame.ping(i * 2 + 1)))
  ;(near as Duplex).on('error', () => {})
  for (let i = 0; i < 400; i++) near.write(flood)
  assert.ok((await over) instanceof SpdyProtocolError)
})
