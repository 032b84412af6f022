/** Flow control both ways: what may go and come, and that no room is lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  collected,
  frame,
  headerBlock,
  headersFrame,
  Peer,
  requestBlock,
} from '../../testing/http2-peer.ts'
import { ErrorCode, Flag, FrameType, MAXIMUM_PAYLOAD, uint32 } from './frames.ts'
import { Setting, writeSettings } from './settings.ts'
import type { Http2Stream } from './stream.ts'

const { data, settings, windowUpdate, reset, continuation, headers } = FrameType
const GET = requestBlock()
const POST = requestBlock('POST')

const sized = (bytes: number) => new Uint8Array(bytes)
const initialWindow = (bytes: number) =>
  frame(settings, 0, 0, writeSettings([[Setting.initialWindow, bytes]]))

test('answers go as far as the window of the stream, and on when it grows', async () => {
  const body = Buffer.alloc(3000, 'abc')
  const peer = new Peer({
    settings: writeSettings([[Setting.initialWindow, 1000]]),
    request: stream => {
      stream.begin(200, {}, true)
      stream.end(body)
    },
  })
  peer.send(headersFrame(1, GET), headersFrame(3, GET))
  await peer.settle()
  assert.deepEqual([peer.body(1).length, peer.body(3).length], [1000, 1000])
  peer.send(frame(windowUpdate, 0, 1, uint32(500)))
  await peer.settle()
  assert.deepEqual([peer.body(1).length, peer.body(3).length], [1500, 1000])
  peer.send(initialWindow(3000))
  await peer.settle()
  assert.ok(peer.isEnded(1) && peer.isEnded(3))
  assert.deepEqual(peer.body(1), body)
  assert.deepEqual(peer.body(3), body)
  await peer.close()
})

test('many small pieces go in few frames, and arrive as they were written however the room comes', async () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 60 })
  const rooms = fc.array(fc.integer({ min: 1, max: 40_000 }), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(pieces, rooms, async (sizes, grown) => {
      const written = sizes.map((size, at) => Buffer.alloc(size, `${at} `))
      const peer = new Peer({
        settings: writeSettings([[Setting.initialWindow, 700]]),
        request: stream => {
          stream.begin(200, {}, true)
          for (const piece of written) stream.write(piece)
          stream.end()
        },
      })
      peer.send(frame(windowUpdate, 0, 0, uint32(1_000_000)), headersFrame(1, GET))
      await peer.settle()
      for (const room of [...grown, 1_000_000]) {
        const { stream } = peer.asked[0] ?? assert.fail('not asked')
        if (!stream.isOver) peer.send(frame(windowUpdate, 0, 1, uint32(room)))
        await peer.settle()
      }
      const all = Buffer.concat(written)
      assert.deepEqual(peer.body(1), all)
      assert.ok(peer.isEnded(1))
      const most = 1 + grown.length + Math.ceil(all.length / MAXIMUM_PAYLOAD) + 1
      assert.ok(peer.of(data, 1).length <= most + grown.length, 'as few frames as the room allows')
      await peer.close()
    }),
    { numRuns: 60 },
  )
})

test('a window that the client takes back is below zero until it is paid for', async () => {
  const peer = new Peer({
    settings: writeSettings([[Setting.initialWindow, 1000]]),
    request: stream => {
      stream.begin(200, {}, true)
      stream.end(sized(3000))
    },
  })
  peer.send(headersFrame(1, GET))
  await peer.settle()
  peer.send(initialWindow(200)) // Now −800.
  peer.send(frame(windowUpdate, 0, 1, uint32(800)))
  await peer.settle()
  assert.equal(peer.body(1).length, 1000)
  peer.send(frame(windowUpdate, 0, 1, uint32(1)))
  await peer.settle()
  assert.equal(peer.body(1).length, 1001)
  await peer.close()
})

test('an answer that ends with nothing needs no room, not even on the connection', async () => {
  const peer = new Peer({
    request: stream => {
      stream.begin(200, {}, true)
      if (stream.id === 1) stream.end(sized(100_000))
      else stream.end()
    },
  })
  peer.send(frame(windowUpdate, 0, 0, uint32(1)), headersFrame(1, GET), headersFrame(3, GET))
  await peer.settle()
  assert.equal(peer.body(1).length, 65_535)
  assert.ok(peer.isEnded(3))
  await peer.close()
})

test('windows that grow too much, or by nothing', async () => {
  const most = 0x7fff_ffff
  for (const [stream, bytes, code] of [
    [0, most, ErrorCode.flowControl],
    [0, 0, ErrorCode.protocol],
  ] as const) {
    const peer = new Peer()
    peer.send(frame(windowUpdate, 0, stream, uint32(bytes)))
    await peer.settle()
    assert.equal(peer.farewell, code)
    await peer.close()
  }
  const peer = new Peer()
  peer.send(headersFrame(1, GET), headersFrame(3, GET))
  peer.send(frame(windowUpdate, 0, 1, uint32(most)), frame(windowUpdate, 0, 3, uint32(0)))
  await peer.settle()
  assert.equal(peer.resetCode(1), ErrorCode.flowControl)
  assert.equal(peer.resetCode(3), ErrorCode.protocol)
  peer.send(headersFrame(5, GET), frame(windowUpdate, 0, 5, uint32(1_000_000)), initialWindow(most))
  await peer.settle()
  assert.equal(peer.farewell, ErrorCode.flowControl)
  await peer.close()
})

test('a body flows as it is read, and no further than its window unread', async () => {
  const limits = { streamWindowBytes: 70_000, connectionWindowBytes: 100_000 }
  const peer = new Peer({ limits })
  peer.send(headersFrame(1, POST, false))
  for (let i = 0; i < 7; i++) peer.send(frame(data, 0, 1, sized(10_000)))
  await peer.settle()
  assert.deepEqual(peer.of(windowUpdate, 1), [])
  const [asked = assert.fail()] = peer.asked
  const body = collected(asked.stream)
  await peer.settle()
  assert.equal(body.bytes, 70_000)
  const told = (stream: number) =>
    peer.of(windowUpdate, stream).reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0)
  // In steps of half a window at least.
  assert.equal(told(1), 40_000)
  assert.equal(told(0), 34_465 + 50_000)
  for (let i = 0; i < 4; i++) peer.send(frame(data, i === 3 ? Flag.endStream : 0, 1, sized(10_000)))
  await peer.settle()
  assert.ok(body.isWhole)
  assert.equal(body.bytes, 110_000)
  assert.equal(peer.farewell, undefined)
  await peer.close()
})

test('who sends more than there is room for loses the stream, or the connection', async () => {
  const limits = { streamWindowBytes: 70_000, connectionWindowBytes: 100_000 }
  const peer = new Peer({ limits })
  peer.send(headersFrame(1, POST, false), headersFrame(3, POST, false))
  for (let i = 0; i < 7; i++) peer.send(frame(data, 0, 1, sized(10_000)))
  peer.send(frame(data, 0, 1, sized(1)))
  await peer.settle()
  assert.equal(peer.resetCode(1), ErrorCode.flowControl)
  for (let i = 0; i < 6; i++) peer.send(frame(data, 0, 3, sized(10_000)))
  await peer.settle()
  assert.equal(peer.farewell, undefined)
  for (let i = 0; i < 5; i++) peer.send(frame(data, 0, 3, sized(10_000)))
  await peer.settle()
  assert.equal(peer.resetCode(3) ?? peer.farewell, ErrorCode.flowControl)
  await peer.close()
  const other = new Peer({ limits })
  other.send(headersFrame(1, POST, false), headersFrame(3, POST, false))
  for (let i = 0; i < 11; i++) other.send(frame(data, 0, i % 2 === 0 ? 1 : 3, sized(10_000)))
  await other.settle()
  assert.equal(other.farewell, ErrorCode.flowControl)
  await other.close()
})

/** Room on the connection that is lost again and again is missing in the end. */
async function sendsForever(
  round: (peer: Peer, id: number) => void,
  request: (stream: Http2Stream) => void = () => {},
): Promise<void> {
  const limits = { resets: [1e9, 1], connectionWindowBytes: 100_000 } as const
  const peer = new Peer({ limits, request })
  for (let id = 1; id < 200; id += 2) {
    round(peer, id)
    await peer.settle(4)
    assert.equal(peer.farewell, undefined, `stream ${id}`)
  }
  await peer.close()
}

