/** What comes on a connection of HTTP/2, before anybody knows who sends it. */
import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import {
  ConnectionError,
  Flag,
  type Frame,
  FrameReader,
  FrameType,
  joinFrames,
  uint32,
} from '../../src/client/serving/http2/frames.ts'
import { HeaderDecoder } from '../../src/client/serving/http2/header-decoder.ts'
import { HeaderEncoder } from '../../src/client/serving/http2/header-encoder.ts'
import { type HeaderField, sizeOfField } from '../../src/client/serving/http2/header-tables.ts'
import { decodeHuffman } from '../../src/client/serving/http2/huffman.ts'
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
import { huffmanEncoded } from '../../src/client/testing/huffman.ts'
import type { Target } from './fuzzer.ts'
import { conversations, withUncaught } from './targets.http2-conversations.ts'

const BUFFERS = new OutputBuffers()
const DATE = 'Thu, 01 Jan 1970 00:00:00 GMT'
const MAXIMUM_TABLE_BYTES = 4096
/** RFC 7541, appendix C.4: three requests of one connection, one after another. */
const REQUESTS = [
  '828684418cf1e3c2e5f23a6ba0ab90f4ff',
  '828684be5886a8eb10649cbf',
  '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
].map(text => Buffer.from(text, 'hex'))

/** Throws where the input is treated wrongly; a refusal is none. */
function refused(act: () => unknown): boolean {
  try {
    act()
    return false
  } catch (error) {
    if (error instanceof ConnectionError) return true
    throw error
  }
}

/** Anything is read or refused; what was read means the same when it is written anew and read by another decoder. */
const headers: Target = {
  name: 'HTTP/2 headers',
  samples: [
    ...REQUESTS,
    Buffer.concat(REQUESTS),
    headerBlock([['cookie', 'a=1']], true),
    Buffer.from('3fe101be20', 'hex'),
  ],
  words: [
    Uint8Array.of(0xbe),
    Uint8Array.of(0xff, 0x80, 0x80, 0x01),
    Uint8Array.of(0x20),
    Uint8Array.of(0x3f, 0xe1, 0x1f),
    Uint8Array.of(0x7f, 0x00),
    Uint8Array.of(0x0f, 0x2f),
    Uint8Array.of(0x40, 0x81),
    headerBlock([['x', 'y'.repeat(1000)]], true),
    REQUESTS[2] ?? Uint8Array.of(),
  ],
  run(input) {
    const decoder = new HeaderDecoder()
    const fields: HeaderField[] = []
    const isRefused = refused(() => decoder.decode(input, field => fields.push(field)))
    // Each once: a block of bytes may name one field a thousand times, which would be our own work and no stall.
    const different = new Map(fields.map(field => [`${field.name}\0${field.value}`, field]))
    for (const { name, value } of different.values())
      assert.deepEqual(decodedOnce(headerBlock([[name, value]])), [{ name, value }])
    assert.ok(fields.length <= input.length)
    checkTable(decoder)
    if (!isRefused) checkAnswer(fields)
  },
}

function decodedOnce(block: Uint8Array): HeaderField[] {
  const fields: HeaderField[] = []
  new HeaderDecoder().decode(block, field => fields.push(field))
  return fields
}

/** All that the decoder remembers, asked for index by index, is within its limit. */
function checkTable(decoder: HeaderDecoder): void {
  let bytes = 0
  for (let index = 62; index < 127; index++) {
    const isThere = !refused(() =>
      decoder.decode(Uint8Array.of(0x80 | index), field => {
        bytes += sizeOfField(field)
      }),
    )
    if (!isThere) break
  }
  assert.ok(bytes <= MAXIMUM_TABLE_BYTES, `a table of ${bytes} bytes`)
}

/** What came as a request would come back in an answer, twice. */
function checkAnswer(fields: readonly HeaderField[]): void {
  const answer: Record<string, string> = Object.create(null)
  for (const { name, value } of fields)
    if (/^(cache-control|content-type|custom-[a-z]+)$/.test(name) && !/[^\t -~]/.test(value))
      answer[name] = value
  const encoder = new HeaderEncoder()
  const decoder = new HeaderDecoder()
  for (let round = 0; round < 2; round++) {
    const read: HeaderField[] = []
    decoder.decode(encoder.encode(200, answer, DATE), field => read.push(field))
    const wanted = Object.entries(answer).map(([name, value]) => ({ name, value }))
    assert.deepEqual(read.slice(2), wanted)
  }
}

/** Whatever is taken as a text has exactly one code. */
const huffman: Target = {
  name: 'HTTP/2 Huffman code',
  samples: ['www.example.com', 'Mon, 21 Oct 2013 20:13:21 GMT', '\x0a\xff~'].map(huffmanEncoded),
  words: [Uint8Array.of(0xff), Uint8Array.of(0xff, 0xff, 0xff, 0xff), Uint8Array.of(0)],
  run(input) {
    const texts: string[] = []
    if (refused(() => texts.push(decodeHuffman(input, 0, input.length)))) return
    const [text = assert.fail()] = texts
    assert.deepEqual(huffmanEncoded(text), Buffer.from(input))
  },
}

