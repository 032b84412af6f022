/** anyOf, oneOf, allOf and not. What the first alternative lacks is told together with the combination. */
import { type FieldError, invalid } from '../../machinery/field-error.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { type Check, NO_FIELD, type Place } from './check.ts'

type Compile = (schema: JsonSchemaProps) => Check

export function compositeCheck(schema: JsonSchemaProps, checkOf: Compile): Check | undefined {
  const parts = [
    anyOf((schema.anyOf ?? []).map(checkOf)),
    oneOf((schema.oneOf ?? []).map(checkOf)),
    allOf((schema.allOf ?? []).map(checkOf)),
    not(schema.not && checkOf(schema.not)),
  ].filter(part => part !== undefined)
  if (parts.length === 0) return undefined
  return (value, place, errors) => {
    for (const part of parts) part(value, place, errors)
  }
}

const told = ({ path }: Place, why: string): FieldError =>
  invalid(NO_FIELD, '', `${JSON.stringify(path)} must ${why}`)

function outcomes(checks: readonly Check[], value: unknown, place: Place): FieldError[][] {
  return checks.map(check => {
    const errors: FieldError[] = []
    check(value, place, errors)
    return errors
  })
}

const passed = (failures: readonly FieldError[][]) =>
  failures.filter(errors => errors.length === 0).length

function allOf(checks: readonly Check[]): Check | undefined {
  if (checks.length === 0) return undefined
  return (value, place, errors) => {
    const failures = outcomes(checks, value, place)
    const count = passed(failures)
    if (count === checks.length) return
    for (const failure of failures) errors.push(...failure)
    const none = count === 0 ? '. None validated' : ''
    errors.push(told(place, `validate all the schemas (allOf)${none}`))
  }
}

function anyOf(checks: readonly Check[]): Check | undefined {
  if (checks.length === 0) return undefined
  return (value, place, errors) => {
    const failures = outcomes(checks, value, place)
    if (passed(failures) > 0) return
    errors.push(told(place, 'validate at least one schema (anyOf)'), ...(failures[0] ?? []))
  }
}

function oneOf(checks: readonly Check[]): Check | undefined {
  if (checks.length === 0) return undefined
  return (value, place, errors) => {
    const failures = outcomes(checks, value, place)
    const count = passed(failures)
    if (count === 1) return
    const found = count === 0 ? 'Found none valid' : `Found ${count} valid alternatives`
    errors.push(told(place, `validate one and only one schema (oneOf). ${found}`))
    if (count === 0) errors.push(...(failures[0] ?? []))
  }
}

function not(check: Check | undefined): Check | undefined {
  if (!check) return undefined
  return (value, place, errors) => {
    const inner: FieldError[] = []
    check(value, place, inner)
    if (inner.length === 0) errors.push(told(place, 'not validate the schema (not)'))
  }
}
