/**
 * Protobuf from the field numbers of the schema, in the form that upstream's clients speak: fields in the order of
 * their numbers, values that Go holds without a pointer always written, maps in the order of their keys.
 */
import {
  isPlainObject,
  keysInOrder,
  MAXIMUM_DEPTH,
  type PlainObject,
  setKey,
  tooDeep,
} from './plain.ts'
import { delimited, eachField, PROTOBUF_SCALARS } from './protobuf-scalars.ts'
import { BYTES, Reader, Writer } from './protobuf-wire.ts'
import type { AlternativeSchema, AnySchema, ObjectShape } from './schema.ts'

/** The message of an object with this shape, without any envelope. */
export function encodeProtobuf(shape: ObjectShape, object: object): Uint8Array {
  const writer = new Writer()
  writeProtobuf(writer, shape, object)
  return writer.finish()
}

/** The same, in front of what the writer has already. */
export function writeProtobuf(writer: Writer, shape: ObjectShape, object: object): void {
  messageWriterOf(shape)(writer, object as PlainObject)
}

/**
 * The object as JSON would have brought it, for `decodeObject` or `decodeShape` to check and normalise. Throws
 * BadRequest when the bytes are no such message.
 */
export function decodeProtobuf(shape: ObjectShape, bytes: Uint8Array): PlainObject {
  const object: PlainObject = {}
  messageReaderOf(shape)(new Reader(bytes), object, 0)
  return object
}

type MessageWriter = (writer: Writer, object: PlainObject) => void
type FieldWriter = MessageWriter
type ValueWriter = (writer: Writer, value: unknown) => void

const messageWriters = new WeakMap<ObjectShape, MessageWriter>()

function messageWriterOf(shape: ObjectShape): MessageWriter {
  const known = messageWriters.get(shape)
  if (known) return known
  let fields: readonly FieldWriter[] | undefined
  // Compiled at first use, so a shape may contain itself.
  const write: MessageWriter = (writer, object) => {
    fields ??= fieldWritersOf(shape)
    for (const field of fields) field(writer, object)
  }
  messageWriters.set(shape, write)
  return write
}

interface Numbered<T> {
  readonly number: number
  readonly field: T
}

/** From the highest number down, because the writer goes backwards. */
const descending = <T>(fields: readonly Numbered<T>[]) =>
  fields.toSorted((a, b) => b.number - a.number).map(({ field }) => field)

function fieldWritersOf(shape: ObjectShape): FieldWriter[] {
  const { own, nested } = partsOf(shape)
  const writers: Numbered<FieldWriter>[] = own.map(([name, { schema }]) => ({
    number: schema.number ?? 0,
    field: fieldWriter(name, schema),
  }))
  for (const { number, part } of nested) {
    const fields = fieldWritersOf(part)
    writers.push({
      number,
      field: (writer, object) => {
        delimited(writer, () => {
          for (const field of fields) field(writer, object)
        })
        writer.tag(number, BYTES)
      },
    })
  }
  return descending(writers)
}

/** The fields of the message itself, and those of messages in it that JSON does not show. */
function partsOf(shape: ObjectShape) {
  const { fields, inlined = [] } = shape
  const elsewhere = new Set(inlined.flatMap(part => part.fields))
  return {
    own: Object.entries(fields).filter(
      ([name, { schema }]) => schema.number !== undefined && !elsewhere.has(name),
    ),
    nested: inlined.map(({ number, fields: names, inlined: within = [] }) => {
      const inner = Object.entries(fields).filter(([name]) => names.includes(name))
      const part: ObjectShape = { ...shape, fields: Object.fromEntries(inner), inlined: within }
      return { number, part }
    }),
  }
}

function fieldWriter(name: string, schema: AnySchema): FieldWriter {
  const { number = 0 } = schema
  const inherited = name in Object.prototype
  const valueIn = (object: PlainObject) =>
    inherited && !Object.hasOwn(object, name) ? undefined : object[name]
  if (schema.type === 'list') return listWriter(valueIn, number, schema.items)
  if (schema.type === 'map') return mapWriter(valueIn, number, schema.values)
  const write = valueWriter(schema)
  const wireType = wireTypeOf(schema)
  const zero = zeroOf(schema)
  return (writer, object) => {
    const value = valueIn(object) ?? zero
    if (value === undefined) return
    write(writer, value)
    writer.tag(number, wireType)
  }
}

