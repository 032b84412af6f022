/**
 * Protocol buffers as field tables: a message is an object of fields, each with its number, and from that come its type, its encoder and
 * its decoder. Only what the gRPC services that we call need (CRI, containerd, etcd): strings, bytes, booleans, whole numbers, messages,
 * lists, and maps of strings and bytes. Numbers are JavaScript's: beyond 2^53 (times in nanoseconds) the last digits are rounded.
 */
export interface Field<T> {
  readonly number: number
  readonly empty: () => T
  /** Appends the field unless its value is the default. */
  write(out: Writer, value: T): void
  /** Takes one occurrence from the wire into the value so far. */
  read(input: Reader, wireType: number, soFar: T): T
}

export interface Message<T> {
  encode(value: Partial<T>): Uint8Array
  decode(bytes: Uint8Array): T
}
export type TypeOf<M> = M extends Message<infer T> ? T : never

const varintType = 0
const fixed64Type = 1
const bytesType = 2
const fixed32Type = 5

export class ProtobufError extends Error {
  override readonly name = 'ProtobufError'
}

class Writer {
  readonly #parts: Uint8Array[] = []

  varint(value: number): void {
    if (value >= 0 && value < 0x80) {
      this.#parts.push(Uint8Array.of(value))
      return
    }
    let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)))
    const bytes: number[] = []
    while (rest >= 0x80n) {
      bytes.push(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    bytes.push(Number(rest))
    this.#parts.push(Uint8Array.from(bytes))
  }

  tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType)
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.tag(field, bytesType)
    this.varint(bytes.length)
    this.#parts.push(bytes)
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts)
  }
}

class Reader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length
  }

  /** Signed 64 bit, as nearly all varints of these services; the unsigned ones stay far below 2^63 or are ids. */
  varint(): number {
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte()
      low += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return low
    }
    let value = BigInt(low)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number(BigInt.asIntN(64, value))
    }
    throw new ProtobufError('a number is longer than ten bytes')
  }

  take(): Uint8Array {
    const length = this.varint()
    if (length < 0 || length > this.#bytes.length - this.#offset)
      throw new ProtobufError('a field is longer than its message')
    this.#offset += length
    return this.#bytes.subarray(this.#offset - length, this.#offset)
  }

  skip(wireType: number): void {
    if (wireType === varintType) this.varint()
    else if (wireType === bytesType) this.take()
    else if (wireType === fixed64Type) this.#offset += 8
    else if (wireType === fixed32Type) this.#offset += 4
    else throw new ProtobufError(`wire type ${wireType} is not served`)
    if (this.#offset > this.#bytes.length) throw new ProtobufError('a message is cut short')
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset++]
    if (byte === undefined) throw new ProtobufError('a message is cut short')
    return byte
  }
}

function expect(wireType: number, expected: number): void {
  if (wireType !== expected)
    throw new ProtobufError(`a field has wire type ${wireType} where ${expected} belongs`)
}

export function string(number: number): Field<string> {
  return {
    number,
    empty: () => '',
    write(out, value) {
      if (value !== '') out.bytes(number, Buffer.from(value))
    },
    read(input, wireType) {
      expect(wireType, bytesType)
      return Buffer.from(input.take()).toString('utf8')
    },
  }
}

export function bytes(number: number): Field<Uint8Array> {
  return {
    number,
    empty: () => new Uint8Array(0),
    write(out, value) {
      if (value.length > 0) out.bytes(number, value)
    },
    read(input, wireType) {
      expect(wireType, bytesType)
      return new Uint8Array(input.take())
    },
  }
}

export function integer(number: number): Field<number> {
  return {
    number,
    empty: () => 0,
    write(out, value) {
      if (value === 0) return
      out.tag(number, varintType)
      out.varint(value)
    },
    read(input, wireType) {
      expect(wireType, varintType)
      return input.varint()
    },
  }
}

