/**
 * The version 2 document as a protobuf message, the only form in which kubectl and client-go ask for it: kubectl does before it applies a
 * List. Numbers are those of gnostic's OpenAPIv2.proto; only what our documents contain is described.
 */
import { BYTES, VARINT, Writer } from '#api/machinery/protobuf-wire.ts'
import type { Json } from './schemas.ts'

/** What clients ask for, though it is no media type by the letter of the standard. */
export const OPENAPI_PROTOBUF_ACCEPTED =
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
/** What it is called in answers. */
export const OPENAPI_PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/** Writes a value's bytes, without tag and length. */
type Part = (writer: Writer, value: unknown) => void
type Fields = Readonly<Record<string, readonly [number: number, part: Part]>>

export function encodeOpenApi(document: Json): Uint8Array {
  const writer = new Writer()
  documentMessage(writer, document)
  return writer.finish()
}

const text: Part = (writer, value) => writer.string(String(value))
const flag: Part = (writer, value) => writer.varint(value === true ? 1 : 0)
/** Any value, as YAML; JSON is some. */
const anything: Part = (writer, value) => field(writer, 2, text, JSON.stringify(value))

/** Bytes go in from the end, so what comes last is written first. */
function field(writer: Writer, number: number, part: Part, value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value.toReversed()) field(writer, number, part, item)
    return
  }
  if (part === flag) {
    part(writer, value)
    writer.tag(number, VARINT)
    return
  }
  single(writer, number, part, value)
}

function single(writer: Writer, number: number, part: Part, value: unknown): void {
  const after = writer.length
  part(writer, value)
  writer.varint(writer.length - after)
  writer.tag(number, BYTES)
}

/** A message whose only field that one is. */
const wrapped =
  (number: number, part: Part): Part =>
  (writer, value) =>
    field(writer, number, part, value)

/** A map, as a message of pairs of name and value. */
const entries =
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
const message =
  (fields: () => Fields, extensions?: number): Part =>
  (writer, value) => {
    const known = fields()
    for (const entry of Object.entries(value as Json).toReversed()) {
      const [name, its] = entry
      const described = known[name]
      // A default that is a list is one value, not several.
      if (name === 'default' && described) single(writer, ...described, its)
      else if (described) field(writer, ...described, its)
      else if (extensions !== undefined && name.startsWith('x-'))
        pair(writer, extensions, anything, entry)
    }
  }

const schema = message(() => schemaFields, 31)
const schemaFields: Fields = {
  $ref: [1, text],
  format: [2, text],
  description: [4, text],
  default: [5, anything],
  required: [19, text],
  enum: [20, anything],
  additionalProperties: [21, wrapped(1, schema)],
  type: [22, wrapped(1, text)],
  items: [23, wrapped(1, schema)],
  properties: [25, entries(1, schema)],
}

const body = message(() => ({
  description: [1, text],
  name: [2, text],
  in: [3, text],
  required: [4, flag],
  schema: [5, schema],
}))
const inQuery = message(() => ({
  required: [1, flag],
  in: [2, text],
  description: [3, text],
  name: [4, text],
  type: [6, text],
  uniqueItems: [20, flag],
}))
const inPath = message(() => ({
  required: [1, flag],
  in: [2, text],
  description: [3, text],
  name: [4, text],
  type: [5, text],
  uniqueItems: [19, flag],
}))
const PARAMETERS: Readonly<Record<string, Part>> = {
  body: wrapped(1, wrapped(1, body)),
  query: wrapped(1, wrapped(2, wrapped(3, inQuery))),
  path: wrapped(1, wrapped(2, wrapped(4, inPath))),
}
const parameter: Part = (writer, value) => PARAMETERS[String((value as Json).in)]?.(writer, value)

const response = message(() => ({ description: [1, text], schema: [2, wrapped(1, schema)] }))
const operation = message(
  () => ({
    tags: [1, text],
    description: [3, text],
    operationId: [5, text],
    produces: [6, text],
    consumes: [7, text],
    parameters: [8, parameter],
    responses: [9, entries(1, wrapped(1, response))],
    schemes: [10, text],
  }),
  13,
)
const pathItem = message(() => ({
  get: [2, operation],
  put: [3, operation],
  post: [4, operation],
  delete: [5, operation],
  options: [6, operation],
  head: [7, operation],
  patch: [8, operation],
  parameters: [9, parameter],
}))
const documentMessage = message(() => ({
  swagger: [1, text],
  info: [2, message(() => ({ title: [1, text], version: [2, text] }))],
  paths: [8, entries(2, pathItem)],
  definitions: [9, entries(1, schema)],
}))
