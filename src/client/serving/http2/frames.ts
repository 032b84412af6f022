/** Frames of HTTP/2 (RFC 9113, section 4 and 6): what they are called, how they are cut and put together. */

export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const Flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const

export const ErrorCode = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const

/** The largest payload that either side sends: what the protocol begins with, and nobody here asks for more. */
export const MAXIMUM_PAYLOAD = 16_384
export const HEAD_BYTES = 9

/** The other end broke the protocol, or asks too much: the connection ends with this code. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export interface Frame {
  readonly type: number
  readonly flags: number
  /** 0 is the connection itself. */
  readonly stream: number
  readonly payload: Uint8Array
}

/** A part of an answer's body on its way out. Its bytes stay where they are until all that goes out is put together. */
export interface DataFrame {
  readonly stream: number
  readonly isLast: boolean
  readonly pieces: readonly Uint8Array[]
  /** Of all pieces together. */
  readonly size: number
}

/** Frames that make no sense without a stream. */
export function isOfStream(type: number): boolean {
  switch (type) {
    case FrameType.data:
    case FrameType.headers:
    case FrameType.priority:
    case FrameType.reset:
    case FrameType.continuation:
      return true
    default:
      return false
  }
}

/** Frames that are about the connection alone. */
export function isOfConnection(type: number): boolean {
  return type === FrameType.settings || type === FrameType.ping || type === FrameType.goAway
}

export const NOTHING = new Uint8Array(0)

export function sizeOfFrames(frames: readonly (Frame | DataFrame)[]): number {
  let size = frames.length * HEAD_BYTES
  for (const frame of frames) size += 'pieces' in frame ? frame.size : frame.payload.length
  return size
}

/** All frames as one piece of their own. */
export function joinFrames(frames: readonly (Frame | DataFrame)[]): Buffer {
  return writeFrames(frames, Buffer.allocUnsafe(sizeOfFrames(frames)))
}

/** All frames as one piece, which is one record of TLS where it is small: the beginning of `bytes`. */
export function writeFrames(frames: readonly (Frame | DataFrame)[], bytes: Buffer): Buffer {
  let at = 0
  for (const frame of frames) {
    if ('pieces' in frame) {
      const { stream, isLast } = frame
      at = writeHead(bytes, at, frame.size, FrameType.data, isLast ? Flag.endStream : 0, stream)
      for (const piece of frame.pieces) {
        bytes.set(piece, at)
        at += piece.length
      }
    } else {
      const { type, flags, stream, payload } = frame
      at = writeHead(bytes, at, payload.length, type, flags, stream)
      bytes.set(payload, at)
      at += payload.length
    }
  }
  return at === bytes.length ? bytes : bytes.subarray(0, at)
}

function writeHead(
  bytes: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  stream: number,
): number {
  bytes[at] = length >> 16
  bytes[at + 1] = length >> 8
  bytes[at + 2] = length
  bytes[at + 3] = type
  bytes[at + 4] = flags
  return bytes.writeUInt32BE(stream, at + 5)
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 4)
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4)
  })
  return bytes
}

const byteAt = (bytes: Uint8Array, at: number) => bytes[at] as number

const uint24At = (bytes: Uint8Array, at: number) =>
  (byteAt(bytes, at) << 16) | (byteAt(bytes, at + 1) << 8) | byteAt(bytes, at + 2)

/** Of four bytes all but the first bit, which is reserved wherever streams and windows are told. */
export const uint31At = (bytes: Uint8Array, at: number): number =>
  ((byteAt(bytes, at) & 0x7f) << 24) | uint24At(bytes, at + 1)

/** Cuts what arrives into frames. A piece of a frame is kept until the rest comes, which is never more than one frame. */
export class FrameReader {
  #rest: Buffer | undefined
  readonly #take: (frame: Frame) => void

  constructor(take: (frame: Frame) => void) {
    this.#take = take
  }

  /** Throws a ConnectionError for a frame that is too large, and whatever `take` throws. */
  push(chunk: Buffer): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    this.#rest = undefined
    let at = 0
    while (bytes.length - at >= HEAD_BYTES) {
      const length = uint24At(bytes, at)
      if (length > MAXIMUM_PAYLOAD)
        throw new ConnectionError(ErrorCode.frameSize, `a frame of ${length} bytes`)
      const end = at + HEAD_BYTES + length
      if (end > bytes.length) break
      this.#take({
        type: bytes[at + 3] as number,
        flags: bytes[at + 4] as number,
        stream: uint31At(bytes, at + 5),
        payload: length === 0 ? NOTHING : bytes.subarray(at + HEAD_BYTES, end),
      })
      at = end
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at)
  }
}

/** The payload without its padding. Throws a ConnectionError where the padding is more than there is. */
export function unpadded({ flags, payload }: Frame): Uint8Array {
  if ((flags & Flag.padded) === 0) return payload
  const padding = payload[0]
  if (padding === undefined)
    throw new ConnectionError(ErrorCode.frameSize, 'a padded frame without a length of its padding')
  if (padding >= payload.length)
    throw new ConnectionError(ErrorCode.protocol, 'a frame with more padding than payload')
  return payload.subarray(1, payload.length - padding)
}
