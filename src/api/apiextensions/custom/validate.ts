/**
 * Whether a value is what its schema says, with upstream's messages. A schema is compiled once into checks; on an update,
 * what has not changed is not complained about, so that a stricter schema does not lock old objects up.
 */
import { stringifyJson } from '../../machinery/exact-json.ts'
import {
  type FieldError,
  invalid,
  notSupported,
  required,
  tooMany,
} from '../../machinery/field-error.ts'
import { equal } from '../../machinery/patch/json-patch.ts'
import { isPlainObject, type PlainObject } from '../../machinery/plain.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { below, type Check, NO_FIELD, type Place, subject } from './check.ts'
import { formatNamed, isKnownFormat } from './formats.ts'
import { compositeCheck } from './validate-composite.ts'
import { numberCheck, stringCheck } from './validate-scalars.ts'
import { itemsOf, TYPES, valuesOf } from './walk.ts'

const checks = new WeakMap<JsonSchemaProps, Check>()

/** Throws where a pattern cannot be compiled. */
export function checkOf(schema: JsonSchemaProps): Check {
  let check = checks.get(schema)
  if (!check) {
    check = compile(schema)
    checks.set(schema, check)
  }
  return check
}

/** All that is wrong with the value. `prefix` is the path of the value in its object, where it is only a part. */
export function validateValue(
  schema: JsonSchemaProps,
  value: unknown,
  { old, prefix = '' }: { old?: unknown; prefix?: string } = {},
): FieldError[] {
  const errors: FieldError[] = []
  checkOf(schema)(value, { path: '', old }, errors)
  return distinct(errors).map(error => ({ ...error, field: fieldIn(prefix, error.field) }))
}

/** What several schemas of an allOf say alike is told once. */
function distinct(errors: readonly FieldError[]): readonly FieldError[] {
  if (errors.length < 2) return errors
  return [...new Map(errors.map(error => [JSON.stringify(error), error])).values()]
}

function fieldIn(prefix: string, field: string): string {
  const own = field.replace(/^\./, '')
  if (prefix === '') return own
  return own === NO_FIELD || own === '' ? prefix : `${prefix}.${own}`
}

function compile(schema: JsonSchemaProps): Check {
  const parts = [
    typeCheck(schema),
    compositeCheck(schema, checkOf),
    stringCheck(schema),
    formatCheck(schema),
    numberFormatCheck(schema),
    numberCheck(schema),
    listCheck(schema),
    enumCheck(schema),
    objectCheck(schema),
  ].filter(part => part !== undefined)
  const ofNull = [typeCheck(schema), enumCheck(schema)].filter(part => part !== undefined)
  return (value, place, errors) => {
    if (place.old !== undefined && equal(value, place.old)) return
    for (const part of value === null ? ofNull : parts) part(value, place, errors)
  }
}

/** The type of a JSON value in the words of schemas. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'bigint') return 'integer'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function typesOf(schema: JsonSchemaProps): readonly string[] {
  if (schema['x-kubernetes-int-or-string']) return ['integer', 'string']
  return schema.type ? [schema.type] : []
}

/** Of the type of errors, which is shown like an invalid value. */
const wrongType = (path: string, wanted: string, shown: string): FieldError => ({
  ...invalid(path, shown, `${subject(path)} must be of type ${wanted}: ${stringifyJson(shown)}`),
  type: 'FieldValueTypeInvalid',
})

function typeCheck(schema: JsonSchemaProps): Check | undefined {
  const types = typesOf(schema)
  if (types.length === 0) return undefined
  const { format = '' } = schema
  const hasFormat = types.length === 1 && hasKnownFormat(schema)
  return (value, { path }, errors) => {
    const found = typeOf(value)
    if (found === 'null' && schema.nullable) return
    if (types.includes(found) || (found === 'integer' && types.includes('number'))) return
    // Of what has a format, upstream misses the format before the type.
    const wrongFormat = hasFormat ? FORMATS_OF_VALUES[found] : undefined
    errors.push(
      wrongFormat === undefined || wrongFormat === format
        ? wrongType(path, types.join(','), found)
        : wrongType(path, format, wrongFormat),
    )
  }
}

/** By the types of Go that values are read into. Texts and lists have none. */
const FORMATS_OF_VALUES: Readonly<Record<string, string>> = {
  boolean: '',
  object: '',
  integer: 'int64',
  number: 'float64',
}

/** Formats of types that there are not are never looked up. */
const hasKnownFormat = ({ format, type = '' }: JsonSchemaProps) =>
  Boolean(format) && (!TYPES.includes(type) || isKnownFormat(format ?? '', type))

