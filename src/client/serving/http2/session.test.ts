import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  collected,
  DATE,
  frame,
  headerBlock,
  headersFrame,
  Peer,
  PREFACE,
  requestBlock,
} from '../../testing/http2-peer.ts'
import { ErrorCode, Flag, FrameType, uint32 } from './frames.ts'
import type { Http2Stream } from './stream.ts'

const { data, settings, ping, goAway, headers } = FrameType
const GET = requestBlock()
const POST = requestBlock('POST')

const sized = (bytes: number) => new Uint8Array(bytes)
const hello = (stream: Http2Stream) => {
  stream.begin(200, { 'content-type': 'text/plain' }, true)
  stream.end(Buffer.from('hello'))
}

test('a request is answered, and what it said is known', async () => {
  const peer = new Peer({ request: hello })
  peer.send(headersFrame(1, requestBlock('GET', [['accept', 'a']])))
  await peer.settle()
  assert.equal(peer.asked[0]?.head.headers.accept, 'a')
  assert.equal(peer.body(1).toString(), 'hello')
  assert.ok(peer.isEnded(1))
  assert.deepEqual(
    peer.answers()[0]?.[1].map(({ name, value }) => `${name}: ${value}`),
    [':status: 200', `date: ${DATE}`, 'content-type: text/plain'],
  )
  // Its settings came first, and the client's were acknowledged.
  assert.equal(peer.received[0]?.type, settings)
  assert.ok(peer.of(settings).some(({ flags }) => flags === Flag.ack))
  await peer.close()
})

test('a PING is answered with what it said, and an answer to one with nothing', async () => {
  const peer = new Peer()
  peer.send(frame(ping, 0, 0, Buffer.from('12345678')), frame(ping, Flag.ack, 0, sized(8)))
  await peer.settle()
  const [pong, ...more] = peer.of(ping)
  assert.deepEqual([pong?.flags, pong?.payload.toString(), more], [Flag.ack, '12345678', []])
  await peer.close()
})

test('the preface may come in pieces; what is none ends the connection', async () => {
  const peer = new Peer({ isSilent: true, request: hello })
  for (const byte of PREFACE) peer.client.write(Buffer.of(byte))
  peer.send(frame(settings, 0, 0, sized(0)), headersFrame(1, GET))
  await peer.settle(40)
  assert.ok(peer.isEnded(1))
  await peer.close()
  const other = new Peer({ isSilent: true })
  other.client.write('GET / HTTP/1.1\r\n')
  await other.settle()
  assert.equal(other.farewell, ErrorCode.protocol)
  await other.close()
})

test('headers that are too large are a 431, and the connection goes on', async () => {
  const peer = new Peer({ limits: { headerBytes: 1000 }, request: hello })
  peer.send(headersFrame(1, requestBlock('GET', [['x', 'y'.repeat(1000)]])))
  peer.send(headersFrame(3, GET))
  await peer.settle()
  const statuses = peer.answers().map(([stream, [status]]) => [stream, status?.value])
  assert.deepEqual(statuses, [
    [1, '431'],
    [3, '200'],
  ])
  await peer.close()
})

test('padding around headers and data', async () => {
  const peer = new Peer({ request: stream => void collected(stream) })
  const padded = (bytes: Uint8Array) => Buffer.concat([Buffer.of(4), bytes, sized(4)])
  peer.send(frame(headers, Flag.padded | Flag.endHeaders, 1, padded(POST)))
  await peer.settle()
  const [asked = assert.fail()] = peer.asked
  const body = collected(asked.stream)
  peer.send(frame(data, Flag.padded | Flag.endStream, 1, padded(Buffer.from('body'))))
  await peer.settle()
  assert.deepEqual([body.bytes, body.isWhole], [4, true])
  peer.send(headersFrame(3, POST, false), frame(data, Flag.padded, 3, Buffer.of(5, 0)))
  await peer.settle()
  assert.equal(peer.farewell, ErrorCode.protocol)
  await peer.close()
})

