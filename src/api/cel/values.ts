/**
 * Values that the engine knows too coarsely: times finer than a millisecond, and maps whose keys are no texts. The engine tells values
 * by their constructors, so these claim to have its own.
 */
import { isPlainObject, type PlainObject, setKey } from '../machinery/plain.ts'

const PER_MILLISECOND = 1_000_000n
const PER_SECOND = 1_000_000_000n

/** A moment to the nanosecond, whose milliseconds are rounded down. */
export class Time extends Date {
  /** Since 1970. */
  readonly nanos: bigint
  /** By which the clock was ahead of Greenwich that it was read from. */
  readonly offsetMinutes: number

  constructor(nanos: bigint, offsetMinutes = 0) {
    const rest = nanos % PER_MILLISECOND
    super(Number(nanos / PER_MILLISECOND - (rest < 0n ? 1n : 0n)))
    this.nanos = nanos
    this.offsetMinutes = offsetMinutes
  }
}
Object.defineProperty(Time.prototype, 'constructor', { value: Date })

/** Of any moment. */
export const nanosOf = (time: Date): bigint =>
  time instanceof Time ? time.nanos : BigInt(time.getTime()) * PER_MILLISECOND

/** The years 1 to 9999. */
const FIRST = -62_135_596_800n * PER_SECOND
const END = 253_402_300_800n * PER_SECOND

export const isInRange = (nanos: bigint): boolean => nanos >= FIRST && nanos < END

const TIME =
  /^(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:[.,](\d+))?(?:Z|([+-])([01]\d|2[0-4]):([0-5]\d))$/

/** What RFC 3339 writes so, as Go reads it; undefined for days that there are not, and for all other texts. */
export function parseTime(text: string): Time | undefined {
  const [, second = '', fraction = '', sign, hours, minutes] = TIME.exec(text) ?? []
  const local = new Date(`${second}Z`)
  if (Number.isNaN(local.getTime()) || !local.toISOString().startsWith(second)) return undefined
  const ahead = sign ? Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) : 0
  const milliseconds = BigInt(local.getTime() - ahead * 60_000)
  const below = BigInt(fraction.slice(0, 9).padEnd(9, '0'))
  return new Time(milliseconds * PER_MILLISECOND + below, ahead)
}

/** By the clock that it was read from, without what is zero behind the seconds. */
export function timeText(time: Date): string {
  const nanos = nanosOf(time)
  const below = ((nanos % PER_SECOND) + PER_SECOND) % PER_SECOND
  const fraction = String(below).padStart(9, '0').replace(/0+$/, '')
  const ahead = time instanceof Time ? time.offsetMinutes : 0
  const shown = new Date(time.getTime() + ahead * 60_000).toISOString().slice(0, -5)
  return `${shown}${fraction && `.${fraction}`}${zoneText(ahead)}`
}

function zoneText(ahead: number): string {
  if (ahead === 0) return 'Z'
  const [hours, minutes] = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60]
  return `${ahead < 0 ? '-' : '+'}${[hours, minutes].map(part => String(part).padStart(2, '0')).join(':')}`
}

/** A span of time as the engine has it. */
export interface Span {
  readonly seconds: bigint
  readonly nanos: number
}

export const isSpan = (value: unknown): value is Span =>
  typeof value === 'object' && value !== null && 'addDuration' in value

export const spanNanos = ({ seconds, nanos }: Span): bigint => seconds * PER_SECOND + BigInt(nanos)

/** In 64 bits of nanoseconds, made as `like` was. */
export function spanOf(nanos: bigint, like: Span): unknown {
  if (BigInt.asIntN(64, nanos) !== nanos) throw new Error('integer overflow')
  const Made = like.constructor as new (seconds: bigint, nanos: number) => Span
  return new Made(nanos / PER_SECOND, Number(nanos % PER_SECOND))
}

interface Uint {
  readonly value: bigint
}

export const isUint = (value: unknown): value is Uint =>
  isPlainObject(value) && value.constructor?.name === 'UnsignedInt'

/** Numbers that are equal are the same key to who looks for it, of whatever types they are. */
function keyName(key: unknown): unknown {
  if (typeof key === 'number' && Number.isInteger(key)) return BigInt(key)
  return isUint(key) ? key.value : key
}

type Entry = readonly [key: unknown, value: unknown]

/** Keys are what they were made of; of the same key twice the last value stays. */
export class KeyedMap extends Map<unknown, unknown> {
  readonly #byName = new Map<unknown, unknown>()

  constructor(entries: readonly Entry[]) {
    super()
    const own = new Map(
      entries.map(entry => [`${typeof entry[0]} ${String(keyName(entry[0]))}`, entry]),
    )
    for (const [key, value] of own.values()) {
      this.#byName.set(keyName(key), value)
      this.set(key, value)
    }
  }

  override get(key: unknown): unknown {
    return this.#byName.get(keyName(key))
  }

  override has(key: unknown): boolean {
    return this.#byName.has(keyName(key))
  }
}
Object.defineProperty(KeyedMap.prototype, 'constructor', { value: Map })

/** Texts make a plain object, as everything that is read has it. */
export function mapOf(entries: readonly Entry[]): object {
  if (entries.some(([key]) => typeof key !== 'string')) return new KeyedMap(entries)
  const map: PlainObject = Object.create(null)
  for (const [key, value] of entries) setKey(map, key as string, value)
  return map
}

/** The key that is there twice. */
export function doubleKeyIn(entries: readonly Entry[]): unknown {
  const names = new Set<unknown>()
  return entries.find(([key]) => names.size === names.add(keyName(key)).size)?.[0]
}

export function isMap(value: object): boolean {
  if (value instanceof Map) return true
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** Of a map of either kind. */
export const entriesOf = (map: object): [unknown, unknown][] =>
  map instanceof Map ? [...map.entries()] : Object.entries(map)

/** Undefined where the map has no such key; a number is no text. */
export function valueAt(map: object, key: unknown): unknown {
  if (map instanceof Map) return map.get(key)
  return typeof key === 'string' && Object.hasOwn(map, key) ? (map as PlainObject)[key] : undefined
}
