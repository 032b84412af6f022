/** What schemas ask of strings and numbers. */
import { invalid, tooLong } from '../../machinery/field-error.ts'
import { compilePattern } from '../../machinery/patterns.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { type Check, subject } from './check.ts'

export function stringCheck(schema: JsonSchemaProps): Check | undefined {
  const { minLength, maxLength, pattern } = schema
  if (minLength === undefined && maxLength === undefined && !pattern) return undefined
  const compiled = pattern ? compilePattern(pattern) : undefined
  return (value, { path }, errors) => {
    if (typeof value !== 'string') return
    const length = lengthOf(value)
    // Of a string only the first wrong is told, as upstream does.
    if (maxLength !== undefined && length > maxLength) errors.push(tooLong(path, maxLength))
    else if (minLength !== undefined && length < minLength)
      errors.push(
        invalid(path, value, `${subject(path)} should be at least ${minLength} chars long`),
      )
    else if (compiled && !compiled.test(value))
      errors.push(invalid(path, value, `${subject(path)} should match '${pattern}'`))
  }
}

/** In characters of Unicode, as Go counts runes. */
function lengthOf(text: string): number {
  let length = 0
  for (const _ of text) length++
  return length
}

export function numberCheck(schema: JsonSchemaProps): Check | undefined {
  const { minimum, maximum, multipleOf, exclusiveMinimum, exclusiveMaximum } = schema
  if (minimum === undefined && maximum === undefined && multipleOf === undefined) return undefined
  const mayBeMultiple = multipleOf !== undefined && multipleOf > 0
  const wrongs: ((value: number | bigint) => string | undefined)[] = [
    value =>
      mayBeMultiple && !isMultiple(value, multipleOf)
        ? `be a multiple of ${multipleOf}`
        : undefined,
    value =>
      maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)
        ? `be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`
        : undefined,
    value =>
      minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)
        ? `be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`
        : undefined,
  ]
  return (value, { path }, errors) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') return
    if (multipleOf !== undefined && !mayBeMultiple)
      errors.push(
        invalid(
          path,
          multipleOf,
          `factor MultipleOf declared for ${path} must be positive: ${multipleOf}`,
        ),
      )
    for (const wrong of wrongs) {
      const why = wrong(value)
      if (why) errors.push(invalid(path, value, `${subject(path)} should ${why}`))
    }
  }
}

function isMultiple(value: number | bigint, factor: number): boolean {
  if (typeof value === 'bigint' && Number.isInteger(factor)) return value % BigInt(factor) === 0n
  const number = Number(value)
  return isNearlyWhole(factor < 1 ? (1 / factor) * number : number / factor)
}

/** As exact as numbers are: 0.3 is a multiple of 0.1. */
function isNearlyWhole(number: number): boolean {
  const whole = Math.trunc(number)
  return Math.abs(number - whole) <= TOLERANCE * Math.abs(number + whole)
}
const TOLERANCE = 1e-9
