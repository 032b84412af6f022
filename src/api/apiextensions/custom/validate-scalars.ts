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
    if (maxLength !== undefined && length > maxLength) errors.push(tooLong(path, maxLength))
    if (minLength !== undefined && length < minLength)
      errors.push(
        invalid(path, value, `${subject(path)} should be at least ${minLength} chars long`),
      )
    if (compiled && !compiled.test(value))
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
  const wrongs: ((value: number) => string | undefined)[] = [
    value =>
      multipleOf !== undefined && !isMultiple(value, multipleOf)
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
    for (const wrong of wrongs) {
      const why = wrong(Number(value))
      if (why) errors.push(invalid(path, value, `${subject(path)} should ${why}`))
    }
  }
}

function isMultiple(value: number, factor: number): boolean {
  return factor !== 0 && Number.isInteger(value / factor)
}
