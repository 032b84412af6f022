/** Defaults must be values that the schema itself would take, and keep. */
import { type FieldError, invalid } from '../../machinery/field-error.ts'
import { validateEmbedded } from '../custom/embedded.ts'
import { prune } from '../custom/prune.ts'
import { validateValue } from '../custom/validate.ts'
import { itemsOf } from '../custom/walk.ts'
import type { JsonSchemaProps } from './json-schema-props.ts'

/** Values of maps have no defaults that could be looked at without a value. */
export function wrongDefaults(schema: JsonSchemaProps, path: string): FieldError[] {
  const { default: preset, properties = {} } = schema
  const items = itemsOf(schema)
  return [
    ...(preset === undefined || preset === null ? [] : wrongDefault(schema, `${path}.default`)),
    ...(items ? wrongDefaults(items, `${path}.items`) : []),
    ...Object.entries(properties).flatMap(([name, inner]) =>
      wrongDefaults(inner, `${path}.properties[${name}]`),
    ),
  ]
}

function wrongDefault(schema: JsonSchemaProps, field: string): FieldError[] {
  const { default: preset } = schema
  const { unknownFields } = prune(schema, preset, false)
  const unknown =
    unknownFields.length > 0 ? [invalid(field, preset, 'must not have unknown fields')] : []
  const embedded = validateEmbedded(schema, preset, field)
  return [
    ...unknown,
    ...(embedded.length > 0 ? embedded : validateValue(schema, preset, { prefix: field })),
  ]
}
