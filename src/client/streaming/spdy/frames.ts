/**
 * Frames of SPDY/3.1 as bytes and as values. The decoder takes bytes in any pieces and hands out whole control frames, and data as it
 * comes (a data frame may be 16 MiB long; nobody waits for its end). It throws nothing but SpdyProtocolError.
 */
import { SpdyProtocolError } from './protocol-error.ts'

export type Frame =
  | {
      type: 'synStream'
      streamId: number
      fin: boolean
      unidirectional: boolean
      block: Uint8Array
    }
  | { type: 'synReply'; streamId: number; fin: boolean; block: Uint8Array }
  | { type: 'headers'; streamId: number; fin: boolean; block: Uint8Array }
  | { type: 'reset'; streamId: number; status: number }
  | { type: 'settings'; settings: readonly { id: number; value: number }[] }
  | { type: 'ping'; id: number }
  | { type: 'goAway'; lastStreamId: number; status: number }
  | { type: 'windowUpdate'; streamId: number; delta: number }
  /** `fin` only on the last piece. */
  | { type: 'data'; streamId: number; fin: boolean; bytes: Uint8Array }

const controlTypes = {
  synStream: 1,
  synReply: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const

const spdyVersion = 3
const flagFin = 0x01
const flagUnidirectional = 0x02
/** Header blocks are the only long control frames; ours are below 100 bytes, Go's below 200. */
const maxControlBytes = 64 * 1024
/** Initial window, maximum concurrent streams and the like: the protocol knows eight. */
const maxSettings = 64

export const settingInitialWindow = 7

export const resetStatus = { protocolError: 1, refused: 3, cancel: 5, internalError: 6 } as const

function control(type: number, flags: number, ...parts: Uint8Array[]): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt16BE(0x8000 | spdyVersion, 0)
  header.writeUInt16BE(type, 2)
  header.writeUInt32BE(
    parts.reduce((length, part) => length + part.length, 0),
    4,
  )
  header[4] = flags
  return Buffer.concat([header, ...parts])
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value >>> 0, index * 4)
  })
  return bytes
}

export const encodeFrame = {
  synStream: (streamId: number, block: Uint8Array) =>
    control(controlTypes.synStream, 0, words(streamId, 0), Buffer.alloc(2), block),
  synReply: (streamId: number, block: Uint8Array) =>
    control(controlTypes.synReply, 0, words(streamId), block),
  reset: (streamId: number, status: number) =>
    control(controlTypes.reset, 0, words(streamId, status)),
  settings: (id: number, value: number) => control(controlTypes.settings, 0, words(1, id, value)),
  ping: (id: number) => control(controlTypes.ping, 0, words(id)),
  goAway: (lastStreamId: number) => control(controlTypes.goAway, 0, words(lastStreamId, 0)),
  windowUpdate: (streamId: number, delta: number) =>
    control(controlTypes.windowUpdate, 0, words(streamId, delta)),
  /** The header alone; the bytes follow as they are, uncopied. */
  dataHeader(streamId: number, length: number, fin: boolean): Buffer {
    const header = words(streamId, length)
    header[4] = fin ? flagFin : 0
    return header
  },
}

export function createFrameDecoder(): (chunk: Uint8Array) => Frame[] {
  let waiting: Buffer = Buffer.alloc(0)
  let data: { streamId: number; fin: boolean; left: number } | undefined

  return chunk => {
    const frames: Frame[] = []
    waiting = waiting.length === 0 ? view(chunk) : Buffer.concat([waiting, chunk])
    for (;;) {
      if (data) {
        if (waiting.length === 0 && data.left > 0) return frames
        const bytes = waiting.subarray(0, data.left)
        waiting = waiting.subarray(bytes.length)
        data.left -= bytes.length
        const done = data.left === 0
        frames.push({ type: 'data', streamId: data.streamId, fin: done && data.fin, bytes })
        if (done) data = undefined
        continue
      }
      if (waiting.length < 8) return frames
      const length = waiting.readUInt32BE(4) & 0xffffff
      const flags = waiting.readUInt8(4)
      if ((waiting.readUInt8(0) & 0x80) === 0) {
        const streamId = waiting.readUInt32BE(0)
        if (streamId === 0) throw new SpdyProtocolError('data for stream 0')
        data = { streamId, fin: (flags & flagFin) !== 0, left: length }
        waiting = waiting.subarray(8)
        continue
      }
      if (length > maxControlBytes)
        throw new SpdyProtocolError(`a control frame of ${length} bytes is longer than allowed`)
      if (waiting.length < 8 + length) return frames
      const frame = decodeControl(waiting.subarray(0, 8 + length), flags)
      if (frame) frames.push(frame)
      waiting = waiting.subarray(8 + length)
    }
  }
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Undefined for a type that we do not know: the protocol says to skip those. */
function decodeControl(bytes: Buffer, flags: number): Frame | undefined {
  const version = bytes.readUInt16BE(0) & 0x7fff
  if (version !== spdyVersion) throw new SpdyProtocolError(`version ${version} is not SPDY/3.1`)
  const type = bytes.readUInt16BE(2)
  const payload = bytes.subarray(8)
  const fin = (flags & flagFin) !== 0
  function word(index: number): number {
    if (payload.length < index * 4 + 4)
      throw new SpdyProtocolError(`a control frame of type ${type} is cut short`)
    return payload.readUInt32BE(index * 4)
  }
  const streamId = () => word(0) & 0x7fffffff
  switch (type) {
    case controlTypes.synStream: {
      if (payload.length < 10) throw new SpdyProtocolError('a SYN_STREAM frame is cut short')
      const unidirectional = (flags & flagUnidirectional) !== 0
      const block = payload.subarray(10)
      return { type: 'synStream', streamId: streamId(), fin, unidirectional, block }
    }
    case controlTypes.synReply:
      return { type: 'synReply', streamId: streamId(), fin, block: payload.subarray(4) }
    case controlTypes.headers:
      return { type: 'headers', streamId: streamId(), fin, block: payload.subarray(4) }
    case controlTypes.reset:
      return { type: 'reset', streamId: streamId(), status: word(1) }
    case controlTypes.settings:
      return { type: 'settings', settings: decodeSettings(payload, word(0)) }
    case controlTypes.ping:
      return { type: 'ping', id: word(0) }
    case controlTypes.goAway:
      return { type: 'goAway', lastStreamId: streamId(), status: word(1) }
    case controlTypes.windowUpdate:
      return { type: 'windowUpdate', streamId: streamId(), delta: word(1) & 0x7fffffff }
    default:
      return undefined
  }
}

function decodeSettings(payload: Buffer, count: number): { id: number; value: number }[] {
  if (count > maxSettings || payload.length < 4 + count * 8)
    throw new SpdyProtocolError('a SETTINGS frame has another length than it says')
  return Array.from({ length: count }, (_, index) => ({
    id: payload.readUInt32BE(4 + index * 8) & 0xffffff,
    value: payload.readUInt32BE(8 + index * 8),
  }))
}
