/** What a client can do without end, each against its limit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { cpuMs } from '#base/testing/cpu-time.ts'
import {
  frame,
  headerBlock,
  headersFrame,
  Peer,
  type PeerOptions,
  requestBlock,
} from '../../testing/http2-peer.ts'
import { ErrorCode, Flag, type Frame, FrameType, joinFrames, uint32 } from './frames.ts'
import { Setting, writeSettings } from './settings.ts'
import type { Http2Stream } from './stream.ts'

const { data, settings, ping, windowUpdate, reset, continuation, headers, priority } = FrameType
const GET = requestBlock()
const POST = requestBlock('POST')
const NONE = new Uint8Array()

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** What is held once buffers have gone, too: they are given back aside, some time after the objects that had them. */
async function keptInTheEnd(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    collect()
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** How many rounds of the frames were taken before the connection ended; all of them where it did not. */
async function roundsTaken(
  rounds: number,
  frames: (round: number) => Frame[],
  options: PeerOptions = {},
): Promise<{ rounds: number; farewell: number | undefined }> {
  const peer = new Peer(options)
  let round = 0
  for (; round < rounds && peer.farewell === undefined; round++) {
    peer.send(...frames(round))
    if (round % 10 === 9) await peer.settle(2)
  }
  await peer.settle()
  const { farewell } = peer
  await peer.close()
  return { rounds: round, farewell }
}

const CALM = ErrorCode.enhanceYourCalm
const idOf = (round: number) => round * 2 + 1

test('requests that are cancelled without end', async () => {
  const { rounds, farewell } = await roundsTaken(5000, round => [
    headersFrame(idOf(round), GET),
    frame(reset, 0, idOf(round), uint32(ErrorCode.cancel)),
  ])
  assert.equal(farewell, CALM)
  assert.ok(rounds > 1000 && rounds <= 1020, `${rounds}`)
})

test('a thousand watches may be ended at once, and more in time', async () => {
  const peer = new Peer({ limits: { resets: [100, 10] } })
  let id = 1
  const cancel = async (count: number) => {
    for (let i = 0; i < count; i++, id += 2)
      peer.send(headersFrame(id, GET), frame(reset, 0, id, uint32(ErrorCode.cancel)))
    await peer.settle()
  }
  await cancel(100)
  peer.nowMs += 2000
  await cancel(20)
  assert.equal(peer.farewell, undefined)
  await cancel(2)
  assert.equal(peer.farewell, CALM)
  await peer.close()
})

const idle: Record<string, (round: number) => Frame[]> = {
  PING: () => [frame(ping, 0, 0, new Uint8Array(8))],
  'acknowledged PING': () => [frame(ping, Flag.ack, 0, new Uint8Array(8))],
  SETTINGS: () => [frame(settings, 0, 0, NONE)],
  PRIORITY: () => [frame(priority, 0, 1, Buffer.of(0, 0, 0, 3, 1))],
  'unknown frames': () => [frame(77, 0, 0, NONE)],
  'empty DATA': round => [
    ...(round === 0 ? [headersFrame(1, POST, false)] : []),
    frame(data, 0, 1, NONE),
  ],
  'padding alone': round => [
    ...(round === 0 ? [headersFrame(1, POST, false)] : []),
    frame(data, Flag.padded, 1, Buffer.of(3, 0, 0, 0)),
  ],
}
for (const [name, frames] of Object.entries(idle))
  test(`${name} without end`, async () => {
    const { rounds, farewell } = await roundsTaken(12_000, frames)
    assert.equal(farewell, CALM)
    assert.ok(rounds > 4900 && rounds <= 5020, `${rounds}`)
  })

test('CONTINUATION without end, in large pieces and in small ones', async () => {
  for (const size of [16_384, 100, 0]) {
    const piece = Buffer.alloc(size, headerBlock([['a', 'b']]))
    const { rounds, farewell } = await roundsTaken(5000, round => [
      round === 0 ? frame(headers, 0, 1, GET) : frame(continuation, 0, 1, piece),
    ])
    assert.equal(farewell, CALM)
    assert.ok(rounds <= 80 && rounds * size <= 300 * 1024, `${rounds} of ${size}`)
  }
})

test('a block in many small pieces keeps no more than it weighs', async () => {
  const before = await keptInTheEnd()
  const peers: Peer[] = []
  for (let i = 0; i < 4; i++) {
    const peer = new Peer()
    peers.push(peer)
    peer.send(frame(headers, 0, 1, GET))
    for (let round = 0; round < 100_000 && peer.farewell === undefined; round++) {
      peer.client.write(Buffer.from(joinFrames([frame(continuation, 0, 1, Buffer.of(0))])))
      if (round % 100 === 0) await peer.settle(1)
    }
    await peer.settle()
  }
  const kept = ((await keptInTheEnd()) - before) / peers.length
  assert.ok(kept < 2 * 1024 * 1024, `${Math.round(kept / 1024)} KiB for one connection`)
  for (const peer of peers) await peer.close()
})

test('a large header that is repeated by a number of one byte', async () => {
  const peer = new Peer()
  const large = headerBlock([['x', 'y'.repeat(4000)]], true)
  peer.send(headersFrame(1, Buffer.concat([GET, large])))
  const before = await keptInTheEnd()
  const begun = cpuMs()
  peer.send(
    frame(headers, Flag.endStream, 3, Buffer.concat([GET, Buffer.alloc(16_000, 0xbe)])),
    ...Array.from({ length: 6 }, (_, i) =>
      frame(continuation, i === 5 ? Flag.endHeaders : 0, 3, Buffer.alloc(16_384, 0xbe)),
    ),
  )
  await peer.settle()
  assert.ok(cpuMs() - begun < 400)
  assert.ok((await keptInTheEnd()) - before < 1024 * 1024)
  const [[stream, fields] = assert.fail()] = peer.answers()
  assert.deepEqual([stream, fields[0]?.value], [3, '431'])
  assert.equal(peer.asked.length, 1)
  await peer.close()
})

test('SETTINGS full of windows hold nobody up', async () => {
  const peer = new Peer({
    request: stream => {
      stream.begin(200, {}, true)
      stream.write(new Uint8Array(100_000))
    },
  })
  for (let round = 0; round < 250; round++) peer.send(headersFrame(idOf(round), GET))
  await peer.settle()
  const many = writeSettings(
    Array.from({ length: 2730 }, (_, i) => [Setting.initialWindow, i % 2 === 0 ? 0 : 1] as const),
  )
  const begun = cpuMs()
  for (let round = 0; round < 100; round++) {
    peer.send(frame(settings, 0, 0, many))
    await peer.settle(2)
  }
  // 1.6 MB; each window for itself would take four seconds.
  const spent = cpuMs() - begun
  assert.ok(spent < 1000, `${Math.round(spent)} ms`)
  await peer.close()
})

test('windows that grow byte by byte keep nothing', async () => {
  const peer = new Peer({
    settings: writeSettings([[Setting.initialWindow, 0]]),
    request: stream => {
      stream.begin(200, {}, true)
      stream.end(new Uint8Array(5_000))
    },
  })
  peer.send(headersFrame(1, GET))
  const grow = Array.from({ length: 500 }, () => frame(windowUpdate, 0, 1, uint32(1)))
  for (let round = 0; round < 10; round++) {
    peer.send(...grow)
    await peer.settle(2)
  }
  assert.ok(peer.isEnded(1))
  // 500 at once are one frame, not 500.
  assert.ok(peer.of(data, 1).length <= 20, `${peer.of(data, 1).length}`)
  const before = await keptInTheEnd()
  for (let round = 0; round < 200; round++) {
    peer.send(...Array.from({ length: 500 }, () => frame(windowUpdate, 0, 0, uint32(1))))
    await peer.settle(1)
  }
  assert.ok((await keptInTheEnd()) - before < 1024 * 1024)
  assert.equal(peer.farewell, undefined)
  await peer.close()
})

test('answers without bodies that nobody reads end the connection, wherever they come from', async () => {
  const waits: Http2Stream[] = []
  const peer = new Peer({ isReading: false, request: stream => void waits.push(stream) })
  const failures: unknown[] = []
  const failed = (error: unknown) => failures.push(error)
  process.on('uncaughtException', failed)
  for (let id = 1; id < 60_000 && !peer.socket.writableEnded; id += 2) {
    peer.send(headersFrame(id, id % 4 === 1 ? GET : POST, id % 4 === 1))
    if (id % 100 !== 99) continue
    await peer.settle(2)
    // As a handler answers: not while the request is taken.
    for (const stream of waits.splice(0)) stream.begin(204, { etag: 'x'.repeat(1000) }, false)
    await peer.settle(1)
  }
  await peer.settle()
  process.off('uncaughtException', failed)
  assert.deepEqual(failures, [])
  assert.ok(peer.socket.writableEnded)
  await peer.close()
})

test('what is written to a client that does not read is counted, and goes no further', async () => {
  const peer = new Peer({ isReading: false })
  peer.send(frame(windowUpdate, 0, 0, uint32(0x7000_0000)), headersFrame(1, GET))
  peer.send(frame(windowUpdate, 0, 1, uint32(0x7000_0000)))
  await peer.settle()
  const [{ stream } = assert.fail()] = peer.asked
  stream.begin(200, {}, true)
  stream.write(new Uint8Array(10 * 1024 * 1024))
  await peer.settle()
  assert.ok(stream.unsentBytes > 9 * 1024 * 1024, `${stream.unsentBytes} are unsent`)
  assert.ok(peer.socket.writableLength < 512 * 1024)
  let isDrained = false
  void stream.drained().then(() => {
    isDrained = true
  })
  await peer.settle()
  assert.ok(!isDrained)
  peer.client.resume()
  await peer.settle(1000)
  assert.ok(isDrained)
  await peer.close()
})

test('a hundred thousand requests on one connection leave nothing', async () => {
  const peer = new Peer({
    limits: { resets: [1e9, 1] },
    isReading: false,
    request: stream => {
      if (stream.id % 6 === 1) return
      stream.begin(200, { 'content-type': 'application/json' }, true)
      stream.end(stream.id % 6 === 5 ? Buffer.from('hello') : NONE)
    },
  })
  peer.client.resume()
  const run = async (from: number, to: number) => {
    for (let round = from; round < to; round += 100) {
      const ids = Array.from({ length: 100 }, (_, i) => idOf(round + i))
      peer.send(...ids.map(id => headersFrame(id, GET)))
      peer.send(frame(windowUpdate, 0, 0, uint32(1000)))
      await peer.settle(1)
      const left = ids.filter(id => id % 6 === 1)
      peer.send(...left.map(id => frame(reset, 0, id, uint32(ErrorCode.cancel))))
      peer.asked.length = 0
      await peer.settle(1)
    }
  }
  await run(0, 20_000)
  const before = await keptInTheEnd()
  await run(20_000, 100_000)
  const kept = (await keptInTheEnd()) - before
  assert.ok(kept < 0.25 * 1024 * 1024, `${kept} bytes were kept`)
  await peer.close()
})