/** What is written in place of an absent value; pointers in Go are left out. */
function zeroOf(schema: AnySchema): unknown {
  if (schema.presence === 'optional' || schema.isPointer) return undefined
  switch (schema.type) {
    case 'struct':
      return schema.presence === 'omitempty' ? undefined : {}
    case 'list':
    case 'map':
    case 'alternative':
      return undefined
    default:
      return PROTOBUF_SCALARS[schema.type].zero
  }
}

const wireTypeOf = (schema: AnySchema) => {
  switch (schema.type) {
    case 'list':
    case 'map':
    case 'struct':
    case 'alternative':
      return BYTES
    default:
      return PROTOBUF_SCALARS[schema.type].wireType
  }
}

function listWriter(
  valueIn: (object: PlainObject) => unknown,
  number: number,
  items: AnySchema,
): FieldWriter {
  const write = valueWriter(items)
  const wireType = wireTypeOf(items)
  return (writer, object) => {
    const list = valueIn(object)
    if (!Array.isArray(list)) return
    for (let i = list.length - 1; i >= 0; i--) {
      write(writer, list[i])
      writer.tag(number, wireType)
    }
  }
}

function mapWriter(
  valueIn: (object: PlainObject) => unknown,
  number: number,
  values: AnySchema,
): FieldWriter {
  const write = valueWriter(values)
  const wireType = wireTypeOf(values)
  return (writer, object) => {
    const map = valueIn(object)
    if (!isPlainObject(map)) return
    const keys = keysInOrder(map)
    for (let at = keys.length - 1; at >= 0; at--) {
      const key = keys[at] as string
      delimited(writer, () => {
        write(writer, map[key])
        writer.tag(2, wireType)
        delimited(writer, () => writer.string(key))
        writer.tag(1, BYTES)
      })
      writer.tag(number, BYTES)
    }
  }
}

function valueWriter(schema: AnySchema): ValueWriter {
  switch (schema.type) {
    case 'struct': {
      const write = messageWriterOf(schema.shape)
      return (writer, value) => delimited(writer, () => write(writer, value as PlainObject))
    }
    case 'list': {
      // A list inside a map or list is a message that holds the items in field 1.
      const write = listWriter(object => object.items, 1, schema.items)
      return (writer, items) => delimited(writer, () => write(writer, { items }))
    }
    case 'alternative': {
      const write = messageWriterOf(schema.shape)
      return (writer, value) => delimited(writer, () => write(writer, messageOf(schema, value)))
    }
    case 'map':
      throw new Error('protobuf knows no maps in maps or lists')
    default:
      return PROTOBUF_SCALARS[schema.type].write
  }
}

/** An object where a boolean was possible says that one, too. */
function messageOf({ shape, object, other }: AlternativeSchema, value: unknown): PlainObject {
  if (!isPlainObject(value)) return { [other]: value }
  return {
    [object]: value,
    ...(shape.fields[other]?.schema.type === 'boolean' && { [other]: true }),
  }
}

type MessageReader = (reader: Reader, object: PlainObject, depth: number) => void
interface FieldReader {
  readonly wireType: number
  /** Reads one occurrence of the field into the object. */
  readonly read: (reader: Reader, object: PlainObject, depth: number) => void
  /** Reads items that stand packed in one stretch of bytes. */
  readonly packed?: (reader: Reader, object: PlainObject, depth: number) => void
}

const messageReaders = new WeakMap<ObjectShape, MessageReader>()

function messageReaderOf(shape: ObjectShape): MessageReader {
  const known = messageReaders.get(shape)
  if (known) return known
  let fields: ReadonlyMap<number, FieldReader> | undefined
  const read: MessageReader = (reader, object, depth) => {
    fields ??= fieldReadersOf(shape)
    readFields(fields, reader, object, depth)
  }
  messageReaders.set(shape, read)
  return read
}

