import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { NOWHERE } from '#base/arrival-order.ts'
import { frame } from '../../testing/http2-peer.ts'
import {
  type DataFrame,
  ErrorCode,
  type Frame,
  FrameReader,
  FrameType,
  MAXIMUM_PAYLOAD,
} from './frames.ts'
import { INITIAL_WINDOW, Outbox, type Source } from './outbox.ts'
import { OutputBuffers } from './output-buffers.ts'

/** A socket whose other end reads when it is told to. */
class Socket extends Duplex {
  readonly frames: Frame[] = []
  writes = 0
  #reader = new FrameReader(each => this.frames.push(each))
  #held: (() => void) | undefined
  isReading = true
  last: Buffer = Buffer.alloc(0)

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes++
    this.last = chunk
    this.#reader.push(chunk)
    if (this.isReading) setImmediate(done)
    else this.#held = done
  }

  override _read(): void {}

  goOn(): void {
    this.isReading = true
    this.#held?.()
  }
}

/** Has so many bytes to send. */
class Body implements Source {
  slot = NOWHERE
  left: number
  readonly stream: number
  readonly isWhole: boolean
  constructor(stream: number, left: number, isWhole = true) {
    this.stream = stream
    this.left = left
    this.isWhole = isWhole
  }

  nextFrame(most: number): DataFrame | undefined {
    const size = Math.min(most, this.left, MAXIMUM_PAYLOAD)
    if (size <= 0) return undefined
    this.left -= size
    return { stream: this.stream, isLast: this.left === 0, pieces: [new Uint8Array(size)], size }
  }

  get hasMore(): boolean {
    return this.left > 0
  }
}

function bench(buffers = new OutputBuffers()) {
  const socket = new Socket()
  let overflows = 0
  const outbox = new Outbox(socket, { buffers, afterReadyWork: act => setImmediate(act) }, () => {
    overflows++
  })
  return { socket, outbox, overflows: () => overflows }
}

/** The callback is over, the turn is not. */
const ticked = () => new Promise<void>(resolve => process.nextTick(resolve))
const settle = async () => {
  for (let i = 0; i < 50; i++) await turn()
}
const ping = frame(FrameType.ping, 0, 0, new Uint8Array(8))

test('an answer goes before what a watch on another connection was told in the same turn', async () => {
  const watch = bench()
  const answer = bench()
  watch.outbox.ready(new Body(1, 100, false))
  watch.outbox.ready(new Body(3, 100, false))
  answer.outbox.ready(new Body(1, 100))
  await ticked()
  assert.deepEqual([watch.socket.writes, answer.socket.writes], [0, 1])
  await settle()
  assert.deepEqual([watch.socket.writes, watch.socket.frames.length], [1, 2])
  // On one connection all goes together.
  watch.outbox.ready(new Body(5, 100, false))
  watch.outbox.ready(new Body(7, 100))
  await ticked()
  assert.deepEqual([watch.socket.writes, watch.socket.frames.length], [2, 4])
  await settle()
  assert.equal(watch.socket.writes, 2)
})

test('what one turn of the loop brings goes out in one piece', async () => {
  const { socket, outbox } = bench()
  outbox.send(ping)
  await undefined
  outbox.ready(new Body(1, 100))
  outbox.send(ping)
  outbox.ready(new Body(3, 100))
  await settle()
  assert.equal(socket.writes, 1)
  assert.deepEqual(
    socket.frames.map(({ stream }) => stream),
    [0, 0, 1, 3],
  )
})

test('streams take turns: a large answer does not delay small ones', async () => {
  const { socket, outbox } = bench()
  outbox.grow(100 * 1024 * 1024)
  outbox.ready(new Body(1, 10 * 1024 * 1024))
  outbox.ready(new Body(3, 10 * 1024 * 1024))
  for (const stream of [5, 7, 9]) outbox.ready(new Body(stream, 100))
  await settle()
  assert.deepEqual(
    socket.frames.slice(0, 9).map(({ stream }) => stream),
    [1, 1, 3, 3, 5, 7, 9, 1, 1],
  )
  // What becomes ready amid a large answer is there before the socket's share is used up once more.
  const before = socket.frames.length
  outbox.ready(new Body(11, 100))
  await settle()
  const place = socket.frames.slice(before).findIndex(({ stream }) => stream === 11)
  assert.ok(place >= 0 && place <= 32, `frame ${place}`)
})

