/**
 * How values fall into parts that can be owned one by one, as the schema says: the fields of objects, the keys of maps, the items of keyed
 * lists and of sets. Everything else (scalars, lists and objects marked atomic) is owned as a whole.
 */
import { stringifyJson } from '../exact-json.ts'
import { isPlainObject, type PlainObject } from '../plain.ts'
import { type AnySchema, fieldSchemaOf, type ObjectShape } from '../schema.ts'
import { badRequest } from '../status.ts'

export interface Part {
  /** `f:name`, `k:{"name":"web"}` or `v:"value"`. */
  readonly element: string
  readonly value: unknown
  /** Undefined for what no schema describes. */
  readonly schema: AnySchema | undefined
}

/** How a field or a key of a map is owned. */
export interface Place {
  readonly element: string
  /** Undefined for what no schema describes. */
  readonly schema: AnySchema | undefined
}

const placesOf = new WeakMap<ObjectShape, Map<string, Place>>()

/** The place of a field; those that the shape describes are made once. */
export function placeIn(shape: ObjectShape, name: string): Place {
  let places = placesOf.get(shape)
  if (!places) {
    places = new Map()
    placesOf.set(shape, places)
  }
  const known = places.get(name)
  if (known) return known
  const place = placeOf(name, fieldSchemaOf(shape, name))
  if (Object.hasOwn(shape.fields, name)) places.set(name, place)
  return place
}

const placeOf = (name: string, schema: AnySchema | undefined): Place => ({
  element: `f:${name}`,
  schema,
})

/** Where the fields of values of this schema are by their names; undefined where they have none that can be owned one by one. */
export function placesIn(schema: AnySchema | undefined): ((name: string) => Place) | undefined {
  if (schema === undefined || schema.atomic) return undefined
  if (schema.type === 'struct') return name => placeIn(schema.shape, name)
  if (schema.type === 'map') return name => placeOf(name, schema.values)
  return undefined
}

/** The parts of a value, or undefined where it is owned as a whole. Null is a value, too, which somebody may own. */
export function partsOf(schema: AnySchema | undefined, value: unknown): Part[] | undefined {
  if (schema === undefined || schema.atomic) return undefined
  const places = placesIn(schema)
  if (places) return isPlainObject(value) ? partsOfFields(value, places) : undefined
  if (schema.type !== 'list' || !Array.isArray(value)) return undefined
  if (schema.listType === 'map')
    return value.map(item => ({
      element: itemElement(schema, item),
      value: item,
      schema: schema.items,
    }))
  if (schema.listType === 'set')
    return value.map(item => ({
      element: `v:${stringifyJson(item)}`,
      value: item,
      schema: schema.items,
    }))
  return undefined
}

function partsOfFields(object: PlainObject, placeOfName: (name: string) => Place): Part[] {
  const parts: Part[] = []
  for (const name of Object.keys(object)) {
    const value = object[name]
    if (value === undefined) continue
    const { element, schema } = placeOfName(name)
    parts.push({ element, value, schema })
  }
  return parts
}

/** Whether it is a field that the schema has a name for, and no key, item or value. */
export const isNamed = (
  schema: AnySchema | undefined,
  { element }: Pick<Part, 'element'>,
): boolean => schema?.type === 'struct' && Object.hasOwn(schema.shape.fields, element.slice(2))

interface ListKey {
  /** As it stands in an element: `"name":`. */
  readonly prefix: string
  readonly name: string
  /** What counts where the item has none. */
  readonly preset: unknown
}

const keysOfLists = new WeakMap<AnySchema, readonly ListKey[]>()

function keysOf(schema: AnySchema & { type: 'list' }): readonly ListKey[] {
  let keys = keysOfLists.get(schema)
  if (!keys) {
    keys = [...(schema.listKeys ?? [])].sort().map(name => ({
      prefix: `${JSON.stringify(name)}:`,
      name,
      preset: keyPreset(schema, name),
    }))
    keysOfLists.set(schema, keys)
  }
  return keys
}

const ZEROS: Readonly<Record<string, unknown>> = { string: '', int32: 0, int64: 0, boolean: false }

/** What a key counts as where an item lacks it: its default, or else what Go shows where nothing is set. */
export function keyPreset({ items }: AnySchema & { type: 'list' }, name: string): unknown {
  const key = items.type === 'struct' ? items.shape.fields[name]?.schema : undefined
  if (key === undefined || key.default !== undefined) return key?.default
  const isSetInGo = key.presence === 'required' || key.presence === 'always'
  return isSetInGo && !key.mayBeAbsent ? ZEROS[key.type] : undefined
}

/** `k:{…}` with the item's key fields in alphabetical order; an absent key counts with its default, and null as null. */
export function itemElement(schema: AnySchema & { type: 'list' }, item: unknown): string {
  let text = ''
  for (const { prefix, name, preset } of keysOf(schema)) {
    const told = isPlainObject(item) ? item[name] : undefined
    const value = told === undefined && isPlainObject(item) ? preset : told
    if (value !== undefined) text += `${text === '' ? '' : ','}${prefix}${stringifyJson(value)}`
  }
  if (text === '')
    throw badRequest(`an item of a list lacks its key (${schema.listKeys?.join(', ')})`)
  return `k:{${text}}`
}
