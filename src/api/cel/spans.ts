/** Whether a constant says a span or a point of time that there is. */
import { parseDuration } from '../machinery/duration.ts'
import { isStatus } from '../machinery/status.ts'
import { isInRange, parseTime } from './values.ts'

/** Of nanoseconds in 64 bits. */
export function isDuration(value: unknown): boolean {
  if (typeof value !== 'string') return false
  try {
    parseDuration(value)
    return true
  } catch (thrown) {
    if (!isStatus(thrown, 'BadRequest')) throw thrown
    return false
  }
}

export function isTime(value: unknown): boolean {
  if (typeof value === 'bigint') return isInRange(value * 1_000_000_000n)
  const time = typeof value === 'string' ? parseTime(value) : undefined
  return time !== undefined && isInRange(time.nanos)
}
