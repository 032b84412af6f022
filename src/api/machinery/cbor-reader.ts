/**
 * Reads one CBOR item as the plain data that JSON would have brought, by upstream's rules: byte strings are text, unless a tag
 * says that they are to be shown in base64; keys are strings and occur once; no infinities, no numbers beyond 64 bits. Depth
 * and the number of values are bounded; whatever does not fit is a BadRequest.
 */
import { base64FromBytes } from './base64.ts'
import {
  ARRAY,
  BYTE_STRING,
  MAP,
  NEGATIVE,
  SIMPLE,
  TAG,
  TEXT_STRING,
  UNSIGNED,
} from './cbor-writer.ts'
import { fromBigInt, isInt64 } from './exact-json.ts'
import {
  MAXIMUM_DEPTH,
  MAXIMUM_VALUES,
  type PlainObject,
  setKey,
  tooDeep,
  tooManyValues,
} from './plain.ts'
import { badRequest } from './status.ts'

const INDEFINITE = 31
const BREAK = 0xff
/** Strings up to this length are read letter by letter, which is quicker than a call to the decoder. */
const SHORT_STRING = 64

const TIME_TEXT = 0
const TIME_SECONDS = 1
const BIGNUM = 2
const NEGATIVE_BIGNUM = 3
const LATER_BASE64URL = 21
const LATER_BASE64 = 22
const LATER_BASE16 = 23

/** Bad UTF-8 in byte strings becomes U+FFFD, as in JSON bodies; in text strings it is an error. */
const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

const wrong = (why: string) => badRequest(`cbor: ${why}`)

