/** How large values of a schema can be, so that the cost of rules can be told before there is a value. */
import { DYN, type Kind, plain, type SizedType, STRING } from '../../cel/cost.types.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { celName } from './cel-values.ts'
import { itemsOf, valuesOf } from './walk.ts'

/** No request is larger, so no value is. */
export const MAXIMUM_BYTES = 3 * 1024 * 1024

/** What a schema can hold at most, and the least bytes that its values take as JSON. */
export interface Sized {
  readonly type: SizedType
  readonly bytes: number
}

/** Length of the texts of times, of spans, and of days, with their quotation marks. */
const TIME = 32
const DAY = 12
/** Bytes that a letter may take. */
const BYTES_PER_LETTER = 4

/** Undefined for what rules cannot see. */
export function sizedType(
  schema: JsonSchemaProps,
  isResource = schema['x-kubernetes-embedded-resource'] === true,
): Sized | undefined {
  if (schema['x-kubernetes-int-or-string'])
    return { type: { ...DYN, maximum: lengthOf(schema, MAXIMUM_BYTES - 2) }, bytes: 1 }
  switch (isResource ? 'object' : schema.type) {
    case 'array':
      return listOf(schema)
    case 'object':
      return valuesOf(schema) && !isResource ? mapOf(schema) : objectOf(schema, isResource)
    case 'string':
      return textOf(schema)
    case 'boolean':
      return { type: plain('bool'), bytes: 4 }
    case 'number':
      return { type: plain('double'), bytes: 1 }
    case 'integer':
      return { type: plain('int'), bytes: 1 }
    default:
      return undefined
  }
}

function listOf(schema: JsonSchemaProps): Sized | undefined {
  const inner = itemsOf(schema)
  const items = inner && sizedType(inner)
  if (!items) return undefined
  const fitting = Math.floor((MAXIMUM_BYTES - 2) / (items.bytes + 1))
  const maximum = Math.max(0, schema.maxItems ?? fitting)
  return { type: { kind: 'list', maximum, items: items.type }, bytes: 2 }
}

function mapOf(schema: JsonSchemaProps): Sized | undefined {
  const inner = valuesOf(schema)
  const values = inner && sizedType(inner)
  if (!values) return undefined
  // A key, its quotation marks, a colon and a comma.
  const fitting = Math.floor((MAXIMUM_BYTES - 2) / (values.bytes + 6))
  const maximum = Math.max(0, schema.maxProperties ?? fitting)
  return { type: { kind: 'map', maximum, items: values.type, keys: STRING }, bytes: 2 }
}

const TEXT: JsonSchemaProps = { type: 'string' }
/** What rules see of every whole object. */
const META: Readonly<Record<string, JsonSchemaProps>> = {
  apiVersion: TEXT,
  kind: TEXT,
  metadata: { type: 'object', properties: { name: TEXT, generateName: TEXT } },
}

function objectOf(schema: JsonSchemaProps, isResource: boolean): Sized {
  const fields: Record<string, SizedType> = {}
  let bytes = 2
  const properties = { ...schema.properties, ...(isResource ? META : {}) }
  for (const [name, property] of Object.entries(properties)) {
    const field = sizedType(property)
    if (!field) continue
    const celled = celName(name)
    if (celled !== undefined) fields[celled] = field.type
    const isThere = schema.required?.includes(name) && property.default === undefined
    if (isThere) bytes += name.length + field.bytes + 4
  }
  return { type: { kind: 'object', maximum: 0, fields }, bytes }
}

function textOf(schema: JsonSchemaProps): Sized {
  const sized = (kind: Kind, maximum: number, bytes: number): Sized => ({
    type: { kind, maximum },
    bytes,
  })
  switch (schema.format) {
    case 'byte':
      return sized('bytes', Math.max(0, schema.maxLength ?? MAXIMUM_BYTES - 2), 2)
    case 'duration':
      return sized('duration', TIME, 3)
    case 'date':
      return sized('timestamp', DAY, DAY)
    case 'date-time':
      return sized('timestamp', TIME, 21)
    default:
      return sized('string', lengthOf(schema, longestOf(schema)), 2)
  }
}

const lengthOf = ({ maxLength }: JsonSchemaProps, otherwise: number) =>
  maxLength === undefined ? otherwise : Math.max(0, maxLength) * BYTES_PER_LETTER

const encoder = new TextEncoder()

function longestOf({ enum: values = [] }: JsonSchemaProps): number {
  if (values.length === 0) return MAXIMUM_BYTES - 2
  const lengths = values.map(each => (typeof each === 'string' ? encoder.encode(each).length : 0))
  return Math.max(...lengths)
}
