/**
 * What upstream tells of the result of a strategic merge patch that does not fit its types. That is no text to be read but a map, which has a reader of its own:
 * it takes the fields in the order of the struct, ends at the first mistake, and does not say where that is.
 */
import { isInt64 } from '../exact-json.ts'
import { isPlainObject, keysInOrder, MAXIMUM_DEPTH, type PlainObject, tooDeep } from '../plain.ts'
import { SCALARS, WrongType } from '../scalars.ts'
import type { AnySchema, ObjectShape, ScalarSchema } from '../schema.ts'
import { goTypeOfField, goTypeOfParts } from './go-types.ts'
import { mistakeInJson } from './in-json.ts'

/** Undefined where Go finds nothing wrong. */
export const mistakeInPatched = (shape: ObjectShape, value: PlainObject): string | undefined =>
  inFields(shape, value, 0)

function mistakeIn(
  schema: AnySchema,
  type: string,
  value: unknown,
  depth: number,
): string | undefined {
  if (value === null || value === undefined) return
  if (depth > MAXIMUM_DEPTH) throw tooDeep()
  switch (schema.type) {
    case 'struct':
      if (isPlainObject(value)) return inFields(schema.shape, value, depth)
      return `cannot restore struct from: ${goKindOf(value)}`
    case 'list':
      if (Array.isArray(value)) return inAll(schema.items, type, value, depth)
      return `cannot restore slice from ${goKindOf(value)}`
    case 'map':
      if (!isPlainObject(value)) return `cannot restore map from ${goKindOf(value)}`
      return inAll(
        schema.values,
        type,
        keysInOrder(value).map(key => value[key]),
        depth,
      )
    case 'alternative':
      // What reads itself gets JSON, and knows nothing of what is around it.
      return mistakeInJson(schema, value)
    default:
      return inScalar(schema, type, value)
  }
}

function inFields(shape: ObjectShape, value: PlainObject, depth: number): string | undefined {
  for (const [name, { schema }] of Object.entries(shape.fields)) {
    if (!Object.hasOwn(value, name)) continue
    const type = goTypeOfField(shape, name, schema)
    const mistake = mistakeIn(schema, type, value[name], depth + 1)
    if (mistake) return mistake
  }
}

function inAll(
  schema: AnySchema,
  type: string,
  values: readonly unknown[],
  depth: number,
): string | undefined {
  const typeOfPart = goTypeOfParts(type, schema)
  for (const value of values) {
    const mistake = mistakeIn(schema, typeOfPart, value, depth + 1)
    if (mistake) return mistake
  }
}

function inScalar({ type }: ScalarSchema, goTypeName: string, value: unknown) {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? undefined : unlike(value, 'string', goTypeName)
    case 'boolean':
      return typeof value === 'boolean' ? undefined : unlike(value, 'bool', goTypeName)
    case 'int32':
    case 'int64':
      return isWhole(value) ? undefined : unlike(value, type, type)
    case 'double':
      return isNumber(value) ? undefined : unlike(value, 'float64', 'float64')
    case 'bytes':
      return inBytes(value)
    default:
      return whyUnread(type, value)
  }
}

function inBytes(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const wrong = value.find(byte => !isWhole(byte))
    return wrong === undefined ? undefined : unlike(wrong, 'uint8', 'uint8')
  }
  if (typeof value !== 'string') return `cannot restore slice from ${goKindOf(value)}`
  const why = whyUnread('bytes', value)
  return why && `error decoding from json: ${why}`
}

function whyUnread(type: ScalarSchema['type'], value: unknown): string | undefined {
  try {
    // Beyond 64 bits it is a float by now.
    SCALARS[type].read(typeof value === 'bigint' && !isInt64(value) ? Number(value) : value)
  } catch (thrown) {
    if (!(thrown instanceof WrongType)) return (thrown as Error).message
    return `json: cannot unmarshal ${thrown.found} into Go value of type ${thrown.wanted}`
  }
}

/** Go converts whole numbers to texts, of one letter, and numbers to other numbers, which is refused; it would convert nothing else. */
function unlike(value: unknown, kind: string, type: string): string {
  const given = goKindOf(value)
  const isConvertible = given === 'int64' ? kind === 'string' : given === 'float64' && isInt(kind)
  return isConvertible ? `cannot convert ${given} to ${type}` : `unrecognized type: ${kind}`
}

const isInt = (kind: string) => kind.includes('int')
const isNumber = (value: unknown) => typeof value === 'number' || typeof value === 'bigint'
const isWhole = (value: unknown) =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))

/** The kind of what Go reads a value of JSON into. */
export function goKindOf(value: unknown): string {
  if (Array.isArray(value)) return 'slice'
  if (typeof value === 'bigint') return isInt64(value) ? 'int64' : 'float64'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'int64' : 'float64'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'string' ? 'string' : 'map'
}
