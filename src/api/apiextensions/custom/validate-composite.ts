/** anyOf, oneOf, allOf and not. What the nearest alternative lacks is told together with the combination. */
import { type FieldError, invalid } from '../../machinery/field-error.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { type Check, NO_FIELD, type Place } from './check.ts'
import { looksAt } from './looks.ts'

type Compile = (schema: JsonSchemaProps) => Check

export function compositeCheck(schema: JsonSchemaProps, checkOf: Compile): Check | undefined {
  const parts = [
    anyOf(schema.anyOf ?? [], checkOf),
    oneOf(schema.oneOf ?? [], checkOf),
    allOf((schema.allOf ?? []).map(checkOf)),
    not(schema.not && checkOf(schema.not)),
  ].filter(part => part !== undefined)
  if (parts.length === 0) return undefined
  // What is unchanged may stay wrong by a schema, not by a part of one of several: the value as a whole has changed.
  return (value, { path }, errors) => {
    for (const part of parts) part(value, { path, old: undefined }, errors)
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

interface Alternatives {
  readonly schemas: readonly JsonSchemaProps[]
  readonly value: unknown
  readonly checkOf: Compile
}

/** What is wrong by the alternative that looks at most of the value, by the first of several such. */
function nearest(
  failures: readonly FieldError[][],
  { schemas, value, checkOf }: Alternatives,
): readonly FieldError[] {
  if (schemas.length === 1) return failures[0] ?? []
  const fits = (schema: JsonSchemaProps, part: unknown) => {
    const errors: FieldError[] = []
    checkOf(schema)(part, { path: '', old: undefined }, errors)
    return errors.length === 0
  }
  const counts = schemas.map(schema => looksAt(schema, value, fits))
  return failures[counts.indexOf(Math.max(...counts))] ?? []
}

function anyOf(schemas: readonly JsonSchemaProps[], checkOf: Compile): Check | undefined {
  if (schemas.length === 0) return undefined
  const checks = schemas.map(checkOf)
  return (value, place, errors) => {
    const failures = outcomes(checks, value, place)
    if (passed(failures) > 0) return
    errors.push(
      told(place, 'validate at least one schema (anyOf)'),
      ...nearest(failures, { schemas, value, checkOf }),
    )
  }
}

function oneOf(schemas: readonly JsonSchemaProps[], checkOf: Compile): Check | undefined {
  if (schemas.length === 0) return undefined
  const checks = schemas.map(checkOf)
  return (value, place, errors) => {
    const failures = outcomes(checks, value, place)
    const count = passed(failures)
    if (count === 1) return
    const found = count === 0 ? 'Found none valid' : `Found ${count} valid alternatives`
    errors.push(told(place, `validate one and only one schema (oneOf). ${found}`))
    if (count === 0) errors.push(...nearest(failures, { schemas, value, checkOf }))
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
