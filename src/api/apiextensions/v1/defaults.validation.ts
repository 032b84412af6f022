/** Defaults must be values that the schema itself would take, and keep. */
import { type FieldError, invalid } from '../../machinery/field-error.ts'
import { wrongValueByRules } from '../custom/cel-rules.ts'
import { validateEmbedded } from '../custom/embedded.ts'
import { prune } from '../custom/prune.ts'
import { validateValue } from '../custom/validate.ts'
import { itemsOf } from '../custom/walk.ts'
import type { JsonSchemaProps } from './json-schema-props.ts'

/** Of a whole schema. Values of maps have no defaults that could be looked at without a value. */
export function wrongDefaults(schema: JsonSchemaProps, path: string): FieldError[] {
  // What metadata may hold is known without a schema, and its defaults are forbidden elsewhere.
  const { metadata: _, ...properties } = schema.properties ?? {}
  return defaultsWithin({ ...schema, ...AS_RESOURCE, properties }, path)
}
const AS_RESOURCE = { 'x-kubernetes-embedded-resource': true }

function defaultsWithin(schema: JsonSchemaProps, path: string): FieldError[] {
  const { default: preset, properties = {} } = schema
  const items = itemsOf(schema)
  return [
    ...(preset === undefined || preset === null ? [] : wrongDefault(schema, `${path}.default`)),
    ...(items ? defaultsWithin(items, `${path}.items`) : []),
    ...Object.entries(properties).flatMap(([name, inner]) =>
      defaultsWithin(inner, `${path}.properties[${name}]`),
    ),
  ]
}

function wrongDefault(schema: JsonSchemaProps, field: string): FieldError[] {
  const { default: preset } = schema
  const { unknownFields } = prune(schema, preset, { isResource: false })
  const unknown =
    unknownFields.length > 0 ? [invalid(field, preset, 'must not have unknown fields')] : []
  const embedded = validateEmbedded(schema, preset, field)
  const wrong = embedded.length > 0 ? embedded : wrongValue(schema, preset, field)
  return [...unknown, ...(wrong.length > 0 ? wrong : wrongByItsRules(schema, preset, field))]
}

/** Of what may be a number or a text, upstream does not mind other types in defaults, but for what else the schema says. */
const wrongValue = (schema: JsonSchemaProps, preset: unknown, field: string) =>
  validateValue(schema, preset, { prefix: field }).filter(
    ({ type, message }) => type !== 'FieldValueTypeInvalid' || !EITHER.test(message),
  )
const EITHER = / must be of type integer,string: /

/** Rules that are wrong themselves are told of elsewhere. */
function wrongByItsRules(schema: JsonSchemaProps, preset: unknown, field: string): FieldError[] {
  return wrongValueByRules(schema, preset, field).filter(
    ({ message }) => !/ compile error: /.test(message),
  )
}
