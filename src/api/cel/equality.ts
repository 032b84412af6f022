/** Which values are equal, and which come first, as Go's implementation has it. */
import { entriesOf, isMap, isSpan, isUint, nanosOf, spanNanos, valueAt } from './values.ts'

/** Of two that neither the language nor this file knows. */
export type Opaque = (one: object, other: object) => boolean

/** Numbers are equal whatever their types are; what else is of different types is not, and nothing fails here. */
export function isSame(one: unknown, other: unknown, opaque: Opaque): boolean {
  const [a, b] = [isUint(one) ? one.value : one, isUint(other) ? other.value : other]
  // Of a whole number and another one JavaScript compares the values.
  if (isNumber(a) && isNumber(b)) return a >= b && a <= b
  if (!isObject(a) || !isObject(b)) return a === b
  if (a instanceof Date || b instanceof Date)
    return a instanceof Date && b instanceof Date && nanosOf(a) === nanosOf(b)
  if (isSpan(a) && isSpan(b)) return spanNanos(a) === spanNanos(b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, at) => isSame(item, b[at], opaque))
  return isMap(a) && isMap(b) ? isSameMap(a, b, opaque) : opaque(a, b)
}

function isSameMap(one: object, other: object, opaque: Opaque): boolean {
  const entries = entriesOf(one)
  if (entries.length !== entriesOf(other).length) return false
  return entries.every(([key, value]) => {
    const found = valueAt(other, key)
    return found !== undefined && isSame(value, found, opaque)
  })
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const isNumber = (value: unknown): value is bigint | number =>
  typeof value === 'bigint' || typeof value === 'number'

/** What values are put in order by, where JavaScript's own order is another one. */
export function rankOf(value: unknown): unknown {
  if (value instanceof Date) return nanosOf(value)
  if (isSpan(value)) return spanNanos(value)
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
}
