/** Writing described JSON as protobuf messages: how values, maps and messages are put together, whatever their numbers. */
import { BYTES, FIXED64, VARINT, Writer } from '#api/machinery/protobuf-wire.ts'
import type { Json } from './schemas.ts'

/** Writes a value's bytes, without its tag, and without its length where `wireType` says that it has none. */
export type Part = ((writer: Writer, value: unknown) => void) & { readonly wireType?: number }
export type Fields = Readonly<Record<string, readonly [number: number, part: Part]>>

export function encode(part: Part, value: Json): Uint8Array {
  const writer = new Writer()
  part(writer, value)
  return writer.finish()
}

export const text: Part = (writer, value) => writer.string(String(value))
export const flag: Part = Object.assign(
  (writer: Writer, value: unknown) => writer.varint(value === true ? 1 : 0),
  { wireType: VARINT },
)
export const integer: Part = Object.assign(
  (writer: Writer, value: unknown) => writer.int(Number(value)),
  { wireType: VARINT },
)
export const number: Part = Object.assign(
  (writer: Writer, value: unknown) => writer.double(Number(value)),
  { wireType: FIXED64 },
)
/** Any value, as YAML; JSON is some. */
export const anything: Part = (writer, value) => field(writer, 2, text, JSON.stringify(value))

/** Bytes go in from the end, so what comes last is written first. */
export function field(writer: Writer, number: number, part: Part, value: unknown): void {
  if (Array.isArray(value))
    for (const item of value.toReversed()) single(writer, number, part, item)
  else single(writer, number, part, value)
}

function single(writer: Writer, number: number, part: Part, value: unknown): void {
  const after = writer.length
  part(writer, value)
  if (part.wireType === undefined) writer.varint(writer.length - after)
  writer.tag(number, part.wireType ?? BYTES)
}

/** A message whose only field that one is. */
export const wrapped =
  (number: number, part: Part): Part =>
  (writer, value) =>
    field(writer, number, part, value)

/** One of two forms: which of them, the value tells. */
export const either =
  (isOne: (value: unknown) => boolean, one: Part, other: Part): Part =>
  (writer, value) =>
    (isOne(value) ? one : other)(writer, value)

/** A map, as a message of pairs of name and value. */
export const entries =
  (number: number, part: Part): Part =>
  (writer, value) => {
    for (const entry of Object.entries(value as Json).toReversed())
      pair(writer, number, part, entry)
  }

function pair(writer: Writer, number: number, part: Part, [name, value]: [string, unknown]): void {
  single(
    writer,
    number,
    () => {
      single(writer, 2, part, value)
      single(writer, 1, text, name)
    },
    undefined,
  )
}

/** `fields` is a function because schemas contain schemas. Names with `x-` go below the number `extensions`. */
export const message =
  (fields: () => Fields, extensions?: number): Part =>
  (writer, value) => {
    const known = fields()
    for (const entry of Object.entries(value as Json).toReversed()) {
      const [name, its] = entry
      const described = Object.hasOwn(known, name) ? known[name] : undefined
      // A default that is a list is one value, not several.
      if (name === 'default' && described) single(writer, ...described, its)
      else if (described) field(writer, ...described, its)
      else if (extensions !== undefined && name.startsWith('x-'))
        pair(writer, extensions, anything, entry)
    }
  }
