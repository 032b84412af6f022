/** How each scalar type reads JSON: checks the type, brings the value into its canonical form. */
import { canonicalDuration } from './duration.ts'
import { isInt64 } from './exact-json.ts'
import { copyJson } from './plain.ts'
import { canonicalQuantity } from './quantity.ts'
import type { ScalarType } from './schema.ts'
import { badRequest } from './status.ts'
import { canonicalMicroTime, canonicalTime } from './time.ts'
import { isWritten } from './written-numbers.ts'

/** Thrown when a value has the wrong JSON type; the decoder adds where. `found` is in Go's words, e.g. `string`. */
export class WrongType extends Error {
  readonly found: string
  readonly wanted: string
  constructor(found: string, wanted: string) {
    super(`${found} is no ${wanted}`)
    this.found = found
    this.wanted = wanted
  }
}

/** What upstream calls a JSON value's type in its messages. */
export function jsonTypeOf(value: unknown): string {
  if (typeof value === 'boolean') return 'bool'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'bigint' || isWritten(value) ? 'number' : typeof value
}

export interface Scalar {
  /** The Go type that messages name. */
  readonly goType: string
  /** What stands in for an absent value where the field is always shown. */
  readonly zero: unknown
  /** The value in canonical form. Throws WrongType or a StatusError. Never called with null or undefined. */
  readonly read: (value: unknown) => unknown
}

const text = (value: unknown, goType = 'string'): string => {
  if (typeof value === 'string') return value
  throw new WrongType(jsonTypeOf(value), goType)
}

/** Of what is no plain number: one that is none for a field is shown as it is. */
function foundInstead(value: unknown): string {
  if (isWritten(value)) return `number ${value.source}`
  return typeof value === 'bigint' ? `number ${value}` : jsonTypeOf(value)
}

function wholeNumber(least: number, most: number, goType: string) {
  return (value: unknown): number => {
    if (typeof value !== 'number') throw new WrongType(foundInstead(value), goType)
    if (!Number.isInteger(value) || value < least || value > most)
      throw new WrongType(`number ${value}`, goType)
    // -0 would be shown as 0 but differ from it.
    return value === 0 ? 0 : value
  }
}
const readInt32 = wholeNumber(-(2 ** 31), 2 ** 31 - 1, 'int32')
const readSafeInteger = wholeNumber(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'int64')
/** What is written with an exponent beyond 2^53 is refused, as upstream does, since it is not known exactly. */
const readInt64 = (value: unknown): number | bigint =>
  typeof value === 'bigint' && isInt64(value) ? value : readSafeInteger(value)

const NOT_BASE64 = /[^A-Za-z0-9+/]/
const BASE64 = /[A-Za-z0-9+/]/
const PADDING = '='
const isBreak = (letter: string | undefined) => letter === '\n' || letter === '\r'

function readBytes(value: unknown): string {
  const given = text(value, '[]uint8')
  if (firstWrongByte(given) < 0) return given
  // Line breaks may stand anywhere, as encoders for mail put them.
  const joined = given.replace(/[\r\n]+/g, '')
  if (firstWrongByte(joined) < 0) return joined
  throw badRequest(`illegal base64 data at input byte ${corruptByte(given)}`)
}

/** The place that Go names for a text that is not base64: of an incomplete four its beginning. */
function corruptByte(base64: string): number {
  let inFour = 0
  for (let at = 0; at < base64.length; at++) {
    const letter = base64[at] as string
    if (isBreak(letter)) continue
    if (BASE64.test(letter)) inFour = (inFour + 1) % 4
    else return letter === PADDING && inFour > 1 ? afterPadding(base64, at, inFour) : at
  }
  return base64.length - inFour
}

function afterPadding(base64: string, padding: number, inFour: number): number {
  const next = (at: number) => {
    while (isBreak(base64[at])) at++
    return at
  }
  const second = next(padding + 1)
  if (inFour === 3) return second
  if (second === base64.length) return second
  return base64[second] === PADDING ? next(second + 1) : second - 1
}

/** Where the text stops being base64 with its padding, -1 when it never does. One pass, for values of megabytes. */
function firstWrongByte(base64: string): number {
  const { length } = base64
  const end = base64.search(NOT_BASE64)
  if (end < 0) return length % 4 === 0 ? -1 : length
  const padding = base64.slice(end)
  return length % 4 === 0 && (padding === '=' || padding === '==') ? -1 : end
}

export const SCALARS: Readonly<Record<ScalarType, Scalar>> = {
  string: { goType: 'string', zero: '', read: value => text(value) },
  boolean: {
    goType: 'bool',
    zero: false,
    read: value => {
      if (typeof value === 'boolean') return value
      throw new WrongType(jsonTypeOf(value), 'bool')
    },
  },
  int32: { goType: 'int32', zero: 0, read: readInt32 },
  int64: { goType: 'int64', zero: 0, read: readInt64 },
  double: {
    goType: 'float64',
    zero: 0,
    read: value => {
      if (typeof value === 'number' && Number.isFinite(value)) return value
      if (typeof value === 'bigint') return Number(value)
      if (isWritten(value) && Number.isFinite(value())) return value()
      throw new WrongType(foundInstead(value), 'float64')
    },
  },
  bytes: { goType: '[]uint8', zero: '', read: readBytes },
  quantity: {
    goType: 'resource.Quantity',
    zero: '0',
    read: value =>
      canonicalQuantity(
        typeof value === 'string'
          ? value.trim()
          : typeof value === 'number' || typeof value === 'bigint'
            ? `${value}`
            : isWritten(value)
              ? value.source
              : '?',
      ),
  },
  intOrString: {
    goType: 'intstr.IntOrString',
    zero: 0,
    read: value => (typeof value === 'string' ? value : readInt32(value)),
  },
  time: { goType: 'v1.Time', zero: null, read: value => canonicalTime(text(value)) },
  microTime: { goType: 'v1.MicroTime', zero: null, read: value => canonicalMicroTime(text(value)) },
  duration: { goType: 'v1.Duration', zero: '0s', read: value => canonicalDuration(text(value)) },
  any: { goType: 'runtime.RawExtension', zero: null, read: value => copyJson(value) },
}
