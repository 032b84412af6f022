/**
 * Schedules of CronJobs: five fields (minute, hour, day of month, month, day of week), a word such as `@daily`, or
 * `@every 1h30m`. They are read exactly as the parser that upstream uses reads them, with its words for what is wrong.
 */
import { messageOf } from '#base/errors.ts'
import { parseDuration } from '../../machinery/duration.ts'
import { type TimeZone, timeZoneOf, type WallClock } from './time-zone.ts'

export interface Schedule {
  /** The first time after `time` (both in milliseconds); undefined where none comes within five years. */
  next(time: number, zone: TimeZone): number | undefined
}

/** The values of one field that match, and whether it was written as a star. */
interface FieldSet {
  readonly values: ReadonlySet<number>
  readonly isStar: boolean
}

interface Bounds {
  readonly least: number
  readonly most: number
  readonly names?: Readonly<Record<string, number>>
}

const MONTHS = namesFrom('jan feb mar apr may jun jul aug sep oct nov dec', 1)
const DAYS = namesFrom('sun mon tue wed thu fri sat', 0)
const minuteBounds: Bounds = { least: 0, most: 59 }
const hourBounds: Bounds = { least: 0, most: 23 }
const dayOfMonthBounds: Bounds = { least: 1, most: 31 }
const monthBounds: Bounds = { least: 1, most: 12, names: MONTHS }
const dayOfWeekBounds: Bounds = { least: 0, most: 6, names: DAYS }

const DESCRIPTORS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
])
const EVERY = '@every '
const FIELDS = 5
/** A day such as 29 February comes within this time, unless it never comes. */
const SEARCHED_YEARS = 5
const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const NANOS_PER_SECOND = 1_000_000_000n

/** Reads a schedule. Throws an Error that says what is wrong with it. */
export function parseSchedule(text: string): Schedule {
  if (text === '') throw new Error('empty spec string')
  const { spec, zone } = withoutZone(text)
  const schedule = spec.startsWith('@') ? descriptor(spec) : fiveFields(spec)
  return zone ? { next: time => schedule.next(time, zone) } : schedule
}

/** `TZ=Europe/Berlin 0 3 * * *`: the old way to name a zone, which wins over any other. */
function withoutZone(text: string): { spec: string; zone?: TimeZone } {
  if (!text.startsWith('TZ=') && !text.startsWith('CRON_TZ=')) return { spec: text }
  const space = text.indexOf(' ')
  const name = text.slice(text.indexOf('=') + 1, space < 0 ? undefined : space)
  const zone = timeZoneOf(name === '' ? 'UTC' : name)
  if (!zone) throw new Error(`provided bad location ${name}: unknown time zone ${name}`)
  return { spec: space < 0 ? '' : text.slice(space).trim(), zone }
}

function descriptor(text: string): Schedule {
  const spec = DESCRIPTORS.get(text)
  if (spec) return fiveFields(spec)
  if (!text.startsWith(EVERY)) throw new Error(`unrecognized descriptor: ${text}`)
  try {
    return every(parseDuration(text.slice(EVERY.length)))
  } catch (thrown) {
    throw new Error(`failed to parse duration ${text}: ${messageOf(thrown)}`)
  }
}

/** Whole seconds, at least one. */
function every(nanos: bigint): Schedule {
  const seconds = nanos / NANOS_PER_SECOND
  const delay = Number(seconds < 1n ? 1n : seconds) * SECOND_MS
  return { next: time => wholeSecond(time) + delay }
}

const wholeSecond = (time: number) => Math.floor(time / SECOND_MS) * SECOND_MS

const never: Schedule = { next: () => undefined }

function fiveFields(spec: string): Schedule {
  const fields = spec.split(/\s+/).filter(field => field !== '')
  if (fields.length !== FIELDS)
    throw new Error(
      `expected exactly ${FIELDS} fields, found ${fields.length}: [${fields.join(' ')}]`,
    )
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = fields
  const sets = {
    minute: fieldSet(minute, minuteBounds),
    hour: fieldSet(hour, hourBounds),
    dayOfMonth: fieldSet(dayOfMonth, dayOfMonthBounds),
    month: fieldSet(month, monthBounds),
    dayOfWeek: fieldSet(dayOfWeek, dayOfWeekBounds),
  }
  // A lone comma is a field that nothing matches; every minute of years would be looked at in vain.
  const isNever = sets.minute.values.size === 0 || sets.hour.values.size === 0
  return isNever ? never : new CronSchedule(sets)
}

function fieldSet(text: string, bounds: Bounds): FieldSet {
  const values = new Set<number>()
  let isStar = false
  for (const part of text.split(',')) {
    if (part === '') continue
    const range = rangeOf(part, bounds)
    isStar ||= range.isStar
    for (let value = range.start; value <= range.end; value += range.step) values.add(value)
  }
  return { values, isStar }
}

/** `*`, `5`, `1-5`, each also with a step: `10-50/10`; `10/10` goes up to the end. */
function rangeOf(text: string, bounds: Bounds) {
  const [span = '', stepText, ...moreSteps] = text.split('/')
  const [low = '', high, ...moreBounds] = span.split('-')
  const isOpen = low === '*' || low === '?'
  const start = isOpen ? bounds.least : boundOf(low, bounds)
  if (!isOpen && moreBounds.length > 0) throw new Error(`too many hyphens: ${text}`)
  let end = start
  if (isOpen) end = bounds.most
  else if (high !== undefined) end = boundOf(high, bounds)
  if (moreSteps.length > 0) throw new Error(`too many slashes: ${text}`)
  const step = stepText === undefined ? 1 : numberOf(stepText)
  if (stepText !== undefined && high === undefined) end = bounds.most
  if (start < bounds.least)
    throw new Error(`beginning of range (${start}) below minimum (${bounds.least}): ${text}`)
  if (end > bounds.most)
    throw new Error(`end of range (${end}) above maximum (${bounds.most}): ${text}`)
  if (start > end)
    throw new Error(`beginning of range (${start}) beyond end of range (${end}): ${text}`)
  if (step === 0) throw new Error(`step of range should be a positive number: ${text}`)
  return { start, end, step, isStar: isOpen && step === 1 }
}

