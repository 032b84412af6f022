/**
 * Header blocks of SPDY/3.1: names and values, each with a 32-bit length, deflated as one zlib stream per direction that
 * starts from a dictionary both sides know.
 *
 * Sending needs no state: our headers are a few short words, so they go out as stored (uncompressed) deflate blocks.
 * Receiving keeps the last 32 KiB of what was inflated: each block ends on a byte boundary (senders flush after it), so it can be
 * inflated on its own with that window as its dictionary, synchronously and with a bound on the output.
 */
import { constants, inflateRawSync } from 'node:zlib'
import { dictionary, dictionaryId } from './dictionary.ts'
import { SpdyProtocolError } from './protocol-error.ts'

export type SpdyHeaders = Readonly<Record<string, string>>

/** Streams of exec and port-forward carry three short headers; this is far above any client and far below harm. */
const maxInflatedBytes = 64 * 1024
const maxHeaders = 64
const windowBytes = 32 * 1024

/** `CMF FLG`: deflate with a 32 KiB window, preset dictionary, made a multiple of 31. */
const zlibHeader = [0x78, 0xbb]
/** An empty stored block: tells the receiver to hand out what it has. */
const flushMarker = [0x00, 0x00, 0x00, 0xff, 0xff]

export function createHeaderEncoder(): (headers: SpdyHeaders) => Uint8Array {
  let first = true
  return headers => {
    const plain = plainBlock(headers)
    const preamble = first ? [...zlibHeader, ...uint32(dictionaryId)] : []
    first = false
    const length = plain.length
    const stored = [0x00, length & 0xff, length >> 8, ~length & 0xff, (~length >> 8) & 0xff]
    return Buffer.concat([Buffer.from([...preamble, ...stored]), plain, Buffer.from(flushMarker)])
  }
}

function plainBlock(headers: SpdyHeaders): Buffer {
  const parts: Buffer[] = [Buffer.from(uint32(Object.keys(headers).length))]
  for (const [name, value] of Object.entries(headers))
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text)
      parts.push(Buffer.from(uint32(bytes.length)), bytes)
    }
  const block = Buffer.concat(parts)
  if (block.length > 0xffff) throw new SpdyProtocolError('headers are longer than 64 KiB')
  return block
}

/** Names come back in lower case; several values of one name are joined by NUL, as the protocol has them. */
export function createHeaderDecoder(): (block: Uint8Array) => SpdyHeaders {
  let window: Uint8Array | undefined
  return block => {
    let deflated = block
    if (!window) {
      deflated = withoutPreamble(block)
      window = dictionary()
    }
    const plain = inflate(deflated, window)
    window = Buffer.concat([window, plain]).subarray(-windowBytes)
    return parseBlock(plain)
  }
}

function withoutPreamble(block: Uint8Array): Uint8Array {
  const [cmf = 0, flg = 0] = block
  if (block.length < 2 || (cmf & 0x0f) !== 8 || (cmf * 256 + flg) % 31 !== 0)
    throw new SpdyProtocolError('the first header block has no zlib header')
  if ((flg & 0x20) === 0) return block.subarray(2)
  if (block.length < 6 || Buffer.from(block).readUInt32BE(2) !== dictionaryId)
    throw new SpdyProtocolError('the header block wants another dictionary')
  return block.subarray(6)
}

function inflate(deflated: Uint8Array, window: Uint8Array): Buffer {
  try {
    return inflateRawSync(deflated, {
      dictionary: window,
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: maxInflatedBytes,
    })
  } catch (error) {
    throw new SpdyProtocolError('a header block can not be inflated', { cause: error })
  }
}

function parseBlock(plain: Buffer): SpdyHeaders {
  let offset = 0
  function number(): number {
    if (offset + 4 > plain.length) throw new SpdyProtocolError('a header block is cut short')
    offset += 4
    return plain.readUInt32BE(offset - 4)
  }
  function text(): string {
    const length = number()
    if (length > plain.length - offset) throw new SpdyProtocolError('a header block is cut short')
    offset += length
    return plain.toString('utf8', offset - length, offset)
  }
  const count = number()
  if (count > maxHeaders) throw new SpdyProtocolError(`a header block has ${count} headers`)
  const headers: [string, string][] = []
  for (let i = 0; i < count; i++) headers.push([text().toLowerCase(), text()])
  return Object.freeze(Object.assign(Object.create(null), Object.fromEntries(headers)))
}

function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}
