/**
 * How much of a value a schema looks at. Of several alternatives none of which fits, upstream tells what is wrong by the one that looks at most, whatever
 * it finds: at a number it looks once more than at a text, and at what is below an object once for each part.
 */
import { isPlainObject, type PlainObject } from '../../machinery/plain.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { isKnownFormat } from './formats.ts'
import { itemsOf, valuesOf } from './walk.ts'

/** Whether a value is as a schema wants it. */
type Fits = (schema: JsonSchemaProps, value: unknown) => boolean

/** The value itself, what is composed, enumerations, and the schema as a whole. */
const OF_ANY_VALUE = 4

/** Counted as upstream does. */
export function looksAt(schema: JsonSchemaProps, value: unknown, fits: Fits): number {
  const { type, format = '' } = schema
  const ofType = isOfType(schema, value, fits) ? 1 : 0
  if (value === null) return ofType
  const isTyped = type !== undefined || format !== '' || schema['x-kubernetes-int-or-string']
  return (
    OF_ANY_VALUE +
    (isTyped ? 1 + ofType : 0) +
    ofAlternatives(schema, value, fits) +
    ofKind(schema, value, fits)
  )
}

function ofKind(schema: JsonSchemaProps, value: unknown, fits: Fits): number {
  if (typeof value === 'number' || typeof value === 'bigint') return 2
  if (typeof value === 'string') {
    const { format = '', type } = schema
    return format !== '' && isKnownFormat(format, type) ? 2 : 1
  }
  if (Array.isArray(value)) {
    const items = itemsOf(schema)
    return 2 + sum(value.map(item => (items ? looksAt(items, item, fits) : 0)))
  }
  return isPlainObject(value) ? 1 + ofParts(schema, value, fits) : 0
}

/** Where there are too few or too many, it looks at none. */
function ofParts(schema: JsonSchemaProps, value: PlainObject, fits: Fits): number {
  const { properties = {}, minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema
  const parts = Object.entries(value)
  if (parts.length < minProperties || parts.length > maxProperties) return 0
  const values = valuesOf(schema)
  const counts = parts.map(([name, part]) => {
    const inner = Object.hasOwn(properties, name) ? properties[name] : values
    return inner ? looksAt(inner, part, fits) : 0
  })
  return sum(counts)
}

function ofAlternatives(
  { anyOf = [], oneOf = [], allOf = [] }: JsonSchemaProps,
  value: unknown,
  fits: Fits,
) {
  const ofBest = (schemas: readonly JsonSchemaProps[], isOne: boolean) => {
    const fitting = schemas.filter(schema => fits(schema, value))
    if (fitting.length === 0)
      return Math.max(0, ...schemas.map(schema => looksAt(schema, value, fits)))
    const [first] = fitting
    return first && (fitting.length === 1 || !isOne) ? looksAt(first, value, fits) : 0
  }
  const ofAll = sum(allOf.map(schema => looksAt(schema, value, fits)))
  return ofBest(anyOf, false) + ofBest(oneOf, true) + ofAll
}

function isOfType(schema: JsonSchemaProps, value: unknown, fits: Fits): boolean {
  const { type, nullable } = schema
  if (type === undefined && !schema['x-kubernetes-int-or-string']) return true
  return fits(
    {
      type,
      nullable,
      'x-kubernetes-int-or-string': schema['x-kubernetes-int-or-string'],
    } as JsonSchemaProps,
    value,
  )
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
