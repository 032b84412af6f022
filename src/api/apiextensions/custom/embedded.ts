/** Whole objects inside of objects: their metadata is read and checked as that of any object. */
import { decodeShape } from '../../machinery/decode.ts'
import { type FieldError, invalid, required } from '../../machinery/field-error.ts'
import { defineKind } from '../../machinery/kind.ts'
import { type ObjectMeta, objectMeta } from '../../machinery/metadata.ts'
import { isDns1035Label } from '../../machinery/names.ts'
import { isPlainObject, type PlainObject } from '../../machinery/plain.ts'
import { isStatus } from '../../machinery/status.ts'
import { validateMetadata } from '../../machinery/validate-metadata.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { fieldOf, itemsOf } from './walk.ts'

/** Metadata in canonical form. Throws BadRequest where a field has the wrong type. */
export function coerceMetadata(
  raw: PlainObject,
  path: string,
): { metadata: PlainObject; unknownFields: string[] } {
  const { value, unknownFields } = decodeShape(objectMeta, raw, path)
  return { metadata: value, unknownFields }
}

/** What is wrong with the embedded objects of a value. */
export function validateEmbedded(
  schema: JsonSchemaProps | undefined,
  value: unknown,
  path: string,
): FieldError[] {
  if (!schema) return []
  if (Array.isArray(value))
    return value.flatMap((item, at) => validateEmbedded(itemsOf(schema), item, `${path}[${at}]`))
  if (!isPlainObject(value)) return []
  const own = schema['x-kubernetes-embedded-resource'] ? wrongResource(value, path) : []
  const inner = Object.entries(value).flatMap(([name, part]) =>
    validateEmbedded(fieldOf(schema, name), part, path === '' ? name : `${path}.${name}`),
  )
  return [...own, ...inner]
}

const below = (path: string, name: string) => (path === '' ? name : `${path}.${name}`)

function wrongResource(value: PlainObject, path: string): FieldError[] {
  const { apiVersion, kind, metadata } = value
  return [
    ...wrongTypeField(apiVersion, below(path, 'apiVersion'), wrongApiVersion),
    ...wrongTypeField(kind, below(path, 'kind'), wrongKind),
    ...(metadata === undefined ? [] : wrongMetadata(metadata, below(path, 'metadata'))),
  ]
}

function wrongTypeField(
  value: unknown,
  field: string,
  wrong: (text: string) => string | undefined,
): FieldError[] {
  if (value === undefined) return [required(field)]
  if (typeof value !== 'string') return [invalid(field, value, 'must be a string')]
  if (value === '') return [invalid(field, value, 'must not be empty')]
  const why = wrong(value)
  return why === undefined ? [] : [invalid(field, value, why)]
}

function wrongApiVersion(text: string): string | undefined {
  return text.split('/').length > 2 ? `unexpected GroupVersion string: ${text}` : undefined
}

function wrongKind(text: string): string | undefined {
  const why = isDns1035Label(text.toLowerCase())
  return why.length === 0
    ? undefined
    : `may have mixed case, but should otherwise match: ${why.join(',')}`
}

const placeholder = {
  group: '',
  version: 'v1',
  kind: 'Embedded',
  plural: 'embedded',
  shape: { name: '', doc: '', fields: {} },
  nameRule: 'pathSegment',
} as const
const namespaced = defineKind({ ...placeholder, scope: 'Namespaced' })
const clusterScoped = defineKind({ ...placeholder, scope: 'Cluster' })

function wrongMetadata(raw: unknown, field: string): FieldError[] {
  if (!isPlainObject(raw)) return [invalid(field, raw, 'must be an object')]
  let metadata: ObjectMeta
  try {
    metadata = coerceMetadata(raw, field).metadata as ObjectMeta
  } catch (thrown) {
    if (!isStatus(thrown, 'BadRequest')) throw thrown
    return [invalid(field, raw, thrown.message)]
  }
  // An embedded object needs no name, and may be of either scope.
  const object = { apiVersion: 'v1', kind: 'Embedded', metadata: { name: 'fakename', ...metadata } }
  const errors = validateMetadata(metadata.namespace ? namespaced : clusterScoped, object)
  return errors.map(error => ({ ...error, field: error.field.replace(/^metadata/, field) }))
}
