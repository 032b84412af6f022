/** Writes CBOR (RFC 8949) in its deterministic form: shortest heads, shortest floats, definite lengths. */
import { isInt64 } from './exact-json.ts'
import { utf8Length } from './names.ts'

export const UNSIGNED = 0
export const NEGATIVE = 1
export const BYTE_STRING = 2
export const TEXT_STRING = 3
export const ARRAY = 4
export const MAP = 5
export const TAG = 6
export const SIMPLE = 7

const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6
const FLOAT16 = 0xf9
const FLOAT32 = 0xfa
const FLOAT64 = 0xfb

const INITIAL_BYTES = 1024
/** Strings up to this length are copied letter by letter, which is quicker than a call to the encoder. */
const SHORT_STRING = 64
const encoder = new TextEncoder()

export class CborWriter {
  #buffer = new Uint8Array(INITIAL_BYTES)
  #view = new DataView(this.#buffer.buffer)
  #length = 0

  /** The bytes written, as a copy of their own. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length)
  }

  /** The first bytes of an item: what it is, and its value, length or number. */
  head(major: number, value: number): void {
    const type = major << 5
    if (value < 24) this.#byte(type | value)
    else if (value < 0x100) {
      const at = this.#room(2)
      this.#buffer[at] = type | 24
      this.#buffer[at + 1] = value
    } else if (value < 0x1_0000) this.#typed(type | 25, 2, (view, at) => view.setUint16(at, value))
    else if (value < 0x1_0000_0000)
      this.#typed(type | 26, 4, (view, at) => view.setUint32(at, value))
    else this.#long(type | 27, BigInt(value))
  }

  /** Whole numbers as such, everything else, and what 64 bits do not hold, as a float. */
  number(value: number | bigint): void {
    if (typeof value === 'bigint') {
      if (!isInt64(value)) this.float(Number(value))
      else if (value >= 0n) this.#long(0x1b, value)
      else this.#long(0x3b, -1n - value)
    } else if (!Number.isSafeInteger(value)) this.float(value)
    else if (value >= 0) this.head(UNSIGNED, value)
    else this.head(NEGATIVE, -1 - value)
  }

  /** In as few bytes as hold it exactly. */
  float(value: number): void {
    if (Math.fround(value) !== value)
      this.#typed(FLOAT64, 8, (view, at) => view.setFloat64(at, value))
    else if (Math.f16round(value) !== value)
      this.#typed(FLOAT32, 4, (view, at) => view.setFloat32(at, value))
    else this.#typed(FLOAT16, 2, (view, at) => view.setFloat16(at, value))
  }

  boolean(value: boolean): void {
    this.#byte(value ? TRUE : FALSE)
  }

  null(): void {
    this.#byte(NULL)
  }

  bytes(value: Uint8Array): void {
    this.head(BYTE_STRING, value.length)
    this.raw(value)
  }

  /** Text as a byte string, which needs no check of its encoding: so upstream writes all its strings. */
  string(text: string): void {
    const size = utf8Length(text)
    this.head(BYTE_STRING, size)
    const at = this.#room(size)
    if (size === text.length && size <= SHORT_STRING)
      for (let i = 0; i < size; i++) this.#buffer[at + i] = text.charCodeAt(i)
    else encoder.encodeInto(text, this.#buffer.subarray(at, at + size))
  }

  /** Items that are written already. */
  raw(value: Uint8Array): void {
    // First the room, which may replace the buffer.
    const at = this.#room(value.length)
    this.#buffer.set(value, at)
  }

  #byte(value: number): void {
    const at = this.#room(1)
    this.#buffer[at] = value
  }

  /** Writes the first byte, and lets `put` write the `size` bytes behind it: only once there is room, which may take another buffer. */
  #typed(first: number, size: number, put: (view: DataView, at: number) => void): void {
    const at = this.#room(size + 1)
    this.#buffer[at] = first
    put(this.#view, at + 1)
  }

  #long(first: number, value: bigint): void {
    this.#typed(first, 8, (view, at) => view.setBigUint64(at, value))
  }

  #room(size: number): number {
    const at = this.#length
    if (at + size > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#buffer.length * 2, at + size))
      larger.set(this.#buffer)
      this.#buffer = larger
      this.#view = new DataView(larger.buffer)
    }
    this.#length = at + size
    return at
  }
}
