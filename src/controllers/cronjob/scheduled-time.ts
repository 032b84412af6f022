/** A time as people in the CronJob's zone read it, in the form of RFC 3339. */
import { timeZoneOf } from '#api/batch/v1/time-zone.ts'
import { rfc3339 } from '#base/clock.ts'

/** `2026-03-29T03:00:00+02:00`; UTC without a zone. */
export function scheduledTimeText(timeMs: number, zoneName: string | undefined): string {
  const zone = timeZoneOf(zoneName ?? 'UTC')
  if (!zone) return rfc3339(timeMs)
  const { year, month, day, hour, minute, second } = zone.wallClockAt(timeMs)
  const shown = Date.UTC(year, month - 1, day, hour, minute, second)
  const offset = Math.round((shown - timeMs) / 60_000)
  if (offset === 0) return rfc3339(timeMs)
  const two = (number: number) => `${Math.abs(number)}`.padStart(2, '0')
  const sign = offset < 0 ? '-' : '+'
  const hours = two(Math.trunc(offset / 60))
  return `${rfc3339(shown).slice(0, -1)}${sign}${hours}:${two(offset % 60)}`
}
