/** Fills absent fields of a fresh draft with the defaults of its schema, from the outside in. */
import { copyJson, isPlainObject, setKey } from '../../machinery/plain.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { fieldOf, itemsOf, someSchema } from './walk.ts'

const hasDefault = ({ default: preset }: JsonSchemaProps) => preset !== undefined && preset !== null

/** Undefined where the schema has no defaults at all, so that whole objects are passed over. */
export function defaulterOf(schema: JsonSchemaProps): ((draft: unknown) => void) | undefined {
  return someSchema(schema, hasDefault) ? draft => applyDefaults(schema, draft) : undefined
}

/** Changes the value in place. */
export function applyDefaults(schema: JsonSchemaProps | undefined, value: unknown): void {
  if (!schema || typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    const items = itemsOf(schema)
    if (!items) return
    for (const [at, item] of value.entries()) {
      if (isMissing(item, items)) value[at] = copyJson(items.default, true)
      applyDefaults(items, value[at])
    }
    return
  }
  if (!isPlainObject(value)) return
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    if (hasDefault(property) && (!Object.hasOwn(value, name) || isMissing(value[name], property)))
      setKey(value, name, copyJson(property.default, true))
  for (const [name, part] of Object.entries(value)) {
    const inner = fieldOf(schema, name)
    if (inner && isMissing(part, inner)) setKey(value, name, copyJson(inner.default, true))
    applyDefaults(inner, value[name])
  }
}

/** Null where null is no value of its own. */
function isMissing(value: unknown, schema: JsonSchemaProps): boolean {
  return value === null && schema.nullable !== true && hasDefault(schema)
}
