/** `format`: values written into a template, in the notation of Go's implementation. */
import { isPlainObject } from '../machinery/plain.ts'
import { entriesOf, timeText } from './values.ts'

/** A number must not be written without end. */
const MAXIMUM_PRECISION = 100
/** Of numbers whose precision nobody said, and of all in the scientific notation. */
const USUAL_PRECISION = 6

/** What a template says next: text as it is, or a place for a value. */
export type Piece =
  | { readonly text: string }
  | { readonly verb: string; readonly precision: number }

/** Throws where the template is none, or says more than there are values. */
export function* piecesOf(template: string, count: number): Generator<Piece> {
  let next = 0
  for (const [whole, percent, mark = '', digits = '', verb = ''] of template.matchAll(
    /(%)(?:%|(\.)?(\d*)([\s\S]?))|[^%]+/gu,
  )) {
    if (!percent) yield { text: whole }
    else if (whole === '%%') yield { text: '%' }
    else if (whole === '%') throw new Error('unexpected end of string')
    else if (next >= count) throw new Error(`index ${next} out of range`)
    else {
      yield clause(mark === '.', digits, verb)
      next++
    }
  }
}

const NOT_PARSED = 'could not parse formatting clause: '

function clause(hasPrecision: boolean, digits: string, verb: string): Piece {
  if (!hasPrecision && digits !== '') throw new Error(`${NOT_PARSED}${unrecognized(digits[0])}`)
  if (verb === '')
    throw new Error(
      `${NOT_PARSED}error while parsing precision: could not find end of precision specifier`,
    )
  if (hasPrecision && digits === '')
    throw new Error(
      `${NOT_PARSED}error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax`,
    )
  if (!Object.hasOwn(WRITERS, verb)) throw new Error(`${NOT_PARSED}${unrecognized(verb)}`)
  return { verb, precision: hasPrecision ? Number(digits) : USUAL_PRECISION }
}

const unrecognized = (verb = '') => `unrecognized formatting clause ${JSON.stringify(verb)}`

export function formatted(template: string, values: readonly unknown[]): string {
  let next = 0
  let text = ''
  for (const piece of piecesOf(template, values.length)) {
    if ('text' in piece) text += piece.text
    else {
      const { verb, precision } = piece
      const value = values[next++]
      const wrong = wrongForVerb(verb, typeName(value))
      if (wrong !== undefined) throw new Error(wrong)
      text += WRITERS[verb]?.(value, Math.min(precision, MAXIMUM_PRECISION)) ?? ''
    }
  }
  return text
}

const WHOLE = ['int', 'uint']
const PRINTABLE =
  'string bool bytes int uint double map list type null_type google.protobuf.Duration google.protobuf.Timestamp'

/** What each verb takes, and how upstream says so. */
const TAKES: Readonly<Record<string, { types: readonly string[]; says: string }>> = {
  s: {
    types: PRINTABLE.split(' '),
    says: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  },
  d: { types: WHOLE, says: 'decimal clause can only be used on integers' },
  f: { types: ['double'], says: 'fixed-point clause can only be used on doubles' },
  e: { types: ['double'], says: 'scientific clause can only be used on doubles' },
  b: { types: [...WHOLE, 'bool'], says: 'only integers and bools can be formatted as binary' },
  o: { types: WHOLE, says: 'octal clause can only be used on integers' },
  x: {
    types: [...WHOLE, 'string', 'bytes'],
    says: 'only integers, byte buffers, and strings can be formatted as hex',
  },
}

/** Undefined where a value of this type may be written by that verb. */
export function wrongForVerb(verb: string, type: string): string | undefined {
  const { types, says } = TAKES[verb.toLowerCase()] ?? { types: [], says: '' }
  return types.includes(type) ? undefined : `error during formatting: ${says}, was given ${type}`
}

const WRITERS: Readonly<Record<string, (value: unknown, precision: number) => string>> = {
  s: value => textOf(value),
  d: value => String(value),
  f: (value, precision) => fixed(value as number, precision),
  e: value => scientific(value as number),
  b: value => (typeof value === 'boolean' ? (value ? '1' : '0') : wholeOf(value).toString(2)),
  o: value => wholeOf(value).toString(8),
  x: value => hexOf(value),
  X: value => hexOf(value).toUpperCase(),
}

const wholeOf = (value: unknown): bigint => BigInt((value as bigint).valueOf())

const encoder = new TextEncoder()

function hexOf(value: unknown): string {
  const bytes = typeof value === 'string' ? encoder.encode(value) : value
  return bytes instanceof Uint8Array
    ? Buffer.from(bytes).toString('hex')
    : wholeOf(value).toString(16)
}

const INFINITE = (value: number) => (value > 0 ? '∞' : '-∞')

