/** How each scalar type looks in protobuf. Several are messages of their own there. */
import { fieldsOfText, textOfFields } from './apply/shared-fields.ts'
import { base64FromBytes, bytesFromBase64 } from './base64.ts'
import { parseJson } from './body.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { stringifyJson } from './exact-json.ts'
import { BYTES, FIXED64, type Reader, VARINT, type Writer } from './protobuf-wire.ts'
import type { ScalarType } from './schema.ts'
import { badRequest } from './status.ts'
import { wholeSecondsOf } from './time.ts'

export interface ProtobufScalar {
  readonly wireType: number
  /** What is written for a value that is absent, undefined when then nothing is. */
  readonly zero: unknown
  /** Writes the value without its tag, with its length where it has one. */
  readonly write: (writer: Writer, value: unknown) => void
  readonly read: (reader: Reader) => unknown
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Runs `write`, which goes backwards, and puts the length before what it wrote. */
export function delimited(writer: Writer, write: () => void): void {
  const before = writer.length
  write()
  writer.varint(writer.length - before)
}

function writeString(writer: Writer, text: string): void {
  const before = writer.length
  writer.string(text)
  writer.varint(writer.length - before)
}

/** Calls `field` for each field of the message with its number; what it does not read is skipped. */
export function eachField(
  reader: Reader,
  field: (number: number, wireType: number) => boolean,
): void {
  while (!reader.done) {
    const tag = reader.int()
    const wireType = tag & 7
    const number = Math.floor(tag / 8)
    if (number <= 0) throw badRequest(`protobuf: illegal tag ${number}`)
    if (!field(number, wireType)) reader.skip(wireType)
  }
}

const whole: ProtobufScalar = {
  wireType: VARINT,
  zero: 0,
  write: (writer, value) => writer.int(value as number | bigint),
  read: reader => reader.int(),
}

const microsecondsIn = (text: string) =>
  Number((/\.(\d{1,6})/.exec(text)?.[1] ?? '').padEnd(6, '0'))

/** Seconds and nanoseconds since the epoch; an absent time is an empty message. */
function timestamp(decimals: 0 | 6): ProtobufScalar {
  return {
    wireType: BYTES,
    zero: null,
    write: (writer, value) =>
      delimited(writer, () => {
        if (typeof value !== 'string') return
        writer.int(decimals === 0 ? 0 : microsecondsIn(value) * 1000)
        writer.tag(2, VARINT)
        writer.int(wholeSecondsOf(value))
        writer.tag(1, VARINT)
      }),
    read: reader => {
      const [seconds, nanos] = twoNumbers(reader)
      if (seconds === undefined) return null
      const date = new Date(seconds * 1000)
      if (Number.isNaN(date.getTime())) throw badRequest('protobuf: a time is out of range')
      const text = date.toISOString().slice(0, -5)
      const micros = Math.floor((nanos ?? 0) / 1000)
      return decimals === 0 ? `${text}Z` : `${text}.${String(micros).padStart(6, '0')}Z`
    },
  }
}

function twoNumbers(reader: Reader): [number | undefined, number | undefined] {
  const message = reader.message()
  const numbers: [number | undefined, number | undefined] = [undefined, undefined]
  eachField(message, (number, wireType) => {
    if (wireType !== VARINT || number > 2) return false
    numbers[number - 1] = message.int()
    return true
  })
  return numbers
}

const intOrString: ProtobufScalar = {
  wireType: BYTES,
  zero: 0,
  write: (writer, value) =>
    delimited(writer, () => {
      const isText = typeof value === 'string'
      writeString(writer, isText ? value : '')
      writer.tag(3, BYTES)
      writer.int(isText ? 0 : (value as number))
      writer.tag(2, VARINT)
      writer.varint(isText ? 1 : 0)
      writer.tag(1, VARINT)
    }),
  read: reader => {
    const message = reader.message()
    let isText = false
    let number = 0
    let text = ''
    eachField(message, (field, wireType) => {
      if (field === 1 && wireType === VARINT) isText = message.int() === 1
      else if (field === 2 && wireType === VARINT) number = message.int()
      else if (field === 3 && wireType === BYTES) text = message.string()
      else return false
      return true
    })
    return isText ? text : number
  },
}

/** A message with one field, number 1, of this wire type. */
function wrapped(
  zero: unknown,
  wireType: number,
  write: (writer: Writer, value: unknown) => void,
  read: (message: Reader) => unknown,
): ProtobufScalar {
  return {
    wireType: BYTES,
    zero,
    write: (writer, value) =>
      delimited(writer, () => {
        if (value === null) return
        write(writer, value)
        writer.tag(1, wireType)
      }),
    read: reader => {
      const message = reader.message()
      let value = zero
      eachField(message, (number, type) => {
        if (number !== 1 || type !== wireType) return false
        value = read(message)
        return true
      })
      return value
    },
  }
}

const textOfAny = (value: unknown): string =>
  typeof value === 'object' && value !== null ? textOfFields(value) : stringifyJson(value)

/** Clients send back the owners of fields as they read them. */
function readAny(bytes: Uint8Array): unknown {
  const known = bytes.length <= MAXIMUM_KNOWN_BYTES && fieldsOfText(decoder.decode(bytes))
  return known || parseJson(bytes)
}
/** Longer ones are not what many objects share. */
const MAXIMUM_KNOWN_BYTES = 16 * 1024

const writeBytes = (writer: Writer, bytes: Uint8Array) =>
  delimited(writer, () => writer.bytes(bytes))

export const PROTOBUF_SCALARS: Readonly<Record<ScalarType, ProtobufScalar>> = {
  string: {
    wireType: BYTES,
    zero: '',
    write: (writer, value) => writeString(writer, value as string),
    read: reader => reader.string(),
  },
  boolean: {
    wireType: VARINT,
    zero: false,
    write: (writer, value) => writer.varint(value ? 1 : 0),
    read: reader => reader.int() !== 0,
  },
  int32: whole,
  int64: { ...whole, read: reader => reader.int64() },
  double: {
    wireType: FIXED64,
    zero: 0,
    write: (writer, value) => writer.double(value as number),
    read: reader => reader.double(),
  },
  bytes: {
    wireType: BYTES,
    zero: undefined,
    write: (writer, value) => writeBytes(writer, bytesFromBase64(value as string)),
    read: reader => base64FromBytes(reader.bytes()),
  },
  quantity: wrapped(
    '0',
    BYTES,
    (writer, value) => writeString(writer, value as string),
    message => message.string() || '0',
  ),
  intOrString,
  time: timestamp(0),
  microTime: timestamp(6),
  duration: wrapped(
    '0s',
    VARINT,
    (writer, value) => writer.int(parseDuration(value as string)),
    message => formatDuration(BigInt(message.int64())),
  ),
  any: wrapped(
    null,
    BYTES,
    (writer, value) => writeString(writer, textOfAny(value)),
    message => readAny(message.bytes()),
  ),
}