/** Upstream tells of numbers that do not fit by no field. */
function numberFormatCheck({ format = '', type = '' }: JsonSchemaProps): Check | undefined {
  const fits = NUMBER_FORMATS[`${type} ${format}`] ?? NUMBER_FORMATS[type]
  if (!fits) return undefined
  const isOwn = `${type} ${format}` in NUMBER_FORMATS
  const wanted = `${type} ${isOwn ? `with format ${format}` : '(default format)'}`
  return (value, { path }, errors) => {
    if (typeof value === 'number' && !fits(value))
      errors.push(invalid(NO_FIELD, '', `Checked value must be of type ${wanted} in ${path}`))
  }
}

const isWhole = (value: number) => Number.isInteger(value)
const NUMBER_FORMATS: Readonly<Record<string, (value: number) => boolean>> = {
  integer: isWhole,
  'integer int64': isWhole,
  'integer int32': value => isWhole(value) && value === (value | 0),
  'number float': value => Math.abs(value) <= MAXIMUM_FLOAT,
}
const MAXIMUM_FLOAT = 3.4028234663852886e38

function formatCheck({ format, type }: JsonSchemaProps): Check | undefined {
  if (!format || !isKnownFormat(format, type)) return undefined
  const test = formatNamed(format)
  if (!test) return undefined
  return (value, { path }, errors) => {
    if (typeof value === 'string' && !test(value)) errors.push(wrongType(path, format, value))
  }
}

function enumCheck({ enum: allowed }: JsonSchemaProps): Check | undefined {
  if (!allowed || allowed.length === 0) return undefined
  const texts = allowed.map(each => (typeof each === 'string' ? each : stringifyJson(each)))
  return (value, { path }, errors) => {
    if (!allowed.some(each => equal(each, asOneOf(each, value))))
      errors.push(notSupported(path, value, texts))
  }
}

/** Upstream makes of a number what Go makes of it in the type of what it may be: without its fraction, or the letter of this number. */
function asOneOf(allowed: unknown, value: unknown): unknown {
  if (typeof value !== 'number' || value === allowed) return value
  if (typeof allowed === 'number' && Number.isInteger(allowed)) return Math.trunc(value) + 0
  if (typeof allowed !== 'string' || !Number.isInteger(value)) return value
  const isLetter = value >= 0 && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff)
  return isLetter ? String.fromCodePoint(value) : '\ufffd'
}

function listCheck(schema: JsonSchemaProps): Check | undefined {
  const { minItems, maxItems } = schema
  const items = itemsOf(schema)
  const checkItem = items && checkOf(items)
  const keys =
    schema['x-kubernetes-list-type'] === 'map' ? schema['x-kubernetes-list-map-keys'] : undefined
  if (!checkItem && minItems === undefined && maxItems === undefined) return undefined
  return (value, { path, old }, errors) => {
    if (!Array.isArray(value)) return
    const before = keys && Array.isArray(old) ? old : []
    if (checkItem)
      for (const [at, item] of value.entries())
        checkItem(item, { path: `${path}[${at}]`, old: sameItem(before, item, keys ?? []) }, errors)
    if (minItems !== undefined && value.length < minItems)
      errors.push(
        invalid(path, value.length, `${subject(path)} should have at least ${minItems} items`),
      )
    if (maxItems !== undefined && value.length > maxItems)
      errors.push(tooMany(path, value.length, maxItems))
  }
}

/** What a keyed list held under the same key before. */
function sameItem(before: readonly unknown[], item: unknown, keys: readonly string[]): unknown {
  if (!isPlainObject(item)) return undefined
  return before.find(old => isPlainObject(old) && keys.every(key => equal(old[key], item[key])))
}

function objectCheck(schema: JsonSchemaProps): Check | undefined {
  const { minProperties, maxProperties, required: needed = [] } = schema
  const properties = new Map(
    Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, checkOf(inner)]),
  )
  const values = valuesOf(schema)
  const checkValue = values && checkOf(values)
  const within = (value: PlainObject, { path, old }: Place, errors: FieldError[]) => {
    const before = isPlainObject(old) ? old : {}
    for (const [name, part] of Object.entries(value)) {
      const check = properties.get(name) ?? checkValue
      const isField = properties.has(name)
      const place = {
        // Values of a map stand behind a dot also where nothing is before it.
        path: isField ? below(path, name) : `${path}.${name}`,
        old: Object.hasOwn(before, name) ? before[name] : undefined,
      }
      check?.(part, place, errors)
    }
  }
  return (value, place, errors) => {
    if (!isPlainObject(value)) return
    const { path } = place
    const count = Object.keys(value).length
    if (minProperties !== undefined && count < minProperties) {
      errors.push(
        invalid(path, count, `${subject(path)} should have at least ${minProperties} properties`),
      )
    }
    if (maxProperties !== undefined && count > maxProperties) {
      errors.push(tooMany(path, count, maxProperties))
    }
    for (const name of needed)
      if (!Object.hasOwn(value, name)) errors.push(required(below(path, name)))
    within(value, place, errors)
  }
}
