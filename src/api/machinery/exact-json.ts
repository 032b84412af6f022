/**
 * JSON whose whole numbers stay what they are. JavaScript's numbers round beyond 2^53 while the API has 64 bits, so a longer
 * one is a bigint here: it compares with numbers and with itself, is copied and frozen like them, and refuses to be calculated
 * with or written by accident, which a rounded number does not. Hardly any text has one, so the usual way pays for a scan of
 * its bytes and for nothing else.
 */
import { endOfString } from './json-scan.ts'
import { MAXIMUM_DIGITS, noFloat, writtenNumber } from './written-numbers.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

const QUOTE = 0x22
const ZERO = 0x30
const DOT = 0x2e
const EXPONENT = 0x65
/** The bit in which `e` differs from `E`. */
const CASE_BIT = 0x20
/** The first number that cannot be held, 2^53, has so many digits. */
const LONG_DIGITS = 16
const LONG_NUMBER = /\d{16}/

/** Parses the bytes of a JSON text; malformed UTF-8 becomes U+FFFD. Throws SyntaxError where it is none. */
export function parseExact(bytes: Uint8Array): unknown {
  return parseDecoded(bytes, hasLongNumber(bytes))
}

/** Whether numbers that are not written as whole numbers are kept as they are written: all, or those that a float can hold. */
export type Keeping = 'written' | 'finite' | undefined

/** The same where the caller has looked at the bytes already. */
export function parseDecoded(bytes: Uint8Array, isOdd: boolean, keeping?: Keeping): unknown {
  const text = decoder.decode(bytes)
  return isOdd ? parseSlowly(text, keeping) : JSON.parse(text)
}

/** For short texts, such as the elements of field sets. */
export function parseExactText(text: string): unknown {
  return LONG_NUMBER.test(text) ? parseSlowly(text) : JSON.parse(text)
}

/** Whether a number outside of strings has that many digits, or an exponent, that it may not fit; or a fraction, where that is asked. */
export function hasLongNumber(bytes: Uint8Array, keeping?: Keeping): boolean {
  const fraction = keeping === undefined ? -1 : DOT
  let run = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    if (byte === QUOTE) {
      i = endOfString(bytes, i)
      run = 0
    } else if ((byte - ZERO) >>> 0 > 9) {
      if (run > 0 && ((byte | CASE_BIT) === EXPONENT || byte === fraction)) return true
      run = 0
    } else if (++run >= LONG_DIGITS) return true
  }
  return false
}

type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown
const parseWithSource = JSON.parse as (text: string, reviver: SourceReviver) => unknown

const WHOLE = /^-?\d+$/

function parseSlowly(text: string, keeping?: Keeping): unknown {
  return parseWithSource(text, (_, value, { source }) => {
    if (typeof value !== 'number' || source === undefined) return value
    if (keeping && !WHOLE.test(source) && (keeping === 'written' || Number.isFinite(value)))
      return writtenNumber(source)
    return Number.isSafeInteger(value) ? value : exactNumber(source, value)
  })
}

/**
 * The number that `source` writes, as a bigint where it is whole and rounding would change it. None that is larger than
 * any float: it would be infinite, which JSON writes as null.
 */
export function exactNumber(source: string, rounded: number): number | bigint {
  const isWhole = WHOLE.test(source)
  if (source.length > MAXIMUM_DIGITS && isWhole) throw noFloat(source)
  if (isWhole && !Number.isSafeInteger(rounded)) return BigInt(source)
  if (!Number.isFinite(rounded)) throw noFloat(source)
  return rounded
}

/** How the refusal of what YAML can say beyond, `.inf` and `.nan`, begins. */
export const NO_JSON = 'json: unsupported value: '

const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown }
/** A replacer that lets bigints be written. */
export const exactly = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? rawJSON(String(value)) : value

/** JSON text of plain data; `indent` makes it readable. */
export function stringifyJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent)
  } catch (thrown) {
    // The only thing in plain data that JSON.stringify throws at; a function that looks at each value would slow down all.
    if (!(thrown instanceof TypeError)) throw thrown
    return JSON.stringify(value, exactly, indent)
  }
}

const UNSAFE_IN_HTML = /[<>&\u2028\u2029]/
const ALL_UNSAFE_IN_HTML = new RegExp(UNSAFE_IN_HTML, 'g')

/** JSON text as Go writes it: what could mean something to a browser is escaped. */
export function asGoJson(text: string): string {
  if (!UNSAFE_IN_HTML.test(text)) return text
  return text.replace(
    ALL_UNSAFE_IN_HTML,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const INT64_LEAST = -(2n ** 63n)
const INT64_MOST = 2n ** 63n - 1n

export const isInt64 = (value: bigint): boolean => value >= INT64_LEAST && value <= INT64_MOST

/** A number where that is exact, else the bigint. */
export const fromBigInt = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value