test('bodies of requests that are over give their room back', async () => {
  const cancel = (id: number) => frame(reset, 0, id, uint32(ErrorCode.cancel))
  const body = (id: number, flags = 0) => frame(data, flags, id, sized(10_000))
  // Cancelled before anybody read, in whole and in part.
  await sendsForever((peer, id) => peer.send(headersFrame(id, POST, false), body(id), cancel(id)))
  await sendsForever((peer, id) =>
    peer.send(headersFrame(id, POST, false), body(id, Flag.endStream), cancel(id)),
  )
  // Not what it announced.
  const announced = requestBlock('POST', [['content-length', '5']])
  await sendsForever((peer, id) => peer.send(headersFrame(id, announced, false), body(id)))
  // Padding; and a body that nobody wants.
  const padded = Buffer.concat([Buffer.of(255), sized(10_255)])
  await sendsForever(
    (peer, id) =>
      peer.send(
        headersFrame(id, POST, false),
        frame(data, Flag.padded | Flag.endStream, id, padded),
      ),
    stream => {
      stream.discard()
      stream.begin(204, {}, false)
    },
  )
  // After the stream was reset.
  await sendsForever(
    (peer, id) => {
      peer.send(headersFrame(id, POST, false))
      peer.send(body(id))
      peer.send(body(id))
    },
    stream => stream.reset(),
  )
  // Answered before it came, and answered because its headers were too large.
  await sendsForever(
    (peer, id) => peer.send(headersFrame(id, POST, false), body(id, Flag.endStream)),
    stream => stream.begin(401, {}, false),
  )
  const large = requestBlock('POST', [['x', 'y'.repeat(16_000)]])
  const parts = (id: number) => [
    frame(headers, 0, id, large),
    ...Array.from({ length: 4 }, (_, i) =>
      frame(
        continuation,
        i === 3 ? Flag.endHeaders : 0,
        id,
        headerBlock([['x', 'y'.repeat(14_000)]]),
      ),
    ),
  ]
  await sendsForever((peer, id) => peer.send(...parts(id), body(id, Flag.endStream)))
})

