/** What makes a schema structural: every value has one type, said outside of allOf, anyOf, oneOf and not. */

import { messageOf } from '#base/errors.ts'
import { type FieldError, forbidden, invalid, required } from '../../machinery/field-error.ts'
import { equal } from '../../machinery/patch/json-patch.ts'
import { compilePattern } from '../../machinery/patterns.ts'
import { itemsOf, propertyOf } from '../custom/walk.ts'
import type { JsonSchemaProps } from './json-schema-props.ts'

type Level = 'root' | 'item' | 'field'

export function wrongStructure(schema: JsonSchemaProps, path: string): FieldError[] {
  const errors = [
    ...wrongInvariants(schema, 'root', path),
    ...incomplete(schema, schema, path, path),
  ]
  const text = ({ field, message }: FieldError) => `${field}: ${message}`
  return errors.sort((a, b) => (text(a) < text(b) ? -1 : 1))
}

function wrongInvariants(schema: JsonSchemaProps, level: Level, path: string): FieldError[] {
  const items = itemsOf(schema)
  const { additionalProperties: values, properties = {} } = schema
  const errors: FieldError[] = []
  if (schema.type === 'array' && !items) errors.push(required(`${path}.items`, 'must be specified'))
  if (items) errors.push(...wrongInvariants(items, 'item', `${path}.items`))
  for (const [name, inner] of Object.entries(properties))
    errors.push(...wrongInvariants(inner, 'field', `${path}.properties[${name}]`))
  if (values !== undefined && level === 'root')
    errors.push(forbidden(`${path}.additionalProperties`, 'must not be used at the root'))
  if (typeof values === 'object')
    errors.push(...wrongInvariants(values, 'field', `${path}.additionalProperties`))
  return [
    ...errors,
    ...wrongCombinations(schema, path),
    ...wrongMarks(schema, path),
    ...wrongType(schema, level, path),
    ...wrongMetaFields(schema, level, path),
  ]
}

function wrongMarks(schema: JsonSchemaProps, path: string): FieldError[] {
  if (!schema['x-kubernetes-int-or-string']) return []
  return (['preserve-unknown-fields', 'embedded-resource'] as const)
    .filter(mark => schema[`x-kubernetes-${mark}`])
    .map(mark =>
      invalid(
        `${path}.x-kubernetes-${mark}`,
        true,
        'must be false if x-kubernetes-int-or-string is true',
      ),
    )
}

const EMPTY_TYPES: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

function wrongType(schema: JsonSchemaProps, level: Level, path: string): FieldError[] {
  const { type = '' } = schema
  const field = `${path}.type`
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true
  const errors: FieldError[] = []
  if (isEmbedded && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true'
    errors.push(type === '' ? required(field, why) : invalid(field, type, why))
  } else if (type === '' && !schema['x-kubernetes-int-or-string'] && !isOpen)
    errors.push(required(field, EMPTY_TYPES[level]))
  if (isEmbedded && schema.additionalProperties !== undefined)
    errors.push(
      forbidden(
        `${path}.additionalProperties`,
        'must not be used if x-kubernetes-embedded-resource is set',
      ),
    )
  if (level === 'root' && type !== '' && type !== 'object')
    errors.push(invalid(field, type, 'must be object at the root'))
  if (isEmbedded && !isOpen && Object.keys(schema.properties ?? {}).length === 0)
    errors.push(
      required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    )
  return errors
}

/** apiVersion, kind and metadata are what they are everywhere; a schema may narrow names, at the root. */
function wrongMetaFields(schema: JsonSchemaProps, level: Level, path: string): FieldError[] {
  const isResource = level === 'root' || schema['x-kubernetes-embedded-resource'] === true
  const errors: FieldError[] = []
  for (const name of ['kind', 'apiVersion']) {
    const property = propertyOf(schema, name)
    if (isResource && property && property.type !== 'string')
      errors.push(
        invalid(`${path}.properties[${name}].type`, property.type ?? '', 'must be string'),
      )
  }
  const metadata = propertyOf(schema, 'metadata')
  if (!metadata) return errors
  const field = `${path}.properties[metadata]`
  if (isResource && metadata.type !== 'object')
    errors.push(invalid(`${field}.type`, metadata.type ?? '', 'must be object'))
  if (level === 'root' && !narrowsNamesAlone(metadata))
    errors.push(
      forbidden(
        field,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    )
  return errors
}

function narrowsNamesAlone({ properties = {}, type: _, default: __, ...rest }: JsonSchemaProps) {
  const names = Object.keys(properties)
  return (
    Object.keys(rest).length === 0 &&
    names.every(name => name === 'name' || name === 'generateName')
  )
}

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }]
const isIntOrString = (anyOf: unknown) => equal(anyOf, INT_OR_STRING)