function readFields(
  fields: ReadonlyMap<number, FieldReader>,
  reader: Reader,
  object: PlainObject,
  depth: number,
): void {
  if (depth > MAXIMUM_DEPTH) throw tooDeep()
  eachField(reader, (number, wireType) => {
    const field = fields.get(number)
    if (field === undefined) return false
    if (field.wireType === wireType) field.read(reader, object, depth)
    else if (field.packed && wireType === BYTES) field.packed(reader, object, depth)
    else return false
    return true
  })
}

function fieldReadersOf(shape: ObjectShape): ReadonlyMap<number, FieldReader> {
  const { own, nested } = partsOf(shape)
  const readers = new Map<number, FieldReader>()
  for (const [name, { schema }] of own) readers.set(schema.number ?? 0, fieldReader(name, schema))
  for (const { number, part } of nested) {
    const inner = fieldReadersOf(part)
    readers.set(number, {
      wireType: BYTES,
      read: (reader, object, depth) => readFields(inner, reader.message(), object, depth + 1),
    })
  }
  return readers
}

function fieldReader(name: string, schema: AnySchema): FieldReader {
  if (schema.type === 'list') return listReader(name, schema.items)
  if (schema.type === 'map') return mapReader(name, schema.values)
  const read = valueReader(schema)
  return {
    wireType: wireTypeOf(schema),
    read: (reader, object, depth) => setKey(object, name, read(reader, depth)),
  }
}

/** The list or map that the object has under the name, made when it is not there yet. */
function partOf<T extends object>(object: PlainObject, name: string, fresh: () => T): T {
  if (!Object.hasOwn(object, name)) setKey(object, name, fresh())
  return object[name] as T
}

function listReader(name: string, items: AnySchema): FieldReader {
  const read = valueReader(items)
  const wireType = wireTypeOf(items)
  const listOf = (object: PlainObject) => partOf<unknown[]>(object, name, () => [])
  const plain: FieldReader = {
    wireType,
    read: (reader, object, depth) => {
      listOf(object).push(read(reader, depth))
    },
  }
  if (wireType === BYTES) return plain
  return {
    ...plain,
    packed: (reader, object, depth) => {
      const stretch = reader.message()
      while (!stretch.done) listOf(object).push(read(stretch, depth))
    },
  }
}

function mapReader(name: string, values: AnySchema): FieldReader {
  const read = valueReader(values)
  const wireType = wireTypeOf(values)
  return {
    wireType: BYTES,
    read: (reader, object, depth) => {
      const entry = reader.message()
      let key = ''
      let value: unknown = null
      eachField(entry, (number, type) => {
        if (number === 1 && type === BYTES) key = entry.string()
        else if (number === 2 && type === wireType) value = read(entry, depth)
        else return false
        return true
      })
      setKey(
        partOf<PlainObject>(object, name, () => ({})),
        key,
        value,
      )
    },
  }
}

function valueReader(schema: AnySchema): (reader: Reader, depth: number) => unknown {
  switch (schema.type) {
    case 'struct': {
      const read = messageReaderOf(schema.shape)
      return (reader, depth) => {
        const object: PlainObject = {}
        read(reader.message(), object, depth + 1)
        return object
      }
    }
    case 'list': {
      const fields = new Map([[1, listReader('items', schema.items)]])
      return (reader, depth) => {
        const holder: { items?: unknown[] } = {}
        readFields(fields, reader.message(), holder, depth + 1)
        return holder.items ?? []
      }
    }
    case 'alternative': {
      const read = messageReaderOf(schema.shape)
      return (reader, depth) => {
        const message: PlainObject = {}
        read(reader.message(), message, depth + 1)
        return message[schema.object] ?? message[schema.other] ?? null
      }
    }
    case 'map':
      throw new Error('protobuf knows no maps in maps or lists')
    default:
      return PROTOBUF_SCALARS[schema.type].read
  }
}