test('trailers end a body; what is none resets the stream', async () => {
  const peer = new Peer()
  const trailers = headerBlock([['x-sum', '1']])
  peer.send(headersFrame(1, POST, false), frame(data, 0, 1, sized(3)), headersFrame(1, trailers))
  peer.send(headersFrame(3, POST, false), headersFrame(3, trailers, false))
  peer.send(headersFrame(5, POST, false), headersFrame(5, headerBlock([[':path', '/']])))
  await peer.settle()
  const body = collected(peer.asked[0]?.stream ?? assert.fail())
  assert.deepEqual([body.bytes, body.isWhole], [3, true])
  assert.equal(peer.resetCode(1), undefined)
  assert.deepEqual([peer.resetCode(3), peer.resetCode(5)], [ErrorCode.protocol, ErrorCode.protocol])
  // A request that was whole has none.
  peer.send(headersFrame(7, GET), headersFrame(7, trailers))
  await peer.settle()
  assert.equal(peer.farewell, ErrorCode.streamClosed)
  await peer.close()
})

test('a body is as long as it was announced', async () => {
  const peer = new Peer()
  const announced = (length: string) => requestBlock('POST', [['content-length', length]])
  peer.send(headersFrame(1, announced('3'), false), frame(data, Flag.endStream, 1, sized(3)))
  peer.send(headersFrame(3, announced('3'), false), frame(data, Flag.endStream, 3, sized(2)))
  peer.send(headersFrame(5, announced('3'), false), frame(data, 0, 5, sized(4)))
  peer.send(headersFrame(7, announced('3')))
  peer.send(headersFrame(9, announced('x'), false), frame(data, Flag.endStream, 9, sized(3)))
  peer.send(headersFrame(11, announced('0')))
  await peer.settle()
  const codes = [1, 3, 5, 7, 9, 11].map(id => peer.resetCode(id))
  const { protocol } = ErrorCode
  assert.deepEqual(codes, [undefined, protocol, protocol, protocol, protocol, undefined])
  await peer.close()
})

test('an answer to a body that is not all there ends whole, and then the stream without an error', async () => {
  const peer = new Peer({ request: hello })
  peer.send(headersFrame(1, POST, false))
  await peer.settle()
  const kinds = peer.received.filter(({ stream }) => stream === 1).map(({ type }) => type)
  assert.deepEqual(kinds, [headers, data, FrameType.reset])
  assert.ok(peer.isEnded(1))
  assert.equal(peer.resetCode(1), ErrorCode.none)
  await peer.close()
})

test('a stream that is reset for its priority is over', async () => {
  const peer = new Peer()
  peer.send(headersFrame(1, GET), headersFrame(3, GET))
  peer.send(frame(FrameType.priority, 0, 1, sized(4)))
  peer.send(frame(FrameType.priority, 0, 3, Buffer.of(0, 0, 0, 3, 1)))
  await peer.settle()
  for (const { stream } of peer.asked) {
    assert.ok(stream.isOver)
    hello(stream)
  }
  await peer.settle()
  assert.deepEqual(
    [peer.resetCode(1), peer.resetCode(3)],
    [ErrorCode.frameSize, ErrorCode.protocol],
  )
  assert.deepEqual(peer.of(headers), [])
  await peer.close()
})

test('data for a stream that was reset is under way, and no mistake; for one that ended it is', async () => {
  const peer = new Peer({
    request: stream => (stream.id === 1 ? stream.reset() : hello(stream)),
  })
  peer.send(headersFrame(1, POST, false))
  await peer.settle()
  assert.equal(peer.resetCode(1), ErrorCode.internal)
  peer.send(frame(data, 0, 1, sized(100)), headersFrame(1, headerBlock([['a', 'b']], true)))
  // What was said of headers for it is known afterwards: index 62 is the newest.
  peer.send(headersFrame(3, Buffer.concat([GET, Buffer.of(0xbe)])))
  await peer.settle()
  assert.equal(peer.asked[1]?.head.headers.a, 'b')
  peer.send(frame(data, 0, 3, sized(1)))
  await peer.settle()
  assert.equal(peer.farewell, ErrorCode.streamClosed)
  await peer.close()
})

test('more requests at a time than allowed are refused, and the others go on', async () => {
  const peer = new Peer({ limits: { streams: 2 } })
  for (const id of [1, 3, 5]) peer.send(headersFrame(id, GET))
  await peer.settle()
  assert.equal(peer.asked.length, 2)
  assert.equal(peer.resetCode(5), ErrorCode.refusedStream)
  for (const { stream } of peer.asked) hello(stream)
  await peer.settle()
  peer.send(headersFrame(7, GET))
  await peer.settle()
  assert.ok(peer.isEnded(1) && peer.isEnded(3))
  assert.equal(peer.asked.length, 3)
  await peer.close()
})