/** `exempt` combinations spell out what int-or-string means, in the one way that is allowed. */
function wrongCombinations(
  schema: JsonSchemaProps,
  path: string,
  exempt = {
    anyOf: isIntOrString(schema.anyOf),
    allOf: isIntOrString(schema.allOf?.[0]?.anyOf),
  },
): FieldError[] {
  const errors: FieldError[] = []
  if (!exempt.anyOf)
    for (const [at, inner] of (schema.anyOf ?? []).entries())
      errors.push(...wrongNested(inner, `${path}.anyOf[${at}]`))
  for (const [at, inner] of (schema.allOf ?? []).entries())
    errors.push(...wrongNested(inner, `${path}.allOf[${at}]`, exempt.allOf && at === 0))
  for (const [at, inner] of (schema.oneOf ?? []).entries())
    errors.push(...wrongNested(inner, `${path}.oneOf[${at}]`))
  if (schema.not) errors.push(...wrongNested(schema.not, `${path}.not`))
  const why = schema.pattern ? wrongPattern(schema.pattern) : undefined
  if (why)
    errors.push(
      invalid(
        `${path}.pattern`,
        schema.pattern,
        `must be a valid regular expression, but isn't: ${why}`,
      ),
    )
  return errors
}

function wrongPattern(pattern: string): string | undefined {
  try {
    compilePattern(pattern)
    return undefined
  } catch (thrown) {
    return messageOf(thrown)
  }
}

/** What a narrowing schema may not say, with what upstream asks instead. */
const FORBIDDEN: readonly (readonly [keyof JsonSchemaProps, string])[] = [
  ['type', 'empty'],
  ['additionalProperties', 'undefined'],
  ['default', 'undefined'],
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
]

function wrongNested(schema: JsonSchemaProps, path: string, isExempt = false): FieldError[] {
  const errors = wrongCombinations(schema, path, { anyOf: isExempt, allOf: false })
  const items = itemsOf(schema)
  if (items) errors.push(...wrongNested(items, `${path}.items`))
  for (const [name, inner] of Object.entries(schema.properties ?? {}))
    errors.push(...wrongNested(inner, `${path}.properties[${name}]`))
  for (const [part, instead] of FORBIDDEN) {
    const value = schema[part]
    const isSaid = Array.isArray(value) ? value.length > 0 : Boolean(value)
    const isDefault = part === 'default' && value !== undefined && value !== null
    if (isSaid || isDefault)
      errors.push(forbidden(`${path}.${part}`, `must be ${instead} to be structural`))
  }
  if (propertyOf(schema, 'metadata'))
    errors.push(
      forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context'),
    )
  return errors
}

/** Whatever a narrowing schema speaks of must be there in the structure, too. */
function incomplete(
  narrowing: JsonSchemaProps,
  structure: JsonSchemaProps,
  structurePath: string,
  path: string,
): FieldError[] {
  const { not, allOf = [], anyOf = [], oneOf = [] } = narrowing
  const within = (inner: JsonSchemaProps, place: string) =>
    incompleteParts(inner, structure, structurePath, place)
  return [
    ...(not ? within(not, `${path}.not`) : []),
    ...allOf.flatMap((inner, at) => within(inner, `${path}.allOf[${at}]`)),
    ...anyOf.flatMap((inner, at) => within(inner, `${path}.anyOf[${at}]`)),
    ...oneOf.flatMap((inner, at) => within(inner, `${path}.oneOf[${at}]`)),
  ]
}

function incompleteParts(
  narrowing: JsonSchemaProps,
  structure: JsonSchemaProps,
  structurePath: string,
  path: string,
): FieldError[] {
  const part = (inner: JsonSchemaProps, found: JsonSchemaProps | undefined, place: string) =>
    found
      ? incompleteParts(inner, found, `${structurePath}${place}`, `${path}${place}`)
      : [required(`${structurePath}${place}`, `because it is defined in ${path}${place}`)]
  const items = itemsOf(narrowing)
  return [
    ...incomplete(narrowing, structure, structurePath, path),
    ...(items ? part(items, itemsOf(structure), '.items') : []),
    ...Object.entries(narrowing.properties ?? {}).flatMap(([name, inner]) =>
      part(inner, propertyOf(structure, name), `.properties[${name}]`),
    ),
  ]
}
