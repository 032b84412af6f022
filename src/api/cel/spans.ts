/** Whether a constant says a span or a point of time that there is. */
import { isInRange, parseTime } from './values.ts'

const DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/
const NANOS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** Of nanoseconds in 64 bits. */
export function isDuration(value: unknown): boolean {
  if (typeof value !== 'string' || !DURATION.test(value)) return false
  const nanos = [...value.matchAll(/([\d.]+)([a-zµμ]+)/g)].reduce(
    (sum, [, amount, unit = '']) => sum + Number(amount) * (NANOS[unit] ?? 0),
    0,
  )
  return nanos < 2 ** 63
}

export function isTime(value: unknown): boolean {
  if (typeof value === 'bigint') return isInRange(value * 1_000_000_000n)
  const time = typeof value === 'string' ? parseTime(value) : undefined
  return time !== undefined && isInRange(time.nanos)
}
