/**
 * Conversations of HTTP/2 whose frames are right, in any order: each byte of an input is a step of the client or of whoever
 * answers. A model of both ends' windows and streams judges what the session sends.
 */
import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import {
  ErrorCode,
  Flag,
  type Frame,
  FrameReader,
  FrameType,
  joinFrames,
  uint32,
} from '../../src/client/serving/http2/frames.ts'
import { OutputBuffers } from '../../src/client/serving/http2/output-buffers.ts'
import { Session } from '../../src/client/serving/http2/session.ts'
import { Setting, writeSettings } from '../../src/client/serving/http2/settings.ts'
import type { Http2Stream } from '../../src/client/serving/http2/stream.ts'
import {
  frame,
  headerBlock,
  headersFrame,
  PREFACE,
  requestBlock,
} from '../../src/client/testing/http2-peer.ts'
import type { Target } from './fuzzer.ts'

const INITIAL_WINDOW = 65_535
const LIMITS = {
  streams: 20,
  headerBytes: 4096,
  streamWindowBytes: 16_384,
  connectionWindowBytes: INITIAL_WINDOW,
  resets: [10_000, 10],
  idleFrames: [10_000, 10],
} as const
const BUFFERS = new OutputBuffers()
const POST = requestBlock('POST')
const TRAILERS = headerBlock([['x-sum', '1']])

/** What a client knows of a stream. */
interface Known {
  readonly id: number
  /** What it may send, and what it takes. */
  room: number
  window: number
  isSent: boolean
  isReceived: boolean
  /** By the server, and by the client, to whom more may be under way then. */
  isReset: boolean
  isCancelled: boolean
}

class Conversation extends Duplex {
  readonly streams: Known[] = []
  readonly served = new Map<number, Http2Stream>()
  readonly closeCalls = new Map<number, number>()
  readonly session: Session
  #reader = new FrameReader(each => this.#receive(each))
  #room = INITIAL_WINDOW
  #window = INITIAL_WINDOW
  #initialWindow = INITIAL_WINDOW

  constructor() {
    super()
    this.on('error', () => {})
    this.session = new Session(this, {
      limits: LIMITS,
      buffers: BUFFERS,
      date: () => '',
      monotonicMs: () => 0,
      afterReadyWork: act => process.nextTick(act),
      after: () => () => {},
      request: stream => {
        this.served.set(stream.id, stream)
        this.closeCalls.set(stream.id, 0)
        stream.onClose(() =>
          this.closeCalls.set(stream.id, (this.closeCalls.get(stream.id) ?? 0) + 1),
        )
      },
    })
    this.emit('data', PREFACE)
    this.settings(INITIAL_WINDOW)
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#reader.push(chunk)
    done()
  }

  override _read(): void {}

  get room(): number {
    return this.#room
  }

  say(...frames: Frame[]): void {
    this.emit('data', joinFrames(frames))
  }

  settings(window: number): void {
    const more = window - this.#initialWindow
    this.#initialWindow = window
    for (const stream of this.streams) stream.window += more
    this.say(frame(FrameType.settings, 0, 0, writeSettings([[Setting.initialWindow, window]])))
  }

  open(isLast: boolean): void {
    if (this.streams.filter(each => !isOver(each)).length >= LIMITS.streams) return
    const id = this.streams.length * 2 + 1
    this.streams.push({
      id,
      room: LIMITS.streamWindowBytes,
      window: this.#initialWindow,
      isSent: isLast,
      isReceived: false,
      isReset: false,
      isCancelled: false,
    })
    this.say(headersFrame(id, POST, isLast))
  }

