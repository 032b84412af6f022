/**
 * Messages of D-Bus as they are on the wire: https://dbus.freedesktop.org/doc/dbus-specification.html. Texts, numbers and flags are read, and
 * variants of them; whatever else a message holds ends what is read of its body. Pure.
 */

/** Integers of 64 bits are bigints. */
export type BusValue = string | number | bigint | boolean

export interface BusCall {
  readonly destination: string
  readonly path: string
  readonly interface: string
  readonly member: string
  /** One letter a value: `s` text, `i` and `u` numbers. */
  readonly signature?: string
  readonly body?: readonly BusValue[]
}

export interface BusMessage {
  readonly type: 'call' | 'return' | 'error' | 'signal' | 'other'
  readonly replyTo: number | undefined
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly errorName: string
  readonly sender: string
  readonly body: readonly BusValue[]
}

/**
 * What we are told is small. Whoever is on the bus may send signals to us, though, and what is longer is passed over: it ends no connection, with which
 * a lock might be lost.
 */
export const MAXIMUM_MESSAGE_BYTES = 1024 * 1024
/** More is told by no bus: that is somebody's garbage. */
const LONGEST_OF_ALL = 128 * 1024 * 1024

const LITTLE = 0x6c
const BIG = 0x42
const VERSION = 1
const TYPES = ['other', 'call', 'return', 'error', 'signal'] as const
const CALL = 1
const FIXED_BYTES = 16
const FIELD = { path: 1, interface: 2, member: 3, error: 4, replyTo: 5, destination: 6, sender: 7 }
const SIGNATURE_FIELD = 8

const padding = (offset: number, to: number) => (to - (offset % to)) % to

class Writer {
  readonly #parts: Buffer[] = []
  length = 0

  add(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.length += bytes.length
  }

  align(to: number): void {
    this.add(Buffer.alloc(padding(this.length, to)))
  }

  byte(value: number): void {
    this.add(Buffer.of(value))
  }