/** Takes what is written at once, and checks that it is frames. */
class Socket extends Duplex {
  #open = new Map<number, boolean>()
  #reader = new FrameReader(each => this.#check(each))

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#reader.push(chunk)
    done()
  }

  override _read(): void {}

  /** Nothing comes for a stream that has ended. */
  #check({ type, flags, stream }: Frame): void {
    if (type === FrameType.headers || type === FrameType.data) {
      assert.notEqual(
        this.#open.get(stream),
        false,
        `frame ${type} for stream ${stream}, which is over`,
      )
      this.#open.set(stream, (flags & Flag.endStream) === 0)
    }
    if (type === FrameType.reset) this.#open.set(stream, false)
  }
}

const POST = requestBlock('POST', [['content-length', '5']])
const setting = (id: number, value: number) =>
  joinFrames([frame(FrameType.settings, 0, 0, writeSettings([[id, value]]))])
const SETTINGS = joinFrames([frame(FrameType.settings, 0, 0, new Uint8Array())])
const FRAMES: readonly Buffer[] = [
  joinFrames([headersFrame(1, REQUESTS[0] ?? POST), headersFrame(3, REQUESTS[1] ?? POST)]),
  joinFrames([headersFrame(1, POST, false), frame(FrameType.data, 1, 1, Buffer.from('hello'))]),
  joinFrames([headersFrame(5, POST, false), frame(FrameType.data, 9, 5, Buffer.of(1, 65, 0))]),
  joinFrames([
    frame(FrameType.headers, 0, 7, POST.subarray(0, 9)),
    frame(FrameType.continuation, Flag.endHeaders, 7, POST.subarray(9)),
  ]),
  joinFrames([headersFrame(9, POST, false), headersFrame(9, headerBlock([['x-sum', '1']]))]),
  joinFrames([frame(FrameType.reset, 0, 1, uint32(8))]),
  joinFrames([
    frame(FrameType.windowUpdate, 0, 0, uint32(1)),
    frame(FrameType.windowUpdate, 0, 1, uint32(9)),
  ]),
  joinFrames([frame(FrameType.ping, 0, 0, new Uint8Array(8))]),
  joinFrames([frame(FrameType.priority, 0, 3, Buffer.of(0, 0, 0, 1, 7))]),
  setting(Setting.initialWindow, 0),
  setting(Setting.initialWindow, 0x7fff_ffff),
  setting(Setting.headerTableBytes, 0),
]

const LIMITS = {
  streams: 20,
  headerBytes: 4096,
  streamWindowBytes: 16_384,
  connectionWindowBytes: 65_535,
  resets: [50, 10],
  idleFrames: [500, 10],
} as const

/** Frames that are broken in any way: requests are answered at once, in pieces, or when all has come. */
const sessions: Target = {
  name: 'HTTP/2 connections',
  samples: [
    Buffer.concat([SETTINGS, ...FRAMES]),
    ...FRAMES.map(each => Buffer.concat([SETTINGS, each])),
    Buffer.concat([SETTINGS, ...FRAMES.slice(0, 3), ...FRAMES.slice(9)]),
  ],
  words: FRAMES,
  run: input => withUncaught(() => converse(input)),
}

async function converse(input: Uint8Array): Promise<void> {
  const socket = new Socket().on('error', () => {})
  const later: Http2Stream[] = []
  const closed = new Map<number, number>()
  const session = new Session(socket, {
    limits: LIMITS,
    buffers: BUFFERS,
    date: () => DATE,
    monotonicMs: () => 0,
    afterReadyWork: act => process.nextTick(act),
    after: () => () => {},
    request(stream) {
      closed.set(stream.id, 0)
      stream.onClose(() => closed.set(stream.id, (closed.get(stream.id) ?? 0) + 1))
      if (stream.id % 4 === 1) answer(stream)
      else later.push(stream)
    },
  })
  socket.emit('data', PREFACE)
  const middle = Math.floor(input.length / 3)
  socket.emit('data', Buffer.from(input.subarray(0, middle)))
  await turn()
  for (const stream of later.splice(0)) answer(stream)
  socket.emit('data', Buffer.from(input.subarray(middle)))
  await turn()
  for (const stream of later) stream.read({ data() {}, end: () => answer(stream), gone() {} })
  session.retire()
  await turn()
  session.fail(0, 'the end')
  socket.destroy()
  await turn()
  for (const [id, calls] of closed) assert.equal(calls, 1, `stream ${id} was closed ${calls} times`)
}

function answer(stream: Http2Stream): void {
  stream.begin(200, { 'content-type': 'text/plain' }, true)
  stream.write(new Uint8Array(20_000))
  stream.end(Buffer.from('end'))
}

export const http2Targets: readonly Target[] = [headers, huffman, sessions, conversations]