export function boolean(number: number): Field<boolean> {
  const { write, read } = integer(number)
  return {
    number,
    empty: () => false,
    write: (out, value) => write(out, value ? 1 : 0),
    read: (input, wireType) => read(input, wireType, 0) !== 0,
  }
}

export function nested<T>(number: number, message: Message<T>): Field<Partial<T> | undefined> {
  return {
    number,
    empty: () => undefined,
    write(out, value) {
      if (value !== undefined) out.bytes(number, message.encode(value))
    },
    read(input, wireType) {
      expect(wireType, bytesType)
      return message.decode(input.take())
    },
  }
}

/** The array is ours, fresh from `empty`: copying it for each element would make long lists quadratic. */
function pushed<T>(soFar: readonly T[], value: T): readonly T[] {
  ;(soFar as T[]).push(value)
  return soFar
}

/** Messages one after another; `T` is what each decodes to. */
export function list<T>(number: number, message: Message<T>): Field<readonly Partial<T>[]> {
  return {
    number,
    empty: () => [],
    write(out, values) {
      for (const value of values) out.bytes(number, message.encode(value))
    },
    read(input, wireType, soFar) {
      expect(wireType, bytesType)
      return pushed(soFar, message.decode(input.take()))
    },
  }
}

export function strings(number: number): Field<readonly string[]> {
  return {
    number,
    empty: () => [],
    write(out, values) {
      for (const value of values) out.bytes(number, Buffer.from(value))
    },
    read(input, wireType, soFar) {
      expect(wireType, bytesType)
      return pushed(soFar, Buffer.from(input.take()).toString('utf8'))
    },
  }
}

/** Packed, as proto3 sends them; single ones are understood too. */
export function integers(number: number): Field<readonly number[]> {
  return {
    number,
    empty: () => [],
    write(out, values) {
      if (values.length === 0) return
      const packed = new Writer()
      for (const value of values) packed.varint(value)
      out.bytes(number, packed.finish())
    },
    read(input, wireType, soFar) {
      if (wireType === varintType) return [...soFar, input.varint()]
      expect(wireType, bytesType)
      const packed = new Reader(input.take())
      const values = [...soFar]
      while (!packed.done) values.push(packed.varint())
      return values
    },
  }
}

export function stringMap(number: number): Field<Readonly<Record<string, string>>> {
  return mapOf(number, message({ key: string(1), value: string(2) }))
}

export function bytesMap(number: number): Field<Readonly<Record<string, Uint8Array>>> {
  return mapOf(number, message({ key: string(1), value: bytes(2) }))
}

function mapOf<T>(
  number: number,
  entry: Message<{ key: string; value: T }>,
): Field<Readonly<Record<string, T>>> {
  return {
    number,
    empty: () => ({}),
    write(out, map) {
      for (const [key, value] of Object.entries(map))
        out.bytes(number, entry.encode({ key, value }))
    },
    read(input, wireType, soFar) {
      expect(wireType, bytesType)
      const { key, value } = entry.decode(input.take())
      return { ...soFar, [key]: value }
    },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a table of fields of any type is what this is for
type Fields = Readonly<Record<string, Field<any>>>
type Values<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never }

export function message<F extends Fields>(fields: F): Message<Values<F>> {
  const byNumber = new Map(
    Object.entries(fields).map(([name, field]) => [field.number, { name, field }]),
  )
  return {
    encode(value) {
      const out = new Writer()
      for (const [name, field] of Object.entries(fields)) {
        const part: unknown = value[name]
        if (part !== undefined) field.write(out, part)
      }
      return out.finish()
    },
    decode(encoded) {
      const input = new Reader(encoded)
      const value: Record<string, unknown> = {}
      for (const [name, field] of Object.entries(fields)) value[name] = field.empty()
      while (!input.done) {
        const tag = input.varint()
        const known = byNumber.get(Math.floor(tag / 8))
        if (known) value[known.name] = known.field.read(input, tag % 8, value[known.name])
        else input.skip(tag % 8)
      }
      return value as Values<F>
    },
  }
}
