/**
 * The version 2 document as a protobuf message, the only form in which kubectl and client-go ask for it: kubectl does before it applies a
 * List. Numbers are those of gnostic's OpenAPIv2.proto; only what our documents contain is described.
 */
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

export const encodeOpenApi = (document: Json): Uint8Array => encode(documentMessage, document)

const schema = message(() => schemaFields, 31)
const schemaFields: Fields = {
  $ref: [1, text],
  format: [2, text],
  title: [3, text],
  description: [4, text],
  default: [5, anything],
  multipleOf: [6, number],
  maximum: [7, number],
  exclusiveMaximum: [8, flag],
  minimum: [9, number],
  exclusiveMinimum: [10, flag],
  maxLength: [11, integer],
  minLength: [12, integer],
  pattern: [13, text],
  maxItems: [14, integer],
  minItems: [15, integer],
  uniqueItems: [16, flag],
  maxProperties: [17, integer],
  minProperties: [18, integer],
  required: [19, text],
  enum: [20, anything],
  additionalProperties: [
    21,
    either(value => typeof value === 'boolean', wrapped(2, flag), wrapped(1, schema)),
  ],
  type: [22, wrapped(1, text)],
  items: [23, wrapped(1, schema)],
  allOf: [24, schema],
  properties: [25, entries(1, schema)],
  externalDocs: [29, message(() => ({ description: [1, text], url: [2, text] }))],
  example: [30, anything],
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
  body: wrapped(1, body),
  query: wrapped(2, wrapped(3, inQuery)),
  path: wrapped(2, wrapped(4, inPath)),
}
const described: Part = (writer, value) => PARAMETERS[String((value as Json).in)]?.(writer, value)
const reference = message(() => ({ $ref: [1, text] }))
const parameter = either(
  value => Object.hasOwn(value as Json, '$ref'),
  wrapped(2, reference),
  wrapped(1, described),
)

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
const apiKey = message(() => ({
  type: [1, text],
  name: [2, text],
  in: [3, text],
  description: [4, text],
}))
const documentMessage = message(() => ({
  swagger: [1, text],
  info: [2, message(() => ({ title: [1, text], version: [2, text] }))],
  paths: [8, entries(2, pathItem)],
  definitions: [9, entries(1, schema)],
  parameters: [10, entries(1, described)],
  security: [12, entries(1, wrapped(1, text))],
  securityDefinitions: [13, entries(1, wrapped(2, apiKey))],
}))
