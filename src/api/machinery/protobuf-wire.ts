/** The wire format of protobuf: a writer that fills its buffer from the end, so lengths are known, and a reader. */
import { fromBigInt } from './exact-json.ts'
import { utf8Length } from './names.ts'
import { badRequest } from './status.ts'

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5

/** Holds most objects, so that hardly any writer has to grow. */
const INITIAL_BYTES = 16 * 1024
/** Writers give their buffers back when they are done, since a fresh one has to be cleared; very large ones are let go. */
const spareBuffers: Uint8Array[] = []
const MAXIMUM_SPARE_BUFFERS = 4
const MAXIMUM_SPARE_BYTES = 1024 * 1024
/** Strings up to this length are handled letter by letter, which is quicker than a call to the encoder or decoder. */
const SHORT_STRING = 64
const encoder = new TextEncoder()
/** Bad UTF-8 becomes U+FFFD, as in JSON bodies. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

const NO_BYTES = new Uint8Array()

/** Writes backwards: first the value, then its length, then its tag. */
export class Writer {
  #buffer = spareBuffers.pop() ?? new Uint8Array(INITIAL_BYTES)
  #position = this.#buffer.length

  /** How many bytes are written. */
  get length(): number {
    return this.#buffer.length - this.#position
  }

  /** The bytes written, as a copy of their own. Nothing can be written any more. */
  finish(): Uint8Array {
    const bytes = this.#buffer.slice(this.#position)
    if (spareBuffers.length < MAXIMUM_SPARE_BUFFERS && this.#buffer.length <= MAXIMUM_SPARE_BYTES)
      spareBuffers.push(this.#buffer)
    this.#buffer = NO_BYTES
    this.#position = 0
    return bytes
  }

  tag(number: number, wireType: number): void {
    this.varint(number * 8 + wireType)
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    let size = 1
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++
    let at = this.#room(size)
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#buffer[at++] = (rest % 128) | 128
    this.#buffer[at] = rest
  }

  /** A whole number that may be negative: two's complement in 64 bits. */
  int(value: number | bigint): void {
    if (value >= 0) {
      if (typeof value === 'number') this.varint(value)
      else this.#largeVarint(value)
      return
    }
    let rest = BigInt.asUintN(64, BigInt(value))
    const at = this.#room(10)
    for (let i = 0; i < 9; i++, rest >>= 7n) this.#buffer[at + i] = Number(rest & 127n) | 128
    this.#buffer[at + 9] = Number(rest)
  }

  #largeVarint(value: bigint): void {
    let size = 1
    for (let rest = value; rest >= 128n; rest >>= 7n) size++
    let at = this.#room(size)
    let rest = value
    for (; rest >= 128n; rest >>= 7n) this.#buffer[at++] = Number(rest & 127n) | 128
    this.#buffer[at] = Number(rest)
  }

  double(value: number): void {
    const at = this.#room(8)
    new DataView(this.#buffer.buffer).setFloat64(at, value, true)
  }

  bytes(value: Uint8Array): void {
    // First the room, which may replace the buffer.
    const at = this.#room(value.length)
    this.#buffer.set(value, at)
  }

  string(text: string): void {
    const { length } = text
    // Nearly all are ASCII; others do not fit into as many bytes as they have letters.
    const isWritten = length <= SHORT_STRING ? this.#letters(text) : this.#fits(text, length)
    if (isWritten) return
    this.#position += length
    this.#fits(text, utf8Length(text))
  }

  /** Whether all letters are ASCII; the room for them is taken in any case. */
  #letters(text: string): boolean {
    const at = this.#room(text.length)
    for (let i = 0; i < text.length; i++) {
      const letter = text.charCodeAt(i)
      if (letter >= 0x80) return false
      this.#buffer[at + i] = letter
    }
    return true
  }

  /** Whether the whole text went into so many bytes; the room for them is taken in any case. */
  #fits(text: string, size: number): boolean {
    const at = this.#room(size)
    return encoder.encodeInto(text, this.#buffer.subarray(at, at + size)).read === text.length
  }

  /** Makes room in front and gives the index where it begins. */
  #room(size: number): number {
    if (size > this.#position) {
      const used = this.length
      const larger = new Uint8Array(Math.max(this.#buffer.length * 2, used + size))
      larger.set(this.#buffer.subarray(this.#position), larger.length - used)
      this.#buffer = larger
      this.#position = larger.length - used
    }
    this.#position -= size
    return this.#position
  }
}

const truncated = () => badRequest('protobuf: unexpected end of the message')

/** Reads forwards within bounds; everything that does not fit is a BadRequest. */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #position: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#position = start
    this.#end = end
  }

  get done(): boolean {
    return this.#position >= this.#end
  }

  /** A whole number as Go's int64 has it; beyond 2^53 it is the nearest. */
  int(): number {
    const value = this.int64()
    return typeof value === 'bigint' ? Number(value) : value
  }

  /** The same, exactly. */
  int64(): number | bigint {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte()
      const bits = byte & 127
      if (shift < 28) low += bits * 2 ** shift
      else high += bits * 2 ** (shift - 28)
      if (byte < 128) return signed(low, high)
    }
    throw badRequest('protobuf: a number is longer than ten bytes')
  }

  double(): number {
    const at = this.#take(8)
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getFloat64(at, true)
  }

  bytes(): Uint8Array {
    const size = this.#size()
    const at = this.#take(size)
    return this.#bytes.subarray(at, at + size)
  }

  string(): string {
    const size = this.#size()
    const start = this.#take(size)
    const end = start + size
    if (size > SHORT_STRING) return decoder.decode(this.#bytes.subarray(start, end))
    let text = ''
    for (let i = start; i < end; i++) {
      const byte = this.#bytes[i] as number
      if (byte >= 128) return decoder.decode(this.#bytes.subarray(start, end))
      text += String.fromCharCode(byte)
    }
    return text
  }

  /** A reader of the message that begins here. */
  message(): Reader {
    const size = this.#size()
    const at = this.#take(size)
    return new Reader(this.#bytes, at, at + size)
  }

  skip(wireType: number): void {
    switch (wireType) {
      case VARINT:
        this.int()
        return
      case FIXED64:
        this.#take(8)
        return
      case BYTES:
        this.bytes()
        return
      case FIXED32:
        this.#take(4)
        return
      default:
        throw badRequest(`protobuf: illegal wire type ${wireType}`)
    }
  }

  #size(): number {
    const size = this.int()
    if (size < 0 || size > this.#end - this.#position) throw truncated()
    return size
  }

  #byte(): number {
    return this.#bytes[this.#take(1)] as number
  }

  #take(size: number): number {
    const at = this.#position
    if (size > this.#end - at) throw truncated()
    this.#position = at + size
    return at
  }
}

/** From 28 low bits and what is above them. */
function signed(low: number, high: number): number | bigint {
  const value = high * 2 ** 28 + low
  if (value < 2 ** 53) return value
  const exact = BigInt(high) * 2n ** 28n + BigInt(low)
  return fromBigInt(BigInt.asIntN(64, exact))
}