function boundOf(text: string, { names = {} }: Bounds): number {
  const key = text.toLowerCase()
  return (Object.hasOwn(names, key) ? names[key] : undefined) ?? numberOf(text)
}

function numberOf(text: string): number {
  if (!/^[-+]?\d+$/.test(text))
    throw new Error(
      `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  const number = Number(text)
  if (BigInt.asIntN(64, BigInt(text.replace('+', ''))) !== BigInt(text.replace('+', '')))
    throw new Error(
      `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`,
    )
  if (number < 0) throw new Error(`negative number (${number}) not allowed: ${text}`)
  return number
}

function namesFrom(words: string, first: number): Readonly<Record<string, number>> {
  return Object.fromEntries(words.split(' ').map((word, index) => [word, index + first]))
}

interface CronFields {
  readonly minute: FieldSet
  readonly hour: FieldSet
  readonly dayOfMonth: FieldSet
  readonly month: FieldSet
  readonly dayOfWeek: FieldSet
}

/**
 * The search goes from the coarsest field to the finest and begins anew whenever a coarser one changed. Hours and minutes
 * advance in real time, so what falls into the hour that a clock skips is left out that day, and what
 * falls into one that it shows twice happens twice.
 */
class CronSchedule implements Schedule {
  readonly #fields: CronFields

  constructor(fields: CronFields) {
    this.#fields = fields
  }

  next(after: number, zone: TimeZone): number | undefined {
    const search = new Search(wholeSecond(after) + SECOND_MS, zone)
    const lastYear = search.wall.year + SEARCHED_YEARS
    while (search.wall.year <= lastYear) if (this.#advance(search)) return search.time
    return undefined
  }

  /** True when everything matches; false when the search has to begin anew. */
  #advance(search: Search): boolean {
    const { minute, hour, month } = this.#fields
    while (!month.values.has(search.wall.month)) {
      search.toNextMonth()
      if (search.wall.month === 1) return false
    }
    while (!this.#dayMatches(search.wall)) {
      search.toNextDay()
      if (search.wall.day === 1) return false
    }
    while (!hour.values.has(search.wall.hour)) {
      search.toNextHour()
      if (search.wall.hour === 0) return false
    }
    while (!minute.values.has(search.wall.minute)) {
      search.toNextMinute()
      if (search.wall.minute === 0) return false
    }
    while (search.wall.second !== 0) {
      search.toNextSecond()
      if (search.wall.second === 0) return false
    }
    return true
  }

  /** Where both days are restricted, either is enough. */
  #dayMatches({ year, month, day }: WallClock): boolean {
    const { dayOfMonth, dayOfWeek } = this.#fields
    const inMonth = dayOfMonth.values.has(day)
    const inWeek = dayOfWeek.values.has(new Date(Date.UTC(year, month - 1, day)).getUTCDay())
    return dayOfMonth.isStar || dayOfWeek.isStar ? inMonth && inWeek : inMonth || inWeek
  }
}

/** An instant that only goes forward; with its first step all finer parts begin at zero, and stay so. */
class Search {
  time: number
  wall: WallClock
  readonly #zone: TimeZone
  #isCut = false

  constructor(time: number, zone: TimeZone) {
    this.time = time
    this.#zone = zone
    this.wall = zone.wallClockAt(time)
  }

  toNextMonth(): void {
    this.#cut({ day: 1, hour: 0, minute: 0, second: 0 })
    this.#goTo(this.#zone.instantOf({ ...this.wall, month: this.wall.month + 1 }))
  }

  toNextDay(): void {
    this.#cut({ hour: 0, minute: 0, second: 0 })
    this.#goTo(this.#zone.instantOf({ ...this.wall, day: this.wall.day + 1 }))
    // Where the clock changes at midnight, the day begins an hour off.
    const { hour } = this.wall
    if (hour > 12) this.#goTo(this.time + (24 - hour) * HOUR_MS)
    else if (hour !== 0) this.#goTo(this.time - hour * HOUR_MS)
  }

  toNextHour(): void {
    this.#cut({ minute: 0, second: 0 })
    this.#goTo(this.time + HOUR_MS)
  }

  toNextMinute(): void {
    this.#cutTo(MINUTE_MS)
    this.#goTo(this.time + MINUTE_MS)
  }

  toNextSecond(): void {
    this.#cutTo(SECOND_MS)
    this.#goTo(this.time + SECOND_MS)
  }

  #cut(zeros: Partial<WallClock>): void {
    if (this.#isCut) return
    this.#isCut = true
    this.#goTo(this.#zone.instantOf({ ...this.wall, ...zeros }))
  }

  #cutTo(unit: number): void {
    if (this.#isCut) return
    this.#isCut = true
    this.#goTo(Math.floor(this.time / unit) * unit)
  }

  #goTo(time: number): void {
    this.time = time
    this.wall = this.#zone.wallClockAt(time)
  }
}
