/**
 * Numbers as they were written, where that is not as a whole number: Go reads neither `1.0` nor `1e3` into a field of whole numbers, and JSON.parse gives 1 and 1000 for
 * them. Such a number stands in a parsed body as a function, which is no type of JSON, so that whoever looks for a number, an object or a list takes it for neither. It
 * lives until a schema has read it, and is written as it was.
 */
import { badRequest } from './status.ts'

export interface WrittenNumber {
  (): number
  readonly source: string
  readonly toJSON: () => unknown
}

const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown }

export const writtenNumber = (source: string): WrittenNumber =>
  Object.assign(() => Number(source), { source, toJSON: () => rawJSON(source) })

export const isWritten = (value: unknown): value is WrittenNumber => typeof value === 'function'

/** Longer numbers are beyond what floats hold, too, and slow to read. */
export const MAXIMUM_DIGITS = 309

/** How the refusal of such a number ends. */
export const NO_FLOAT = ' into Go value of type float64'
export function noFloat(source: string): Error {
  const shown = source.length > MAXIMUM_DIGITS ? `${source.slice(0, MAXIMUM_DIGITS)}…` : source
  return badRequest(`json: cannot unmarshal number ${shown}${NO_FLOAT}`)
}

/** With numbers in their place; what has none of them is the same value. */
export function withPlainNumbers<T>(value: T): T {
  if (isWritten(value)) return plainNumber(value) as T
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map(withPlainNumbers)
    return items.some((item, at) => item !== value[at]) ? (items as T) : value
  }
  const entries = Object.entries(value)
  const plain = entries.map(([name, part]) => [name, withPlainNumbers(part)] as const)
  return plain.some(([, part], at) => part !== entries[at]?.[1])
    ? (Object.fromEntries(plain) as T)
    : value
}

export function plainNumber(value: WrittenNumber): number {
  const number = value()
  if (!Number.isFinite(number)) throw noFloat(value.source)
  return number
}