  /** A client that obeys, so that nothing may be called too much. */
  data(stream: Known, bytes: number, isLast: boolean): void {
    if (!maySend(stream) || bytes > Math.min(stream.room, this.#room)) return
    stream.room -= bytes
    this.#room -= bytes
    stream.isSent = isLast
    this.say(frame(FrameType.data, isLast ? Flag.endStream : 0, stream.id, new Uint8Array(bytes)))
  }

  grow(stream: Known | undefined, bytes: number): void {
    if (stream) stream.window += bytes
    else this.#window += bytes
    this.say(frame(FrameType.windowUpdate, 0, stream?.id ?? 0, uint32(bytes)))
  }

  cancel(stream: Known): void {
    stream.isCancelled = true
    this.say(frame(FrameType.reset, 0, stream.id, uint32(ErrorCode.cancel)))
  }

  #receive({ type, flags, stream: id, payload }: Frame): void {
    assert.notEqual(type, FrameType.goAway, 'nobody made a mistake that ends a connection')
    const stream = this.streams[(id - 1) / 2]
    if (type === FrameType.windowUpdate) {
      const bytes = Buffer.from(payload).readUInt32BE()
      if (stream) stream.room += bytes
      else this.#room += bytes
      const limit = stream ? LIMITS.streamWindowBytes : LIMITS.connectionWindowBytes
      assert.ok((stream?.room ?? this.#room) <= limit, `more room than there is for stream ${id}`)
    }
    if (!stream) return
    if (type === FrameType.reset) {
      assert.notEqual(Buffer.from(payload).readUInt32BE(), ErrorCode.flowControl)
      stream.isReset = true
    }
    if (type === FrameType.headers || type === FrameType.data)
      this.#answer(stream, flags, type, payload)
  }

  #answer(stream: Known, flags: number, type: number, payload: Uint8Array): void {
    assert.ok(!stream.isReceived && !stream.isReset, `stream ${stream.id} was over`)
    stream.isReceived = (flags & Flag.endStream) !== 0
    if (type === FrameType.headers || payload.length === 0) return
    stream.window -= payload.length
    this.#window -= payload.length
    const isRoom = this.#window >= 0 && (stream.isCancelled || stream.window >= 0)
    assert.ok(isRoom, `no room for ${payload.length} bytes`)
  }
}

const isOver = ({ isSent, isReceived, isReset, isCancelled }: Known) =>
  isReset || isCancelled || (isSent && isReceived)

const maySend = ({ isSent, isReset, isCancelled }: Known) => !isSent && !isReset && !isCancelled

type Step = (talk: Conversation, stream: Known, answering: Http2Stream | undefined) => void

const steps: readonly Step[] = [
  // The client's.
  talk => talk.open(true),
  talk => talk.open(false),
  (talk, stream) => talk.data(stream, 100, false),
  (talk, stream) => talk.data(stream, 9_000, false),
  (talk, stream) => talk.data(stream, 16_384, true),
  (talk, stream) => talk.data(stream, 0, true),
  (talk, stream) => {
    if (!maySend(stream)) return
    stream.isSent = true
    talk.say(headersFrame(stream.id, TRAILERS))
  },
  (talk, stream) => talk.cancel(stream),
  (talk, stream) => talk.grow(stream, 1),
  (talk, stream) => talk.grow(stream, 30_000),
  talk => talk.grow(undefined, 1),
  talk => talk.grow(undefined, 50_000),
  talk => talk.settings(0),
  talk => talk.settings(100),
  talk => talk.settings(50_000),
  talk => talk.say(frame(FrameType.ping, 0, 0, new Uint8Array(8))),
  // Mistakes that cost a stream.
  (talk, stream) => talk.say(frame(FrameType.windowUpdate, 0, stream.id, uint32(0))),
  (talk, stream) => talk.say(frame(FrameType.priority, 0, stream.id, new Uint8Array(4))),
  (talk, { id }) =>
    talk.say(frame(FrameType.priority, 0, id, Buffer.concat([uint32(id), Buffer.of(1)]))),
  // Of whoever answers.
  (_talk, _stream, answering) => answering?.begin(200, {}, true),
  (_talk, _stream, answering) => answering?.begin(204, {}, false),
  (_talk, _stream, answering) => write(answering, 1000),
  (_talk, _stream, answering) => write(answering, 60_000),
  (_talk, _stream, answering) => finish(answering),
  (_talk, _stream, answering) => answering?.reset(),
  (_talk, _stream, answering) => answering?.discard(),
  (_talk, _stream, answering) => answering?.read({ data() {}, end() {}, gone() {} }),
]

function write(answering: Http2Stream | undefined, bytes: number): void {
  answering?.begin(200, {}, true)
  answering?.write(new Uint8Array(bytes))
}

function finish(answering: Http2Stream | undefined): void {
  answering?.begin(200, {}, true)
  answering?.end()
}

async function converse(input: Uint8Array): Promise<void> {
  const talk = new Conversation()
  talk.open(false)
  for (const byte of input.subarray(0, 400)) {
    const stream = talk.streams.at(-1 - (Math.floor(byte / 32) % talk.streams.length))
    if (byte % 32 >= steps.length) await turn()
    else if (stream) steps[byte % 32]?.(talk, stream, talk.served.get(stream.id))
  }
  await comeToAnEnd(talk)
}

/** With room for everything and everything read, all is answered, and no room was lost. */
async function comeToAnEnd(talk: Conversation): Promise<void> {
  talk.settings(0x100_0000)
  talk.grow(undefined, 0x4000_0000)
  for (const stream of talk.streams) {
    const answering = talk.served.get(stream.id)
    answering?.read({ data() {}, end() {}, gone() {} })
    talk.data(stream, 0, true)
    finish(answering)
  }
  for (let left = 20; left > 0; left--) await turn()
  for (const stream of talk.streams) assert.ok(isOver(stream), `stream ${stream.id} is stuck`)
  assert.ok(
    talk.room > LIMITS.connectionWindowBytes / 2,
    `only ${talk.room} bytes of room are left`,
  )
  talk.destroy()
  await turn()
  for (const [id, calls] of talk.closeCalls)
    assert.equal(calls, 1, `stream ${id} closed ${calls} times`)
}

/** What is thrown in a later turn is what went wrong first; nobody else gets to see it. */
export async function withUncaught(run: () => Promise<void>): Promise<void> {
  const thrown: unknown[] = []
  const take = (error: unknown) => thrown.push(error)
  process.on('uncaughtException', take)
  try {
    await run()
  } catch (error) {
    thrown.push(error)
  } finally {
    process.off('uncaughtException', take)
  }
  if (thrown.length > 0) throw thrown[0]
}

/** Steps 0 to 26 for the newest stream; 32 more for each stream before it. */
export const conversations: Target = {
  name: 'HTTP/2 conversations',
  samples: [
    Uint8Array.of(3, 31, 26, 31, 4, 22, 31, 9, 11, 23),
    Uint8Array.of(0, 22, 0, 22, 0, 21, 31, 12, 11, 41, 31, 14, 23, 55, 87),
    Uint8Array.of(1, 3, 5, 7, 1, 6, 20, 1, 3, 24, 16, 1, 17, 1, 18, 31, 0, 15, 26),
  ],
  words: [
    Uint8Array.of(0, 22, 23),
    Uint8Array.of(1, 4, 7),
    Uint8Array.of(1, 3, 20, 31),
    Uint8Array.of(12, 31, 14),
    Uint8Array.of(31),
    Uint8Array.of(24),
    Uint8Array.of(63),
  ],
  run: input => withUncaught(() => converse(input)),
}
