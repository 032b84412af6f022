/** Spans of time in Go's notation, such as `1h30m0s`, `250ms` or `0s`. */
import { badRequest } from './status.ts'

const NANOS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
])
const PART = /(\d{0,19})(?:\.(\d{0,40}))?(ns|us|µs|μs|ms|s|m|h)/y
const MAXIMUM_NANOS = 2n ** 63n - 1n

/** Nanoseconds of a duration. Throws BadRequest. */
export function parseDuration(text: string): bigint {
  const negative = text.startsWith('-')
  const body = /^[-+]/.test(text) ? text.slice(1) : text
  if (body === '0') return 0n
  let nanos = 0n
  let position = 0
  while (position < body.length) {
    PART.lastIndex = position
    const match = PART.exec(body)
    const [part = '', whole = '', fraction = '', unit = ''] = match ?? []
    if (!match || whole + fraction === '') throw unreadable(text)
    const scale = NANOS.get(unit) ?? 0n
    nanos += BigInt(whole || '0') * scale
    if (fraction) nanos += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length)
    position += part.length
  }
  if (body === '' || nanos > MAXIMUM_NANOS) throw unreadable(text)
  return negative ? -nanos : nanos
}

/** `90s` → `1m30s`. Throws BadRequest. */
export function canonicalDuration(text: string): string {
  return formatDuration(parseDuration(text))
}

export function formatDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s'
  if (nanos < 0n) return `-${formatDuration(-nanos)}`
  if (nanos < 1_000n) return `${nanos}ns`
  if (nanos < 1_000_000n) return `${decimal(nanos, 3)}µs`
  if (nanos < 1_000_000_000n) return `${decimal(nanos, 6)}ms`
  const minutes = nanos / 60_000_000_000n
  const seconds = `${decimal(nanos % 60_000_000_000n, 9)}s`
  if (minutes === 0n) return seconds
  const hours = minutes / 60n
  return `${hours > 0n ? `${hours}h` : ''}${minutes % 60n}m${seconds}`
}

/** A whole number divided by ten to the power, without trailing zeros. */
function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0')
  const fraction = digits.slice(-places).replace(/0+$/, '')
  return digits.slice(0, -places) + (fraction ? `.${fraction}` : '')
}

const unreadable = (text: string) => badRequest(`time: invalid duration ${JSON.stringify(text)}`)
