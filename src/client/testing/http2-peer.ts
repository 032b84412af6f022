/** A client of HTTP/2 that speaks frames by hand to a Session, through memory. */
import { type Duplex, duplexPair } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { Flag, type Frame, FrameReader, FrameType, joinFrames } from '../serving/http2/frames.ts'
import { HeaderDecoder } from '../serving/http2/header-decoder.ts'
import type { HeaderField } from '../serving/http2/header-tables.ts'
import { OutputBuffers } from '../serving/http2/output-buffers.ts'
import type { RequestHead } from '../serving/http2/request-head.ts'
import { Session } from '../serving/http2/session.ts'
import type { SessionLimits } from '../serving/http2/session-options.ts'
import type { Http2Stream } from '../serving/http2/stream.ts'

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
export const DATE = 'Thu, 01 Jan 1970 00:00:00 GMT'

const LIMITS: SessionLimits = {
  streams: 250,
  headerBytes: 64 * 1024,
  streamWindowBytes: 256 * 1024,
  connectionWindowBytes: 1024 * 1024,
  resets: [1000, 33],
  idleFrames: [5000, 500],
}

export const frame = (type: number, flags: number, stream: number, payload: Uint8Array): Frame => ({
  type,
  flags,
  stream,
  payload,
})

function integer(pattern: number, bits: number, value: number): number[] {
  const most = (1 << bits) - 1
  if (value < most) return [pattern | value]
  const bytes = [pattern | most]
  let rest = value - most
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128)
  return [...bytes, rest]
}

const text = (value: string) =>
  Buffer.concat([Buffer.from(integer(0, 7, value.length)), Buffer.from(value, 'latin1')])

/** A block in which every header stands in full; with `isKept` both ends are to remember it. */
export function headerBlock(
  headers: readonly (readonly [string, string])[],
  isKept = false,
): Buffer {
  const first = Buffer.of(isKept ? 0x40 : 0)
  return Buffer.concat(
    headers.flatMap(([name, value]) => [first, text(name), text(value)] as Buffer[]),
  )
}

export const requestBlock = (method = 'GET', more: readonly (readonly [string, string])[] = []) =>
  headerBlock([
    [':method', method],
    [':scheme', 'https'],
    [':path', '/'],
    [':authority', 'x'],
    ...more,
  ])

export const headersFrame = (stream: number, block: Uint8Array, isLast = true): Frame =>
  frame(FrameType.headers, Flag.endHeaders | (isLast ? Flag.endStream : 0), stream, block)

export interface ReceivedFrame extends Frame {
  readonly payload: Buffer
}

export interface Asked {
  readonly stream: Http2Stream
  readonly head: RequestHead
}

export interface PeerOptions {
  readonly limits?: Partial<SessionLimits>
  readonly request?: (stream: Http2Stream, head: RequestHead) => void
  /** Whether the client reads from the start. */
  readonly isReading?: boolean
  /** The client's end is somebody else's, who says everything himself. */
  readonly isSilent?: boolean
  /** Payload of the client's first SETTINGS. */
  readonly settings?: Uint8Array
}

/** Both ends. Time only passes where a test says so. */
export class Peer {
  readonly socket: Duplex
  readonly client: Duplex
  readonly session: Session
  readonly asked: Asked[] = []
  /** What the server sent and was read. */
  readonly received: ReceivedFrame[] = []
  readonly timers = new Set<() => void>()
  nowMs = 0
  #decoder = new HeaderDecoder()

  constructor(options: PeerOptions = {}) {
    const [client, socket] = duplexPair()
    this.client = client
    this.socket = socket
    const reader = new FrameReader(({ payload, ...rest }) =>
      this.received.push({ ...rest, payload: Buffer.from(payload) }),
    )
    // Memory does not tell one end that the other is gone, as networks do.
    client.on('error', () => {}).on('close', () => socket.destroy())
    socket.on('error', () => {})
    if (options.isReading ?? true) client.on('data', chunk => reader.push(chunk))
    this.session = new Session(socket, {
      limits: { ...LIMITS, ...options.limits },
      // Memory hands on what it was given, and does not copy as a socket does.
      buffers: new OutputBuffers(0),
      date: () => DATE,
      monotonicMs: () => this.nowMs,
      after: (_delayMs, act) => {
        this.timers.add(act)
        return () => this.timers.delete(act)
      },
      afterReadyWork: act => setImmediate(act),
      request: (stream, head) => {
        this.asked.push({ stream, head })
        options.request?.(stream, head)
      },
    })
    if (options.isSilent) return
    client.on('end', () => client.end())
    client.write(PREFACE)
    this.send(frame(FrameType.settings, 0, 0, options.settings ?? new Uint8Array()))
  }

  send(...frames: Frame[]): void {
    if (!this.client.writableEnded) this.client.write(joinFrames(frames))
  }

  /** Several turns of the loop, in which everything that can happen happens. */
  async settle(turns = 8): Promise<void> {
    for (let left = turns; left > 0; left--) await turn()
  }

  of(type: number, stream?: number): ReceivedFrame[] {
    return this.received.filter(
      each => each.type === type && (stream === undefined || each.stream === stream),
    )
  }

  /** All DATA of a stream. */
  body(stream: number): Buffer {
    return Buffer.concat(this.of(FrameType.data, stream).map(({ payload }) => payload))
  }

  isEnded(stream: number): boolean {
    return this.received.some(
      each =>
        each.stream === stream &&
        (each.type === FrameType.data || each.type === FrameType.headers) &&
        (each.flags & Flag.endStream) !== 0,
    )
  }

  /** The code of the GOAWAY that ended the connection. */
  get farewell(): number | undefined {
    return this.of(FrameType.goAway).at(-1)?.payload.subarray(4, 8).readUInt32BE()
  }

  resetCode(stream: number): number | undefined {
    return this.of(FrameType.reset, stream).at(-1)?.payload.readUInt32BE()
  }

  /** The headers of all answers so far, in order. To be asked once. */
  answers(): (readonly [stream: number, fields: HeaderField[]])[] {
    return this.of(FrameType.headers).map(({ stream, payload }) => {
      const fields: HeaderField[] = []
      this.#decoder.decode(payload, field => fields.push(field))
      return [stream, fields]
    })
  }

  async close(): Promise<void> {
    this.client.destroy()
    this.socket.destroy()
    await this.settle(2)
  }
}

/** A sink that collects a body. */
export function collected(stream: Http2Stream) {
  const state = { bytes: 0, isWhole: false, isGone: false }
  stream.read({
    data: bytes => {
      state.bytes += bytes.length
    },
    end: () => {
      state.isWhole = true
    },
    gone: () => {
      state.isGone = true
    },
  })
  return state
}
