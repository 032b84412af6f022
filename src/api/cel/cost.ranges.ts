/** Sizes and costs that are only known to lie between two numbers. What is larger than 64 bits hold stays at their end. */

export interface Range {
  readonly min: number
  readonly max: number
}

const END = 2 ** 64

export const UNKNOWN: Range = Object.freeze({ min: 0, max: END })
export const exactly = (value: number): Range => ({ min: value, max: value })

const capped = (value: number) => Math.min(value, END)

export const sum = (...ranges: readonly Range[]): Range => ({
  min: capped(ranges.reduce((total, { min }) => total + min, 0)),
  max: capped(ranges.reduce((total, { max }) => total + max, 0)),
})

export const product = (one: Range, other: Range): Range => ({
  min: capped(one.min * other.min),
  max: capped(one.max * other.max),
})

/** Rounded up. */
export const scaled = ({ min, max }: Range, factor: number): Range => ({
  min: capped(Math.ceil(min * factor)),
  max: capped(Math.ceil(max * factor)),
})

/** What holds both. */
export const union = (one: Range, other: Range): Range => ({
  min: Math.min(one.min, other.min),
  max: Math.max(one.max, other.max),
})
