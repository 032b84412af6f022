/** Spans of time as kubectl prints them: `47s`, `5m12s`, `3h`, `2d4h`, `3y15d`. */

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365 * DAY

/** At most two units, fewer the longer it is. */
export function shortSpan(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  // Clocks of two machines are never quite alike.
  if (seconds < 0) return seconds < -1 ? '<invalid>' : '0s'
  if (seconds < 2 * MINUTE) return `${seconds}s`
  if (seconds < 10 * MINUTE) return two(seconds, MINUTE, 'm', 1, 's')
  if (seconds < 3 * HOUR) return `${Math.floor(seconds / MINUTE)}m`
  if (seconds < 8 * HOUR) return two(seconds, HOUR, 'h', MINUTE, 'm')
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)}h`
  if (seconds < 8 * DAY) return two(seconds, DAY, 'd', HOUR, 'h')
  if (seconds < 2 * YEAR) return `${Math.floor(seconds / DAY)}d`
  if (seconds < 8 * YEAR) return two(seconds, YEAR, 'y', DAY, 'd')
  return `${Math.floor(seconds / YEAR)}y`
}

function two(seconds: number, unit: number, name: string, next: number, nextName: string): string {
  const rest = Math.floor((seconds % unit) / next)
  return `${Math.floor(seconds / unit)}${name}${rest === 0 ? '' : `${rest}${nextName}`}`
}

/** How long ago a time of the API was; '' where there is none. */
export function ageOf(time: string | null | undefined, nowMs: number): string {
  if (!time) return ''
  const from = Date.parse(time)
  return Number.isNaN(from) ? '' : shortSpan(nowMs - from)
}

/** Seconds that such a text means, for sorting; undefined where it is none. */
export function secondsIn(text: string): number | undefined {
  if (!/^(\d+[smhdy])+$/.test(text)) return undefined
  const units: Readonly<Record<string, number>> = { s: 1, m: MINUTE, h: HOUR, d: DAY, y: YEAR }
  let seconds = 0
  for (const [, count, unit = 's'] of text.matchAll(/(\d+)([smhdy])/g))
    seconds += Number(count) * (units[unit] ?? 0)
  return seconds
}
