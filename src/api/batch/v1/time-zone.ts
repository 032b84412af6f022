/** Time zones by their names in the IANA database: whether there is one, and wall clocks in it. */

/** A wall clock: what people in the zone read, with the month from 1. */
export interface WallClock {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

export interface TimeZone {
  readonly name: string
  wallClockAt(time: number): WallClock
  /**
   * The instant (milliseconds) at which the clock shows this. Parts beyond their range carry over, as day 32. What a clock
   * shows twice, or never, is one of the instants around the change.
   */
  instantOf(wall: WallClock): number
}

/** Names that the runtime knows besides those of the IANA database. */
const FOREIGN = new Set(
  'ACT AET AGT ART AST BET BST CAT CNT CST CTT EAT ECT IET IST JST MIT NET NST PLT PNT PRT PST SST VST'.split(
    ' ',
  ),
)
const known = new Map<string, TimeZone>()
/** There are about six hundred zones. */
const MAXIMUM_KNOWN = 1000

/** The zone of that name, exactly as it is spelled in the database; undefined where there is none. */
export function timeZoneOf(name: string): TimeZone | undefined {
  const found = known.get(name)
  if (found) return found
  const format = formatOf(name)
  if (!format) return undefined
  const zone = name === 'UTC' ? zoneAt(name, () => 0) : zoneAt(name, time => offsetAt(format, time))
  if (known.size < MAXIMUM_KNOWN) known.set(name, zone)
  return zone
}

/** The runtime takes any case, offsets and names of its own; the database does not. */
function formatOf(name: string): Intl.DateTimeFormat | undefined {
  if (!/^[A-Za-z]/.test(name) || !/[A-Z]/.test(name)) return undefined
  if (FOREIGN.has(name) || name.startsWith('SystemV/')) return undefined
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    const canonical = format.resolvedOptions().timeZone
    const isOtherCase = canonical !== name && canonical.toLowerCase() === name.toLowerCase()
    return isOtherCase ? undefined : format
  } catch {
    return undefined
  }
}

/** Milliseconds that the zone is ahead of UTC at an instant. */
function offsetAt(format: Intl.DateTimeFormat, time: number): number {
  const whole = Math.floor(time / 1000) * 1000
  const parts: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(whole)) parts[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return utcOf({ year, month, day, hour, minute, second }) - whole
}

function zoneAt(name: string, offset: (time: number) => number): TimeZone {
  return {
    name,
    wallClockAt: time => {
      const shifted = new Date(time + offset(time))
      return {
        year: shifted.getUTCFullYear(),
        month: shifted.getUTCMonth() + 1,
        day: shifted.getUTCDate(),
        hour: shifted.getUTCHours(),
        minute: shifted.getUTCMinutes(),
        second: shifted.getUTCSeconds(),
      }
    },
    instantOf: wall => {
      const utc = utcOf(wall)
      const guess = offset(utc)
      return utc - (guess === 0 ? 0 : offset(utc - guess))
    },
  }
}

function utcOf({ year, month, day, hour, minute, second }: WallClock): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.setUTCHours(hour, minute, second)
}
