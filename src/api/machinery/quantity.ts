/**
 * Amounts of resources such as `500m`, `1.5Gi` or `12e6`, computed exactly: a whole number of nanos in a bigint.
 * Finer fractions are rounded away from zero, as upstream does, so that a tiny request never becomes nothing.
 */
import { badRequest } from './status.ts'

/** How the amount was written, and is written again: `1k`, `1e3` or `1Ki`. */
export type QuantityFormat = 'DecimalSI' | 'DecimalExponent' | 'BinarySI'

export interface Quantity {
  /** The amount in billionths. */
  readonly nanos: bigint
  readonly format: QuantityFormat
}

const NANOS_PER_ONE = 1_000_000_000n
const NANOS_PER_MILLI = 1_000_000n
const MAXIMUM_INT64 = 2n ** 63n - 1n
/** Texts longer than this are refused: even 2^63 nanos in decimal with sign, point and suffix fit easily. */
const MAXIMUM_LENGTH = 128
/**
 * The largest power of ten that an exponent or digits may reach. Upstream computes any; a text of ten letters could
 * so demand gigabytes of digits. No resource comes near 10^100.
 */
const MAXIMUM_EXPONENT = 100

const PATTERN = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/
const FORMAT_MESSAGE =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

const DECIMAL_SUFFIXES: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
])
const BINARY_SUFFIXES: ReadonlyMap<string, number> = new Map([
  ['Ki', 10],
  ['Mi', 20],
  ['Gi', 30],
  ['Ti', 40],
  ['Pi', 50],
  ['Ei', 60],
])
const decimalSuffixes = [...DECIMAL_SUFFIXES].map(([suffix, exponent]) => ({ suffix, exponent }))
const binarySuffixes = ['', ...BINARY_SUFFIXES.keys()]

/** Reads a quantity. Throws a BadRequest StatusError that says what is wrong with the text. */
export function parseQuantity(text: string): Quantity {
  if (text.length > MAXIMUM_LENGTH) throw badRequest(FORMAT_MESSAGE)
  const match = PATTERN.exec(text)
  if (!match || text === '') throw badRequest(FORMAT_MESSAGE)
  const [, sign, whole = '', fraction = '', suffix = ''] = match
  // As upstream, no digits at all count as zero.
  const digits = BigInt(whole + fraction)
  const { format, nanos } = scaled(digits, fraction.length, suffix)
  return { nanos: sign === '-' ? -nanos : nanos, format }
}

function scaled(digits: bigint, places: number, suffix: string): Quantity {
  const binary = BINARY_SUFFIXES.get(suffix)
  if (binary !== undefined) {
    const nanos = divideUp((digits * NANOS_PER_ONE) << BigInt(binary), 10n ** BigInt(places))
    const capped = minimum(nanos, MAXIMUM_INT64 * NANOS_PER_ONE)
    // Less than one byte has no binary form.
    const format = capped > 0n && capped < NANOS_PER_ONE ? 'DecimalSI' : 'BinarySI'
    return { nanos: capped, format }
  }
  const decimal = DECIMAL_SUFFIXES.get(suffix)
  const exponent = decimal ?? exponentOf(suffix)
  const format = decimal === undefined ? 'DecimalExponent' : 'DecimalSI'
  return { nanos: shift(digits, exponent - places + 9), format }
}

function exponentOf(suffix: string): number {
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) throw badRequest("unable to parse quantity's suffix")
  const exponent = Number(suffix.slice(1))
  if (Math.abs(exponent) > MAXIMUM_EXPONENT) throw badRequest("unable to parse quantity's suffix")
  return exponent
}

/** `digits` times ten to the power, rounded up where digits are lost. */
function shift(digits: bigint, power: number): bigint {
  return power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power))
}

function divideUp(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  return dividend % divisor === 0n ? quotient : dividend < 0n ? quotient - 1n : quotient + 1n
}
const minimum = (a: bigint, b: bigint) => (a < b ? a : b)
const magnitude = (value: bigint) => (value < 0n ? -value : value)

/** The one way to write an amount: no fraction, the largest suffix that keeps every digit. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0'
  const isWhole = nanos % NANOS_PER_ONE === 0n
  if (format === 'BinarySI' && isWhole && magnitude(nanos) >= 1024n * NANOS_PER_ONE)
    return binaryForm(nanos / NANOS_PER_ONE)
  return decimalForm(nanos, format)
}

function binaryForm(value: bigint): string {
  let mantissa = value
  let step = 0
  while (step < binarySuffixes.length - 1 && mantissa % 1024n === 0n) {
    mantissa /= 1024n
    step++
  }
  return `${mantissa}${binarySuffixes[step]}`
}

function decimalForm(nanos: bigint, format: QuantityFormat): string {
  let mantissa = nanos
  let step = 0
  while (step < decimalSuffixes.length - 1 && mantissa % 1000n === 0n) {
    mantissa /= 1000n
    step++
  }
  const unit = decimalSuffixes[step] ?? { suffix: '', exponent: 0 }
  if (format !== 'DecimalExponent') return `${mantissa}${unit.suffix}`
  let exponent = unit.exponent
  while (mantissa % 1000n === 0n) {
    mantissa /= 1000n
    exponent += 3
  }
  return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`
}

/** Texts that are canonical already and make up nearly all traffic: `250m`, `64Mi`, `1`. */
const USUAL_CANONICAL = /^(?:0|[1-9][0-9]{0,2}(?:[mkMGT]|[KMGT]i)?)$/

/** `0.5` → `500m`, `1024Mi` → `1Gi`. Throws BadRequest like `parseQuantity`. */
export function canonicalQuantity(text: string): string {
  return USUAL_CANONICAL.test(text) ? text : formatQuantity(parseQuantity(text))
}

/** An amount finer than thousandths, rounded away from zero to one of those: `500u` → `1m`. Others are handed back as they are. */
export function wholeMilli(canonical: string): string {
  if (!/[nu]$|e-/.test(canonical)) return canonical
  const { nanos, format } = parseQuantity(canonical)
  return formatQuantity({ nanos: divideUp(nanos, NANOS_PER_MILLI) * NANOS_PER_MILLI, format })
}

const of = (quantity: Quantity | string) =>
  typeof quantity === 'string' ? parseQuantity(quantity) : quantity

/** Negative, zero or positive as `a` is less than, equal to or more than `b`. */
export function compareQuantities(a: Quantity | string, b: Quantity | string): number {
  const left = of(a).nanos
  const right = of(b).nanos
  return left < right ? -1 : left > right ? 1 : 0
}

/** The sum, in the format of the first that is not zero. */
export function addQuantities(a: Quantity | string, b: Quantity | string): Quantity {
  const left = of(a)
  const right = of(b)
  return {
    nanos: left.nanos + right.nanos,
    format: left.nanos === 0n ? right.format : left.format,
  }
}

/** The difference, which may be negative. */
export function subtractQuantities(a: Quantity | string, b: Quantity | string): Quantity {
  const right = of(b)
  return addQuantities(a, { nanos: -right.nanos, format: right.format })
}

/** The amount in whole units, rounded away from zero: `1500m` → 2. Beyond 2^53 it is the nearest number. */
export function quantityToNumber(quantity: Quantity | string): number {
  return Number(divideUp(of(quantity).nanos, NANOS_PER_ONE))
}

/** The amount in thousandths, rounded away from zero: `0.5` → 500. */
export function quantityToMilli(quantity: Quantity | string): number {
  return Number(divideUp(of(quantity).nanos, NANOS_PER_MILLI))
}