  uint32(value: number): void {
    this.align(4)
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value >>> 0)
    this.add(bytes)
  }

  text(value: string): void {
    const bytes = Buffer.from(value.toWellFormed())
    this.uint32(bytes.length)
    this.add(Buffer.concat([bytes, Buffer.of(0)]))
  }

  signature(value: string): void {
    this.add(Buffer.from(`${String.fromCharCode(value.length)}${value}\0`))
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

/** A call that wants an answer, which then names this serial, a number from 1 on. */
export function encodeCall(serial: number, call: BusCall): Buffer {
  const { signature = '' } = call
  const body = new Writer()
  for (const [index, value] of (call.body ?? []).entries())
    if (signature[index] === 's') body.text(String(value))
    else body.uint32(Number(value))
  const fields = new Writer()
  const field = (code: number, type: string, value: string) => {
    fields.align(8)
    fields.byte(code)
    fields.signature(type)
    if (type === 'g') fields.signature(value)
    else fields.text(value)
  }
  field(FIELD.path, 'o', call.path)
  field(FIELD.interface, 's', call.interface)
  field(FIELD.member, 's', call.member)
  field(FIELD.destination, 's', call.destination)
  if (signature !== '') field(SIGNATURE_FIELD, 'g', signature)
  const message = new Writer()
  for (const each of [LITTLE, CALL, 0, VERSION]) message.byte(each)
  message.uint32(body.length)
  message.uint32(serial)
  message.uint32(fields.length)
  message.add(fields.bytes())
  message.align(8)
  message.add(body.bytes())
  return message.bytes()
}

/** Cuts messages out of what comes. */
export class MessageReader {
  #pending: Buffer = Buffer.alloc(0)
  /** Bytes that are still to come of a message that is too long. */
  #passedOver = 0

  /** Throws where this is no D-Bus. */
  take(bytes: Uint8Array): readonly BusMessage[] {
    this.#pending = Buffer.concat([this.#pending, bytes])
    const messages: BusMessage[] = []
    for (let length = this.#next(); length !== undefined; length = this.#next()) {
      messages.push(decode(this.#pending.subarray(0, length)))
      this.#pending = this.#pending.subarray(length)
    }
    return messages
  }

  /** Bytes of the first message that is read, where all of it is here. */
  #next(): number | undefined {
    for (;;) {
      const length = this.#first()
      if (length === undefined || length <= MAXIMUM_MESSAGE_BYTES)
        return length !== undefined && length <= this.#pending.length ? length : undefined
      this.#passedOver = length
    }
  }

  /** Bytes of the first message, whose beginning is here. */
  #first(): number | undefined {
    const passed = Math.min(this.#passedOver, this.#pending.length)
    this.#passedOver -= passed
    this.#pending = this.#pending.subarray(passed)
    if (this.#passedOver > 0) return undefined
    const { length } = this.#pending
    if (length < FIXED_BYTES) return undefined
    const isLittle = this.#pending[0] === LITTLE
    if (!isLittle && this.#pending[0] !== BIG) throw new Error('this is no message of D-Bus')
    const read = (at: number) =>
      isLittle ? this.#pending.readUInt32LE(at) : this.#pending.readUInt32BE(at)
    const fields = read(12)
    const whole = FIXED_BYTES + fields + padding(fields, 8) + read(4)
    if (whole > LONGEST_OF_ALL) throw new Error(`a message of ${whole} bytes is too long`)
    return whole
  }
}

class Reader {
  readonly #bytes: Buffer
  readonly #isLittle: boolean
  offset = 0

  constructor(bytes: Buffer, isLittle: boolean) {
    this.#bytes = bytes
    this.#isLittle = isLittle
  }

  align(to: number): void {
    this.offset += padding(this.offset, to)
  }

  byte(): number {
    return this.#bytes.readUInt8(this.offset++)
  }

  uint32(): number {
    this.align(4)
    const at = this.offset
    this.offset += 4
    return this.#isLittle ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at)
  }

  uint64(): bigint {
    this.align(8)
    const at = this.offset
    this.offset += 8
    return this.#isLittle ? this.#bytes.readBigUInt64LE(at) : this.#bytes.readBigUInt64BE(at)
  }

  text(length: number): string {
    const from = this.offset
    if (from + length + 1 > this.#bytes.length) throw new RangeError('a text is cut off')
    this.offset += length + 1
    return this.#bytes.toString('utf8', from, from + length)
  }

  /** Undefined for what is not read here. */
  value(type: string): BusValue | undefined {
    switch (type) {
      case 's':
      case 'o':
        return this.text(this.uint32())
      case 'g':
        return this.text(this.byte())
      case 'y':
        return this.byte()
      case 'b':
        return this.uint32() !== 0
      case 'u':
      case 'h':
        return this.uint32()
      case 'i':
        return this.uint32() | 0
      case 't':
        return this.uint64()
      case 'x':
        return BigInt.asIntN(64, this.uint64())
      case 'v':
        return this.value(this.text(this.byte()))
      default:
        return undefined
    }
  }
}

function decode(bytes: Buffer): BusMessage {
  const isLittle = bytes[0] === LITTLE
  const reader = new Reader(bytes, isLittle)
  reader.offset = 12
  const end = FIXED_BYTES + reader.uint32()
  const fields = new Map<number, BusValue>()
  while (reader.offset < end) {
    reader.align(8)
    const code = reader.byte()
    const value = reader.value('v')
    // What this field is nobody knows here, and so not where it ends.
    if (value === undefined) break
    fields.set(code, value)
  }
  const bodyAt = end + padding(end, 8)
  const text = (code: number) => String(fields.get(code) ?? '')
  return {
    type: TYPES[bytes[1] ?? 0] ?? 'other',
    replyTo: fields.has(FIELD.replyTo) ? Number(fields.get(FIELD.replyTo)) : undefined,
    path: text(FIELD.path),
    interface: text(FIELD.interface),
    member: text(FIELD.member),
    errorName: text(FIELD.error),
    sender: text(FIELD.sender),
    body: bodyOf(new Reader(bytes.subarray(bodyAt), isLittle), text(SIGNATURE_FIELD)),
  }
}

function bodyOf(reader: Reader, signature: string): BusValue[] {
  const body: BusValue[] = []
  for (const type of signature) {
    const value = reader.value(type)
    if (value === undefined) break
    body.push(value)
  }
  return body
}
