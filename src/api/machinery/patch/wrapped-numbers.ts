/**
 * Whole numbers that do not fit their fields, as upstream reads them from what it has merged, which is no text but numbers of 64 bits and floats: it keeps the lower half
 * of a number where 32 bits are wanted, and has the least there is for a float that is beyond them all. A flaw, but whoever patches or applies such numbers sees it.
 */
import { fromBigInt, isInt64 } from '../exact-json.ts'
import { isPlainObject, type PlainObject, setKey } from '../plain.ts'
import type { AnySchema, ObjectShape } from '../schema.ts'

const LEAST = -(2n ** 63n)

/** A copy in which they fit; what is wrong otherwise stays so. */
export function withWrappedNumbers(shape: ObjectShape, value: PlainObject): PlainObject {
  const result: PlainObject = {}
  for (const [name, part] of Object.entries(value)) {
    const schema = Object.hasOwn(shape.fields, name) ? shape.fields[name]?.schema : undefined
    setKey(result, name, schema ? wrapped(schema, part) : part)
  }
  return result
}

function wrapped(schema: AnySchema, value: unknown): unknown {
  switch (schema.type) {
    case 'struct':
      return isPlainObject(value) ? withWrappedNumbers(schema.shape, value) : value
    case 'list':
      return Array.isArray(value) ? value.map(item => wrapped(schema.items, item)) : value
    case 'map': {
      if (!isPlainObject(value)) return value
      const entries = Object.entries(value)
      return Object.fromEntries(entries.map(([key, part]) => [key, wrapped(schema.values, part)]))
    }
    case 'int32':
      return isWhole(value) ? Number(BigInt.asIntN(32, asInt64(value))) : value
    case 'int64':
      return isWhole(value) ? fromBigInt(asInt64(value)) : value
    default:
      return value
  }
}

const isWhole = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || Number.isInteger(value)

function asInt64(value: number | bigint): bigint {
  const whole = BigInt(value)
  return isInt64(whole) ? whole : LEAST
}