test('a connection that is retired finishes what it has, takes nothing new, and ends', async () => {
  const peer = new Peer()
  peer.send(headersFrame(1, GET), headersFrame(3, POST, false))
  await peer.settle()
  peer.session.retire()
  peer.session.retire()
  peer.send(headersFrame(5, GET), frame(data, Flag.endStream, 3, sized(10)))
  await peer.settle()
  const [farewell, ...more] = peer.of(goAway)
  assert.deepEqual(more, [])
  assert.deepEqual(farewell?.payload, uint32(3, ErrorCode.none))
  assert.equal(peer.resetCode(5), ErrorCode.refusedStream)
  const [one, two] = peer.asked
  one && hello(one.stream)
  await peer.settle()
  assert.equal(peer.socket.writableEnded, false)
  assert.equal(collected(two?.stream ?? assert.fail()).bytes, 10)
  two && hello(two.stream)
  await peer.settle()
  assert.equal(peer.body(1).toString() + peer.body(3).toString(), 'hellohello')
  assert.ok(peer.isEnded(3) && peer.socket.writableFinished)
  await peer.close()
})

test('one that is retired while nothing is under way ends at once', async () => {
  const peer = new Peer()
  await peer.settle()
  peer.session.retire()
  await peer.settle()
  assert.ok(peer.socket.writableFinished)
  assert.equal(peer.farewell, ErrorCode.none)
  await peer.close()
})

test('a client that goes away is told to everybody once, however it goes', async () => {
  const ways: Record<string, (peer: Peer) => void> = {
    destroyed: peer => peer.client.destroy(),
    'half closed': peer => peer.client.end(),
    'destroyed here': peer => peer.socket.destroy(),
    'a broken frame': peer => peer.send(frame(ping, 0, 0, sized(1))),
    'an error, then destroyed': peer => {
      peer.session.fail(ErrorCode.internal, 'x')
      peer.socket.destroy()
    },
  }
  for (const [how, leave] of Object.entries(ways)) {
    const peer = new Peer()
    peer.send(headersFrame(1, GET), headersFrame(3, POST, false), headersFrame(5, GET))
    peer.send(frame(data, 0, 3, sized(5)))
    await peer.settle()
    const calls: string[] = []
    for (const { stream } of peer.asked) {
      stream.onClose(() => calls.push(`a${stream.id}`))
      stream.onClose(() => calls.push(`b${stream.id}`))
      stream.begin(200, {}, true)
      stream.write(sized(1_000_000))
    }
    const drained = peer.asked[0]?.stream.drained()
    const body = collected(peer.asked[1]?.stream ?? assert.fail())
    peer.asked[2]?.stream.reset()
    const whole = collected(peer.asked[0]?.stream ?? assert.fail())
    leave(peer)
    await peer.settle()
    if (how === 'half closed') peer.socket.destroy()
    await peer.settle()
    await drained
    assert.deepEqual(calls.sort(), ['a1', 'a3', 'a5', 'b1', 'b3', 'b5'], how)
    assert.deepEqual([body.isGone, body.isWhole], [true, false], how)
    assert.deepEqual([whole.isGone, whole.isWhole], [false, true], how)
    for (const { stream } of peer.asked) {
      assert.ok(stream.isOver)
      assert.equal(stream.unsentBytes, 0)
      stream.write(sized(1))
      stream.end()
      stream.reset()
    }
    assert.equal(peer.asked[0]?.stream.unsentBytes, 0)
    await peer.close()
  }
})

test('whoever breaks the protocol and does not read why is cut off after a while', async () => {
  const peer = new Peer({ isReading: false })
  peer.send(frame(ping, 0, 0, sized(7)))
  await peer.settle()
  assert.equal(peer.socket.destroyed, false)
  assert.equal(peer.timers.size, 1)
  for (const act of peer.timers) act()
  await peer.settle()
  assert.ok(peer.socket.destroyed)
  assert.equal(peer.timers.size, 0)
  await peer.close()
})