export class CborReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #position = 0
  #values = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Where the next item begins. */
  get position(): number {
    return this.#position
  }

  item(depth = 0): unknown {
    if (depth > MAXIMUM_DEPTH) throw tooDeep()
    if (++this.#values > MAXIMUM_VALUES) throw tooManyValues()
    const first = this.#byte()
    const major = first >> 5
    const more = first & 31
    switch (major) {
      case UNSIGNED:
        return this.#integer(more, false)
      case NEGATIVE:
        return this.#integer(more, true)
      case BYTE_STRING:
        return lenient.decode(this.#byteString(more))
      case TEXT_STRING:
        return this.#text(more)
      case ARRAY:
        return this.#array(more, depth)
      case MAP:
        return this.#map(more, depth)
      case TAG:
        return this.#tagged(this.#length(more), depth)
      default:
        return this.#simple(more)
    }
  }

  #integer(more: number, isNegative: boolean): number | bigint {
    if (more !== 27) {
      const value = this.#length(more)
      return isNegative ? -1 - value : value
    }
    const value = this.#view.getBigUint64(this.#take(8))
    const signed = isNegative ? -1n - value : value
    if (isInt64(signed)) return fromBigInt(signed)
    throw wrong(
      `cannot unmarshal ${isNegative ? 'negative' : 'positive'} integer into Go value of type int64 (${signed} overflows Go's int64)`,
    )
  }

  /** What stands in a head: a length, a number of items or a tag. */
  #length(more: number): number {
    if (more < 24) return more
    switch (more) {
      case 24:
        return this.#byte()
      case 25:
        return this.#view.getUint16(this.#take(2))
      case 26:
        return this.#view.getUint32(this.#take(4))
      case 27:
        // Beyond 2^53 nothing fits anyway.
        return Number(this.#view.getBigUint64(this.#take(8)))
      default:
        throw wrong(`invalid additional information ${more}`)
    }
  }

  #byteString(more: number): Uint8Array {
    if (more !== INDEFINITE) {
      const size = this.#length(more)
      const at = this.#take(size)
      return this.#bytes.subarray(at, at + size)
    }
    return this.#pieces(BYTE_STRING)
  }

  #text(more: number): string {
    const bytes = more === INDEFINITE ? this.#pieces(TEXT_STRING) : this.#byteString(more)
    return textOf(bytes, strict)
  }

  /** A string in pieces of the same kind, each with its length. */
  #pieces(major: number): Uint8Array {
    const pieces: Uint8Array[] = []
    let size = 0
    while (!this.#atBreak()) {
      const first = this.#byte()
      if (first >> 5 !== major || (first & 31) === INDEFINITE)
        throw wrong(`wrong element type in a string of indefinite length`)
      if (++this.#values > MAXIMUM_VALUES) throw tooManyValues()
      const piece = this.#byteString(first & 31)
      pieces.push(piece)
      size += piece.length
    }
    const whole = new Uint8Array(size)
    let at = 0
    for (const piece of pieces) {
      whole.set(piece, at)
      at += piece.length
    }
    return whole
  }

  #array(more: number, depth: number): unknown[] {
    const items: unknown[] = []
    if (more === INDEFINITE) while (!this.#atBreak()) items.push(this.item(depth + 1))
    else for (let left = this.#length(more); left > 0; left--) items.push(this.item(depth + 1))
    return items
  }

  #map(more: number, depth: number): PlainObject {
    const map: PlainObject = {}
    if (more === INDEFINITE) for (let at = 0; !this.#atBreak(); at++) this.#entry(map, at, depth)
    else {
      const count = this.#length(more)
      for (let at = 0; at < count; at++) this.#entry(map, at, depth)
    }
    return map
  }

  #entry(map: PlainObject, at: number, depth: number): void {
    const key = this.#key()
    if (Object.hasOwn(map, key))
      throw wrong(`found duplicate map key ${JSON.stringify(key)} at map element index ${at}`)
    setKey(map, key, this.item(depth + 1))
  }

  #key(): string {
    const first = this.#byte()
    const major = first >> 5
    if (major === BYTE_STRING) return textOf(this.#byteString(first & 31), lenient)
    if (major === TEXT_STRING) return this.#text(first & 31)
    throw wrong('a map key is no string')
  }

  #tagged(tag: number, depth: number): unknown {
    if (tag === BIGNUM || tag === NEGATIVE_BIGNUM)
      throw wrong('bignum cannot be unmarshaled into Go value of type int64')
    const next = this.#bytes[this.#position] ?? 0
    if (tag >= LATER_BASE64URL && tag <= LATER_BASE16 && next >> 5 === BYTE_STRING) {
      this.#position++
      return laterText(tag, this.#byteString(next & 31))
    }
    const content = this.item(depth + 1)
    if (tag === TIME_TEXT && typeof content !== 'string')
      throw wrong('tag number 0 must be followed by text string')
    return tag === TIME_SECONDS ? timeOf(content) : content
  }

  #simple(more: number): unknown {
    switch (more) {
      case 20:
        return false
      case 21:
        return true
      case 22:
        return null
      case 25:
        return finite(this.#view.getFloat16(this.#take(2)))
      case 26:
        return finite(this.#view.getFloat32(this.#take(4)))
      case 27:
        return finite(this.#view.getFloat64(this.#take(8)))
      default:
        throw wrong(
          `simple value ${more === 24 ? this.#byte() : more} is not recognized (major type ${SIMPLE})`,
        )
    }
  }

  #atBreak(): boolean {
    if (this.#bytes[this.#position] !== BREAK) return false
    this.#position++
    return true
  }

  #byte(): number {
    return this.#bytes[this.#take(1)] as number
  }

  #take(size: number): number {
    const at = this.#position
    if (size > this.#bytes.length - at) throw wrong('unexpected EOF')
    this.#position = at + size
    return at
  }
}

function textOf(bytes: Uint8Array, decoder: TextDecoder): string {
  if (bytes.length <= SHORT_STRING) {
    let text = ''
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number
      if (byte >= 0x80) return decoded(bytes, decoder)
      text += String.fromCharCode(byte)
    }
    return text
  }
  return decoded(bytes, decoder)
}

function decoded(bytes: Uint8Array, decoder: TextDecoder): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw wrong('invalid UTF-8 string')
  }
}

/** Bytes that are to be shown as text. */
function laterText(tag: number, bytes: Uint8Array): string {
  if (tag === LATER_BASE64) return base64FromBytes(bytes)
  if (tag === LATER_BASE16)
    return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
  return base64FromBytes(bytes).replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_')
}

function timeOf(seconds: unknown): string {
  const time = new Date(typeof seconds === 'number' ? seconds * 1000 : Number.NaN)
  if (Number.isNaN(time.getTime())) throw wrong('tag number 1 must be followed by a number')
  return time.toISOString().replace(/\.?0*Z$/, 'Z')
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value
  throw wrong(`floating-point ${Number.isNaN(value) ? 'NaN' : 'infinity'}`)
}
