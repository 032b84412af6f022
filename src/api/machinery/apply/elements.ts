/**
 * How values fall into parts that can be owned one by one, as the schema says: the fields of objects, the keys of maps, the items of keyed
 * lists and of sets. Everything else (scalars, lists and objects marked atomic) is owned as a whole.
 */
import { parseExactText, stringifyJson } from '../exact-json.ts'
import { isPlainObject } from '../plain.ts'
import { type AnySchema, fieldSchemaOf, isNullableTime } from '../schema.ts'
import { badRequest } from '../status.ts'

export interface Part {
  /** `f:name`, `k:{"name":"web"}` or `v:"value"`. */
  readonly element: string
  readonly value: unknown
  /** Undefined for what no schema describes. */
  readonly schema: AnySchema | undefined
}

/** The parts of a value, or undefined where it is owned as a whole. */
export function partsOf(schema: AnySchema | undefined, value: unknown): Part[] | undefined {
  if (schema === undefined || schema.atomic) return undefined
  if (schema.type === 'struct' && isPlainObject(value))
    return partsOfMap(value, name => fieldSchemaOf(schema.shape, name))
  if (schema.type === 'map' && isPlainObject(value)) return partsOfMap(value, () => schema.values)
  if (schema.type !== 'list' || !Array.isArray(value)) return undefined
  if (schema.listType === 'map')
    return value.map(item => ({
      element: itemElement(schema, item),
      value: item,
      schema: schema.items,
    }))
  if (schema.listType === 'set')
    return [...new Set(value.map(item => `v:${stringifyJson(item)}`))].map(element => ({
      element,
      value: parseExactText(element.slice(2)),
      schema: schema.items,
    }))
  return undefined
}

/** Times and lists that are shown though nobody set them: null is a value of its own, which somebody may own. */
const isShownAsNull = (schema: AnySchema): boolean =>
  isNullableTime(schema) ||
  (schema.type === 'list' && (schema.presence === 'always' || schema.presence === 'required'))

function partsOfMap(
  map: Readonly<Record<string, unknown>>,
  schemaOf: (name: string) => AnySchema | undefined,
): Part[] {
  const parts: Part[] = []
  for (const name of Object.keys(map)) {
    const value = map[name]
    if (value === undefined) continue
    const schema = schemaOf(name)
    if (value === null && !(schema && isShownAsNull(schema))) continue
    parts.push({ element: `f:${name}`, value, schema })
  }
  return parts
}

/** `k:{…}` with the item's key fields in alphabetical order; an absent key counts with its default. */
export function itemElement(schema: AnySchema & { type: 'list' }, item: unknown): string {
  const fields = schema.items.type === 'struct' ? schema.items.shape.fields : {}
  const keys: Record<string, unknown> = {}
  for (const name of [...(schema.listKeys ?? [])].sort()) {
    const value = isPlainObject(item) ? (item[name] ?? fields[name]?.schema.default) : undefined
    if (value !== undefined) keys[name] = value
  }
  if (Object.keys(keys).length === 0)
    throw badRequest(`an item of a list lacks its key (${schema.listKeys?.join(', ')})`)
  return `k:${stringifyJson(keys)}`
}
