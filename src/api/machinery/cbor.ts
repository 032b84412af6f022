/**
 * CBOR as upstream's servers and clients speak it: the data of the JSON form, strings and keys as byte strings, bytes behind
 * the tag that says that JSON shows them in base64, maps in the order of their encoded keys, and the tag of self-described
 * CBOR before every whole item.
 */
import { bytesFromBase64 } from './base64.ts'
import { CborReader } from './cbor-reader.ts'
import { ARRAY, CborWriter, MAP, TAG } from './cbor-writer.ts'
import { isPlainObject, type PlainObject } from './plain.ts'
import { type AnySchema, isUndescribed, type ObjectShape } from './schema.ts'
import { badRequest } from './status.ts'

/** Encloses any item and means nothing but that this is CBOR. */
const SELF_DESCRIBED = new Uint8Array([0xd9, 0xd9, 0xf7])
const LATER_BASE64 = 22

/** Whether bytes say of themselves that they are CBOR. */
export function isSelfDescribedCbor(bytes: Uint8Array): boolean {
  return (
    bytes.length >= SELF_DESCRIBED.length && SELF_DESCRIBED.every((byte, at) => bytes[at] === byte)
  )
}

/** The object of a body or frame. Throws BadRequest for what is no CBOR, or more than one item. */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new CborReader(bytes)
  const value = reader.item()
  const rest = bytes.length - reader.position
  if (rest > 0)
    throw badRequest(`cbor: ${rest} bytes of extraneous data starting at index ${reader.position}`)
  return value
}

/** The item of an object with this shape, as lists hold it. Fields that the shape does not know are written as they are. */
export function encodeCbor(shape: ObjectShape, object: object): Uint8Array {
  const writer = new CborWriter()
  structWriterOf(shape)(writer, object)
  return writer.finish()
}

/** The item of data that no shape describes, or that holds no bytes. */
export function encodeCborValue(value: unknown): Uint8Array {
  const writer = new CborWriter()
  writeValue(writer, value)
  return writer.finish()
}

/** An item as a body or frame has it. */
export function selfDescribed(item: Uint8Array): Uint8Array {
  return joined([SELF_DESCRIBED, item])
}

/** The body of a list in pieces, from the items of its objects, so that each is encoded once and shared. */
export function encodeListCbor(
  { kind, apiVersion }: { readonly kind: string; readonly apiVersion: string },
  metadata: object,
  items: readonly Uint8Array[],
): Uint8Array[] {
  const opening = new CborWriter()
  opening.raw(SELF_DESCRIBED)
  opening.head(MAP, 4)
  // In the order of the encoded keys, which is that of their lengths.
  opening.string('kind')
  opening.string(kind)
  opening.string('items')
  opening.head(ARRAY, items.length)
  const closing = new CborWriter()
  closing.string('metadata')
  writeValue(closing, metadata)
  closing.string('apiVersion')
  closing.string(apiVersion)
  return [opening.finish(), ...items, closing.finish()]
}

/** A frame of a watch: an event around the item of its object. */
export function encodeCborFrame(type: string, item: Uint8Array): Uint8Array {
  const writer = new CborWriter()
  writer.raw(SELF_DESCRIBED)
  writer.head(MAP, 2)
  writer.string('type')
  writer.string(type)
  writer.string('object')
  writer.raw(SELF_DESCRIBED)
  writer.raw(item)
  return writer.finish()
}

type ValueWriter = (writer: CborWriter, value: unknown) => void

interface Entry {
  readonly key: Uint8Array
  readonly write: ValueWriter
  readonly value: unknown
}

function writeValue(writer: CborWriter, value: unknown): void {
  if (typeof value === 'string') writer.string(value)
  else if (typeof value === 'number' || typeof value === 'bigint') writer.number(value)
  else if (typeof value === 'boolean') writer.boolean(value)
  else if (Array.isArray(value)) writeItems(writer, value, writeValue)
  else if (isPlainObject(value)) writeMap(writer, value, writeValue)
  else writer.null()
}

function writeItems(writer: CborWriter, items: readonly unknown[], write: ValueWriter): void {
  writer.head(ARRAY, items.length)
  for (const item of items) write(writer, item)
}

function writeMap(writer: CborWriter, map: PlainObject, write: ValueWriter): void {
  const entries: Entry[] = []
  for (const key of Object.keys(map)) {
    const value = map[key]
    if (value !== undefined) entries.push({ key: encodedKey(key), write, value })
  }
  writeEntries(writer, entries)
}

function writeEntries(writer: CborWriter, entries: Entry[]): void {
  writer.head(MAP, entries.length)
  entries.sort((a, b) => compareBytes(a.key, b.key))
  for (const { key, write, value } of entries) {
    writer.raw(key)
    write(writer, value)
  }
}

function encodedKey(name: string): Uint8Array {
  const writer = new CborWriter()
  writer.string(name)
  return writer.finish()
}

/** Byte by byte: since the length comes first, shorter keys do. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

interface FieldPlan {
  readonly key: Uint8Array
  readonly write: ValueWriter
}

const structWriters = new WeakMap<ObjectShape, ValueWriter>()

function structWriterOf(shape: ObjectShape): ValueWriter {
  const known = structWriters.get(shape)
  if (known) return known
  let plans: ReadonlyMap<string, FieldPlan> | undefined
  // Compiled at first use, so a shape may contain itself.
  const write: ValueWriter = (writer, value) => {
    plans ??= plansOf(shape)
    writeStruct(writer, plans, value as PlainObject)
  }
  structWriters.set(shape, write)
  return write
}

function plansOf(shape: ObjectShape): ReadonlyMap<string, FieldPlan> {
  return new Map(
    Object.entries(shape.fields).map(([name, { schema }]) => [
      name,
      { key: encodedKey(name), write: writerOf(schema) },
    ]),
  )
}

function writeStruct(
  writer: CborWriter,
  plans: ReadonlyMap<string, FieldPlan>,
  object: PlainObject,
): void {
  const entries: Entry[] = []
  for (const name of Object.keys(object)) {
    const value = object[name]
    if (value === undefined) continue
    const { key, write } = plans.get(name) ?? { key: encodedKey(name), write: writeValue }
    entries.push({ key, write, value })
  }
  writeEntries(writer, entries)
}

/** Only bytes and floats look other than their JSON says. */
function writerOf(schema: AnySchema): ValueWriter {
  if (isUndescribed(schema)) return writeValue
  switch (schema.type) {
    case 'list': {
      const write = writerOf(schema.items)
      return orNull((writer, items) => writeItems(writer, items as unknown[], write))
    }
    case 'map': {
      const write = writerOf(schema.values)
      return orNull((writer, map) => writeMap(writer, map as PlainObject, write))
    }
    case 'struct':
      return orNull(structWriterOf(schema.shape))
    case 'bytes':
      return orNull((writer, base64) => {
        writer.head(TAG, LATER_BASE64)
        writer.bytes(bytesFromBase64(base64 as string))
      })
    case 'double':
      return orNull((writer, value) => writer.float(value as number))
    default:
      return writeValue
  }
}

const orNull =
  (write: ValueWriter): ValueWriter =>
  (writer, value) => {
    if (value === null) writer.null()
    else write(writer, value)
  }

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