test('a client that does not read is sent one piece, and all of it later', async () => {
  const { socket, outbox } = bench()
  socket.isReading = false
  outbox.grow(100 * 1024 * 1024)
  const body = new Body(1, 10 * 1024 * 1024)
  outbox.ready(body)
  await settle()
  const taken = 10 * 1024 * 1024 - body.left
  assert.ok(taken >= 64 * 1024 && taken < 96 * 1024, `${taken} bytes were taken`)
  assert.ok(socket.writableLength < 96 * 1024)
  socket.goOn()
  for (let i = 0; i < 100 && body.left > 0; i++) await settle()
  assert.equal(body.left, 0)
})

test('what a socket has not taken yet is left alone, and serves the next one afterwards', async () => {
  const buffers = new OutputBuffers()
  const slow = bench(buffers)
  const quick = bench(buffers)
  slow.socket.isReading = false
  slow.outbox.send(frame(FrameType.ping, 0, 0, new Uint8Array(8).fill(1)))
  await settle()
  const held = Buffer.from(slow.socket.last)
  for (let round = 0; round < 3; round++) quick.outbox.send(ping)
  await settle()
  assert.deepEqual(slow.socket.last, held)
  const first = slow.socket.last.buffer
  slow.socket.goOn()
  await settle()
  slow.outbox.send(ping)
  await settle()
  assert.ok(slow.socket.last.buffer === first)
})

test('nothing goes beyond the window of the connection, and all of it once it grows', async () => {
  const { socket, outbox } = bench()
  const bodies = [new Body(1, 60_000), new Body(3, 60_000)]
  for (const body of bodies) outbox.ready(body)
  await settle()
  const sent = () => socket.frames.reduce((sum, { payload }) => sum + payload.length, 0)
  assert.equal(sent(), INITIAL_WINDOW)
  outbox.send(ping)
  await settle()
  assert.equal(socket.frames.at(-1)?.type, FrameType.ping)
  outbox.grow(1)
  await settle()
  assert.equal(sent(), INITIAL_WINDOW + 8 + 1)
  outbox.grow(1_000_000)
  await settle()
  assert.deepEqual(
    bodies.map(({ left }) => left),
    [0, 0],
  )
})

test('an answer that ends with nothing needs no room', async () => {
  const { socket, outbox } = bench()
  outbox.ready(new Body(1, 100_000))
  await settle()
  let isEnded = false
  outbox.ready({
    slot: NOWHERE,
    nextFrame() {
      if (isEnded) return undefined
      isEnded = true
      return { stream: 3, isLast: true, pieces: [], size: 0 }
    },
    get hasMore() {
      return !isEnded
    },
    isWhole: true,
  })
  await settle()
  assert.equal(socket.frames.at(-1)?.stream, 3)
  assert.equal(isEnded, true)
})

test('a source that is over is let go of, also where the window is used up', async () => {
  const { outbox } = bench()
  outbox.ready(new Body(1, INITIAL_WINDOW))
  let isDone = false
  outbox.afterAll(() => {
    isDone = true
  })
  await settle()
  assert.ok(isDone)
})

test('a window beyond 2^31 − 1 is an error', () => {
  const { outbox } = bench()
  outbox.grow(0x7fff_ffff - INITIAL_WINDOW)
  assert.throws(() => outbox.grow(1), { code: ErrorCode.flowControl })
})

test('frames that are not taken have a limit', async () => {
  const { socket, outbox, overflows } = bench()
  socket.isReading = false
  outbox.grow(10 * 1024 * 1024)
  outbox.ready(new Body(1, 1024 * 1024))
  await settle()
  for (let i = 0; i < 10_000; i++) outbox.send(ping)
  assert.equal(overflows(), 0)
  outbox.send(ping)
  assert.equal(overflows(), 1)
})

test('`afterAll` waits for what waits, and is called once', async () => {
  const { socket, outbox } = bench()
  let calls = 0
  socket.isReading = false
  outbox.grow(10 * 1024 * 1024)
  const body = new Body(1, 1024 * 1024)
  outbox.ready(body)
  outbox.afterAll(() => calls++)
  await settle()
  assert.equal(calls, 0)
  socket.goOn()
  await settle()
  assert.equal(body.left, 0)
  outbox.send(ping)
  await settle()
  assert.equal(calls, 1)
})

test('the end sends what waits, then the last frame, and nothing after it', async () => {
  const { socket, outbox } = bench()
  outbox.send(ping)
  outbox.ready(new Body(1, 100))
  outbox.end(frame(FrameType.goAway, 0, 0, new Uint8Array(8)))
  outbox.send(ping)
  outbox.ready(new Body(3, 100))
  await settle()
  assert.deepEqual(
    socket.frames.map(({ type }) => type),
    [FrameType.ping, FrameType.goAway],
  )
  assert.ok(socket.writableFinished)
})