/** With groups of three; of two that are as near, the even one. */
function fixed(value: number, precision: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : INFINITE(value)
  const exact = Math.abs(value).toFixed(MAXIMUM_PRECISION)
  const cut = exact.length - MAXIMUM_PRECISION + precision
  const isTie = precision < MAXIMUM_PRECISION && /^50*$/.test(exact.slice(cut))
  const kept = exact.slice(0, cut).replace(/\.$/, '')
  const isEven = /[02468]$/.test(kept)
  const text = isTie && isEven ? kept : Math.abs(value).toFixed(precision)
  const [whole = '', fraction] = text.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  return sign + grouped + (fraction === undefined ? '' : `.${fraction}`)
}

const SUPERSCRIPT = '⁰¹²³⁴⁵⁶⁷⁸⁹'

function scientific(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : INFINITE(value)
  const [digits = '', exponent = ''] = value.toExponential(USUAL_PRECISION).split('e')
  const raised = exponent
    .slice(1)
    .padStart(2, '0')
    .replace(/\d/g, digit => SUPERSCRIPT[Number(digit)] ?? '')
  return `${digits}×10${exponent.startsWith('-') ? '⁻' : ''}${raised}`
}

/** A number in the shortest way that reads back as itself. */
export function shortest(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const [digits = '', power = '0'] = value.toExponential().split('e')
  const exponent = Number(power)
  if (exponent >= -4 && exponent < USUAL_PRECISION) return String(value)
  const size = String(Math.abs(exponent)).padStart(2, '0')
  return `${digits}e${exponent < 0 ? '-' : '+'}${size}`
}

/** As upstream names what an expression gave. */
export function typeName(value: unknown): string {
  if (value === null) return 'null_type'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'double'
  if (Array.isArray(value)) return 'list'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Date) return 'google.protobuf.Timestamp'
  return typeOfObject(value as object)
}

const NAMES: Readonly<Record<string, string>> = {
  Map: 'map',
  UnsignedInt: 'uint',
  Duration: 'google.protobuf.Duration',
  Type: 'type',
  Optional: 'optional_type',
  Address: 'net.IP',
  Range: 'net.CIDR',
  Web: 'kubernetes.URL',
  Amount: 'kubernetes.Quantity',
  Version: 'kubernetes.Semver',
}

function typeOfObject(value: object): string {
  const prototype = Object.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return 'map'
  const { name } = value.constructor
  return Object.hasOwn(NAMES, name) ? (NAMES[name] ?? name) : name
}

/** A value by itself is written plainly, one in a list or a map as an expression of it would be. */
function textOf(value: unknown, isWithin = false): string {
  if (typeof value === 'string') return isWithin ? JSON.stringify(value) : value
  if (typeof value === 'number') return isWithin ? numberWithin(value) : shortest(value)
  if (value instanceof Uint8Array)
    return isWithin ? `b${JSON.stringify(utf8Of(value))}` : utf8Of(value)
  if (Array.isArray(value)) return `[${value.map(item => textOf(item, true)).join(', ')}]`
  const type = typeName(value)
  if (type === 'map' && isPlainObject(value)) {
    const pairs = entriesOf(value)
      .map(([key, part]) => [keyText(key), textOf(part, true)] as const)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
    return `{${pairs.map(pair => pair.join(':')).join(', ')}}`
  }
  if (value instanceof Date) return called('timestamp', timeText(value), isWithin)
  if (type === 'google.protobuf.Duration') return called('duration', durationText(value), isWithin)
  if (type === 'type') return (value as { name: string }).name
  return String(value)
}

function keyText(key: unknown): string {
  const type = typeName(key)
  if (!['bool', 'int', 'string', 'uint'].includes(type))
    throw new Error(`error during formatting: no formatting function for map key of type ${type}`)
  return textOf(key, true)
}

const called = (name: string, text: string, isWithin: boolean) =>
  isWithin ? `${name}("${text}")` : text

const numberWithin = (value: number) =>
  Number.isFinite(value) ? value.toFixed(USUAL_PRECISION) : JSON.stringify(shortest(value))

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function utf8Of(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new Error(
      'error during formatting: could not convert argument "invalid UTF-8 in bytes, cannot convert to string" to string',
    )
  }
}

/** Beyond so many nanoseconds not all of them fit into the number that Go prints. */
const EXACT = 10n ** 15n

/** In seconds. */
export function durationText(value: unknown): string {
  const { seconds, nanos } = value as { seconds: bigint; nanos: number }
  const all = seconds * 1_000_000_000n + BigInt(nanos)
  const size = all < 0n ? -all : all
  if (size > EXACT) return `${Number(seconds) + nanos / 1e9}s`
  const fraction = String(size % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${all < 0n ? '-' : ''}${size / 1_000_000_000n}${fraction && `.${fraction}`}s`
}
