/** A version 3 document as a protobuf message, by the numbers of gnostic's OpenAPIv3.proto; only what our documents contain is described. */
import {
  anything,
  either,
  encode,
  entries,
  type Fields,
  flag,
  integer,
  message,
  number,
  type Part,
  text,
  wrapped,
} from './protobuf-parts.ts'
import type { Json } from './schemas.ts'

export const encodeOpenApiV3 = (document: Json): Uint8Array => encode(documentMessage, document)

const isReference = (value: unknown) => Object.hasOwn(value as Json, '$ref')
const reference = message(() => ({ $ref: [1, text] }))
/** `part`, or a reference to one that stands elsewhere. */
const orReference = (part: Part) => either(isReference, wrapped(2, reference), wrapped(1, part))

/** Lists and objects have no place in the message, though they are defaults, too. */
const preset: Part = (writer, value) => {
  const place = PRESETS[typeof value]
  if (place) wrapped(...place)(writer, value)
}
const PRESETS: Readonly<Record<string, readonly [number: number, part: Part]>> = {
  number: [1, number],
  boolean: [2, flag],
  string: [3, text],
}

const schema = message(() => schemaFields, 36)
const schemaOrReference = orReference(schema)
const schemas = entries(1, schemaOrReference)
const schemaFields: Fields = {
  nullable: [1, flag],
  externalDocs: [6, message(() => ({ description: [1, text], url: [2, text] }))],
  example: [7, anything],
  title: [9, text],
  multipleOf: [10, number],
  maximum: [11, number],
  exclusiveMaximum: [12, flag],
  minimum: [13, number],
  exclusiveMinimum: [14, flag],
  maxLength: [15, integer],
  minLength: [16, integer],
  pattern: [17, text],
  maxItems: [18, integer],
  minItems: [19, integer],
  uniqueItems: [20, flag],
  maxProperties: [21, integer],
  minProperties: [22, integer],
  required: [23, text],
  enum: [24, anything],
  type: [25, text],
  allOf: [26, schemaOrReference],
  oneOf: [27, schemaOrReference],
  anyOf: [28, schemaOrReference],
  not: [29, schema],
  items: [30, wrapped(1, schemaOrReference)],
  properties: [31, schemas],
  additionalProperties: [
    32,
    either(value => typeof value === 'boolean', wrapped(2, flag), wrapped(1, schemaOrReference)),
  ],
  default: [33, preset],
  description: [34, text],
  format: [35, text],
}

const content = entries(
  1,
  message(() => ({ schema: [1, schemaOrReference] })),
)
const parameter = wrapped(
  1,
  message(() => ({
    name: [1, text],
    in: [2, text],
    description: [3, text],
    required: [4, flag],
    schema: [10, schemaOrReference],
  })),
)
const response = wrapped(
  1,
  message(() => ({ description: [1, text], content: [3, content] })),
)
const body = wrapped(
  1,
  message(() => ({ description: [1, text], content: [2, content], required: [3, flag] })),
)
const operation = message(
  () => ({
    tags: [1, text],
    description: [3, text],
    operationId: [5, text],
    parameters: [6, parameter],
    requestBody: [7, body],
    responses: [8, entries(2, response)],
  }),
  13,
)
const pathItem = message(() => ({
  get: [4, operation],
  put: [5, operation],
  post: [6, operation],
  delete: [7, operation],
  options: [8, operation],
  head: [9, operation],
  patch: [10, operation],
  parameters: [13, parameter],
}))
const securityScheme = wrapped(
  1,
  message(() => ({ type: [1, text], description: [2, text], name: [3, text], in: [4, text] })),
)
const documentMessage = message(() => ({
  openapi: [1, text],
  info: [2, message(() => ({ title: [1, text], version: [6, text] }))],
  paths: [4, entries(1, pathItem)],
  components: [
    5,
    message(() => ({ schemas: [1, schemas], securitySchemes: [7, entries(1, securityScheme)] })),
  ],
}))
