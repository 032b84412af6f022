/** How x-kubernetes-list-type, its keys and x-kubernetes-map-type have to be used. */
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../machinery/field-error.ts'
import { itemsOf, propertyOf } from '../custom/walk.ts'
import type { JsonSchemaProps } from './json-schema-props.ts'

const LIST_TYPE = 'x-kubernetes-list-type'
const LIST_KEYS = 'x-kubernetes-list-map-keys'
const MAP_TYPE = 'x-kubernetes-map-type'

function wrongTypeFor(
  { type = '' }: JsonSchemaProps,
  wanted: string,
  path: string,
  extension: string,
): FieldError[] {
  if (type === wanted) return []
  const why = `must be ${wanted} if ${extension} is specified`
  return [type === '' ? required(`${path}.type`, why) : invalid(`${path}.type`, type, why)]
}

export function wrongMapType(schema: JsonSchemaProps, path: string): FieldError[] {
  const mapType = schema[MAP_TYPE]
  if (mapType === undefined) return []
  return [
    ...wrongTypeFor(schema, 'object', path, MAP_TYPE),
    ...(['atomic', 'granular'].includes(mapType)
      ? []
      : [notSupported(`${path}.${MAP_TYPE}`, mapType, ['atomic', 'granular'])]),
  ]
}

export function wrongListType(schema: JsonSchemaProps, path: string): FieldError[] {
  const listType = schema[LIST_TYPE]
  const keys = schema[LIST_KEYS] ?? []
  const errors: FieldError[] = []
  if (listType !== undefined) {
    const wrong = wrongTypeFor(schema, 'array', path, LIST_TYPE)
    errors.push(...(wrong.length > 0 ? wrong : wrongSetItems(schema, path)))
    if (!['atomic', 'set', 'map'].includes(listType))
      errors.push(notSupported(`${path}.${LIST_TYPE}`, listType, ['atomic', 'set', 'map']))
  }
  if (keys.length > 0 && listType !== 'map') {
    const why = `must be map if ${LIST_KEYS} is non-empty`
    const field = `${path}.${LIST_TYPE}`
    errors.push(listType === undefined ? required(field, why) : invalid(field, listType, why))
  }
  if (listType === 'map') errors.push(...wrongMapItems(schema, path))
  errors.push(...wrongNulls(schema, path))
  return errors
}

/** Items of a set are compared as a whole, so nobody may own a part of one. */
function wrongSetItems(schema: JsonSchemaProps, path: string): FieldError[] {
  const items = itemsOf(schema)
  if (schema[LIST_TYPE] !== 'set' || !items) return []
  const why = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  const itemType = items[LIST_TYPE]
  if (items.type === 'array' && itemType !== undefined && itemType !== 'atomic')
    return [invalid(`${path}.items.${LIST_TYPE}`, itemType, why)]
  if (items.type === 'object' && items[MAP_TYPE] !== 'atomic')
    return [invalid(`${path}.items.${MAP_TYPE}`, items[LIST_TYPE], why)]
  return []
}

function wrongMapItems(schema: JsonSchemaProps, path: string): FieldError[] {
  const keys = schema[LIST_KEYS] ?? []
  const items = itemsOf(schema)
  const errors: FieldError[] = []
  if (keys.length === 0)
    errors.push(required(`${path}.${LIST_KEYS}`, `must not be empty if ${LIST_TYPE} is map`))
  if (schema.items === undefined)
    errors.push(required(`${path}.items`, `must have a schema if ${LIST_TYPE} is map`))
  else if (!items)
    errors.push(
      invalid(
        `${path}.items`,
        schema.items,
        `must only have a single schema if ${LIST_TYPE} is map`,
      ),
    )
  if (!items) return errors
  if (items.type !== 'object')
    return [
      ...errors,
      invalid(
        `${path}.items.type`,
        items.type ?? '',
        `must be object if parent array's ${LIST_TYPE} is map`,
      ),
    ]
  return [...errors, ...keys.flatMap((key, at) => wrongKey({ key, at, keys, items }, path))]
}

function wrongKey(
  { key, at, keys, items }: { key: string; at: number; keys: string[]; items: JsonSchemaProps },
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  const property = propertyOf(items, key)
  if (!property)
    errors.push(
      invalid(`${path}.${LIST_KEYS}`, keys, 'entries must all be names of item properties'),
    )
  else if (property.type === 'array' || property.type === 'object')
    errors.push(
      invalid(
        `${path}.items.properties[${key}].type`,
        items.type,
        `must be a scalar type if parent array's ${LIST_TYPE} is map`,
      ),
    )
  if (keys.indexOf(key) < at)
    errors.push(invalid(`${path}.${LIST_KEYS}`, keys, 'must not contain duplicate entries'))
  return errors
}

/** Keys must always be there, one way or another. */
function wrongNulls(schema: JsonSchemaProps, path: string): FieldError[] {
  const listType = schema[LIST_TYPE]
  const items = itemsOf(schema)
  if (!items || (listType !== 'set' && listType !== 'map')) return []
  const errors: FieldError[] = []
  if (items.nullable)
    errors.push(
      forbidden(`${path}.items.nullable`, `cannot be nullable when ${LIST_TYPE} is ${listType}`),
    )
  if (listType === 'set') return errors
  for (const key of schema[LIST_KEYS] ?? []) {
    const property = propertyOf(items, key)
    if (!property) continue
    const field = `${path}.items.properties[${key}]`
    const isGiven = property.default !== undefined && property.default !== null
    if (!items.required?.includes(key) && !isGiven)
      errors.push(
        required(
          `${field}.default`,
          `this property is in ${LIST_KEYS}, so it must have a default or be a required property`,
        ),
      )
    if (property.nullable)
      errors.push(
        forbidden(
          `${field}.nullable`,
          `this property is in ${LIST_KEYS}, so it cannot be nullable`,
        ),
      )
  }
  return errors
}
