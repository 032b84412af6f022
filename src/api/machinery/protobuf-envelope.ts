/**
 * What goes around protobuf messages on the wire: every object, list or status is a `runtime.Unknown` behind four
 * magic bytes; the frames of a watch are bare events that hold such an object.
 */
import { apiVersionOf } from './kind.ts'
import { listMeta } from './metadata.ts'
import { decodeProtobuf, writeProtobuf } from './protobuf.ts'
import { delimited, eachField } from './protobuf-scalars.ts'
import { BYTES, Reader, Writer } from './protobuf-wire.ts'
import { type ObjectShape, shape, string } from './schema.ts'
import { badRequest } from './status.ts'

const MAGIC = new Uint8Array([0x6b, 0x38, 0x73, 0x00])

export interface Envelope {
  readonly apiVersion: string
  readonly kind: string
  /** The message of the object itself. */
  readonly message: Uint8Array
}

const typeMetaShape = shape('io.k8s.apimachinery.pkg.runtime.TypeMeta', 'Names a type.', {
  apiVersion: string(1).always().doc('Group and version of the type.'),
  kind: string(2).always().doc('Name of the type.'),
})

/** Puts a message, which `write` writes, into its envelope: the bytes of a body. */
function enveloped(apiVersion: string, kind: string, write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer()
  writeEnd(writer)
  delimited(writer, () => write(writer))
  writeBeginning(writer, { apiVersion, kind })
  return writer.finish()
}

/** Content encoding and content type, which stay empty. */
function writeEnd(writer: Writer): void {
  writer.varint(0)
  writer.tag(4, BYTES)
  writer.varint(0)
  writer.tag(3, BYTES)
}

/** All before the message and its length. */
function writeBeginning(writer: Writer, type: { apiVersion: string; kind: string }): void {
  writer.tag(2, BYTES)
  delimited(writer, () => writeProtobuf(writer, typeMetaShape, type))
  writer.tag(1, BYTES)
  writer.bytes(MAGIC)
}

export const NO_PROTOBUF =
  'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]'

/** Whether a body says that it is protobuf. */
export function isProtobufBody(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, at) => bytes[at] === byte)
}

/** Takes a body out of its envelope; the message is a part of the same bytes. Throws BadRequest when it has none. */
export function unwrapProtobuf(bytes: Uint8Array): Envelope {
  if (!isProtobufBody(bytes)) throw badRequest(NO_PROTOBUF)
  const reader = new Reader(bytes, MAGIC.length)
  let type: { apiVersion?: string; kind?: string } = {}
  let message: Uint8Array = new Uint8Array()
  eachField(reader, (number, wireType) => {
    if (wireType !== BYTES) return false
    if (number === 1) type = decodeProtobuf(typeMetaShape, reader.bytes())
    else if (number === 2) message = reader.bytes()
    else return false
    return true
  })
  return { apiVersion: type.apiVersion ?? '', kind: type.kind ?? '', message }
}

/** The message in a body of our own making, as a part of the same bytes. */
export function messageIn(body: Uint8Array): Uint8Array {
  const reader = new Reader(body, MAGIC.length)
  let message = body
  eachField(reader, (number, wireType) => {
    if (number !== 2 || wireType !== BYTES) return false
    message = reader.bytes()
    return true
  })
  return message
}

interface Typed {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly shape: ObjectShape
}

/** The body of one object of a kind. */
export function encodeObjectProtobuf(kind: Typed, object: object): Uint8Array {
  return enveloped(apiVersionOf(kind), kind.kind, writer =>
    writeProtobuf(writer, kind.shape, object),
  )
}

/** The object of a body, with its apiVersion and kind, for `decodeObject` to check. */
export function decodeObjectProtobuf(kind: Typed, bytes: Uint8Array): Record<string, unknown> {
  const { apiVersion, kind: name, message } = unwrapProtobuf(bytes)
  return { apiVersion, kind: name, ...decodeProtobuf(kind.shape, message) }
}

/** The body of a list in pieces, from the messages of its items, so that each item is encoded once and shared. */
export function encodeListProtobuf(
  kind: { readonly group: string; readonly version: string; readonly listKind: string },
  metadata: object,
  items: readonly Uint8Array[],
): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let size = 0
  for (const item of items) {
    const head = itemHead(item.length)
    size += head.length + item.length
    pieces.push(head, item)
  }
  const beginning = new Writer()
  delimited(beginning, () => writeProtobuf(beginning, listMeta, metadata))
  beginning.tag(1, BYTES)
  beginning.varint(beginning.length + size)
  writeBeginning(beginning, { apiVersion: apiVersionOf(kind), kind: kind.listKind })
  const end = new Writer()
  writeEnd(end)
  return [beginning.finish(), ...pieces, end.finish()]
}

/** Tag and length of an item. */
function itemHead(length: number): Uint8Array {
  const bytes = [2 * 8 + BYTES]
  let rest = length
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

/** The metadata of a list's body and the messages of its items. */
export function decodeListProtobuf(bytes: Uint8Array): {
  envelope: Envelope
  metadata: Record<string, unknown>
  items: Uint8Array[]
} {
  const envelope = unwrapProtobuf(bytes)
  const reader = new Reader(envelope.message)
  let metadata: Record<string, unknown> = {}
  const items: Uint8Array[] = []
  eachField(reader, (number, wireType) => {
    if (wireType !== BYTES || number > 2) return false
    if (number === 1) metadata = decodeProtobuf(listMeta, reader.bytes())
    else items.push(reader.bytes())
    return true
  })
  return { envelope, metadata, items }
}

/** One frame of a watch, its length in front as four bytes. `body` is the object in its envelope. */
export function encodeWatchFrame(type: string, body: Uint8Array): Uint8Array {
  const writer = new Writer()
  delimited(writer, () => {
    writer.bytes(body)
    writer.varint(body.length)
    writer.tag(1, BYTES)
  })
  writer.tag(2, BYTES)
  delimited(writer, () => writer.string(type))
  writer.tag(1, BYTES)
  const { length } = writer
  writer.bytes(new Uint8Array([length >>> 24, length >>> 16, length >>> 8, length]))
  return writer.finish()
}

/** The event of a frame without its length. `body` is the object in its envelope. */
export function decodeWatchFrame(frame: Uint8Array): { type: string; body: Uint8Array } {
  const reader = new Reader(frame)
  let type = ''
  let body = new Uint8Array()
  eachField(reader, (number, wireType) => {
    if (wireType !== BYTES || number > 2) return false
    if (number === 1) type = reader.string()
    else {
      const object = reader.message()
      eachField(object, (inner, innerType) => {
        if (inner !== 1 || innerType !== BYTES) return false
        body = new Uint8Array(object.bytes())
        return true
      })
    }
    return true
  })
  return { type, body }
}