test('room is given back once, also where a body is read, or let go, after its stream is over', async () => {
  const limits = { connectionWindowBytes: 100_000 }
  for (const end of [collected, (stream: Http2Stream) => stream.discard()]) {
    const peer = new Peer({ limits })
    for (const id of [1, 3]) {
      peer.send(headersFrame(id, POST, false), frame(data, Flag.endStream, id, sized(15_000)))
      peer.send(frame(reset, 0, id, uint32(ErrorCode.cancel)))
    }
    await peer.settle()
    for (const { stream } of peer.asked) end(stream)
    // 30,000 were given back, too few to tell the client: 100,000 more are too many, which twice 30,000 would allow.
    for (const id of [5, 7]) peer.send(headersFrame(id, POST, false))
    for (let i = 0; i < 10; i++) peer.send(frame(data, 0, i < 5 ? 5 : 7, sized(10_000)))
    await peer.settle()
    assert.equal(peer.farewell, ErrorCode.flowControl)
    await peer.close()
  }
})

test('streams that are cancelled while the connection has no room are forgotten', async () => {
  const peer = new Peer({
    request: stream => {
      stream.begin(200, {}, true)
      stream.end(sized(100_000))
    },
  })
  for (const id of [1, 3, 5]) peer.send(headersFrame(id, GET))
  await peer.settle()
  for (const id of [1, 3, 5]) peer.send(frame(reset, 0, id, uint32(ErrorCode.cancel)))
  peer.session.retire()
  await peer.settle()
  assert.ok(peer.socket.writableFinished)
  await peer.close()
})
