/** Plain JSON data whose keys may be anything, also `__proto__` and `constructor`. */
import { copySaid } from './said-lists.ts'
import { badRequest, StatusError } from './status.ts'
import { isWritten, plainNumber } from './written-numbers.ts'

export type PlainObject = Record<string, unknown>

/**
 * How deep data may nest. Upstream stops at 10,000, where V8's own JSON.stringify has run out of stack already;
 * real objects stay under 50.
 */
export const MAXIMUM_DEPTH = 1_000

export const tooDeep = () => badRequest(`exceeded max depth of ${MAXIMUM_DEPTH}`)

/**
 * Values that a body may hold. The largest objects in use, definitions of custom resources, have some 30,000; each costs
 * microseconds of everybody's time, and more than these would stop the server for seconds.
 */
export const MAXIMUM_VALUES = 50_000

export const tooManyValues = () =>
  new StatusError(
    'RequestEntityTooLarge',
    `Request entity too large: it holds more than ${MAXIMUM_VALUES} values`,
  )

/** Sets a key as data. Plain assignment to `__proto__` would change the prototype instead. */
export function setKey(target: PlainObject, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  else target[key] = value
}

/** Keys of maps come out in their order, whichever way they came in. Most clients send them so, and objects of ours have them so. */
export function keysInOrder(map: PlainObject): string[] {
  const keys = Object.keys(map)
  for (let i = 1; i < keys.length; i++)
    if ((keys[i - 1] as string) > (keys[i] as string)) return keys.sort()
  return keys
}

/** True for objects that are neither null nor lists. */
export function isPlainObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * A copy that shares nothing but what is frozen, which nobody can change; with `thaw` not even that. Refuses data
 * that nests too deep. Numbers are numbers in it, however they were written.
 */
export function copyJson<T>(value: T, thaw = false, depth = 0): T {
  if (typeof value !== 'object' || value === null)
    return isWritten(value) ? (plainNumber(value) as T) : value
  if (!thaw && Object.isFrozen(value)) return value
  if (depth > MAXIMUM_DEPTH) throw tooDeep()
  if (Array.isArray(value)) {
    const list = value.map(part => copyJson(part, thaw, depth + 1))
    return (list.length === 0 ? copySaid(value, list) : list) as T
  }
  const copy: PlainObject = {}
  for (const key of Object.keys(value))
    setKey(copy, key, copyJson((value as PlainObject)[key], thaw, depth + 1))
  return copy as T
}
