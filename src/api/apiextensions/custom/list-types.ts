/** Lists that are sets or are keyed must not hold the same item twice. */

import { stringifyJson } from '../../machinery/exact-json.ts'
import { duplicate, type FieldError, invalid } from '../../machinery/field-error.ts'
import { inOrderOfNames } from '../../machinery/mistakes/order.ts'
import { isPlainObject } from '../../machinery/plain.ts'
import type { JsonSchemaProps } from '../v1/json-schema-props.ts'
import { itemsOf, propertyOf, valuesOf } from './walk.ts'

export function validateListTypes(
  schema: JsonSchemaProps | undefined,
  value: unknown,
  path = '',
): FieldError[] {
  if (!schema) return []
  if (Array.isArray(value)) {
    const items = itemsOf(schema)
    const inner = items
      ? value.flatMap((item, at) => validateListTypes(items, item, `${path}[${at}]`))
      : []
    return [...wrongList(schema, value, path), ...inner]
  }
  if (!isPlainObject(value)) return []
  return Object.entries(value).flatMap(([name, part]) => {
    const property = propertyOf(schema, name)
    if (property) return validateListTypes(property, part, path === '' ? name : `${path}.${name}`)
    return validateListTypes(valuesOf(schema), part, `${path}[${name}]`)
  })
}

function wrongList(schema: JsonSchemaProps, list: readonly unknown[], path: string): FieldError[] {
  const listType = schema['x-kubernetes-list-type']
  if (listType === 'set') return duplicates(list, path)
  if (listType !== 'map') return []
  const at = list.findIndex(item => item !== null && !isPlainObject(item))
  if (at >= 0)
    return [invalid(`${path}[${at}]`, list[at], 'must be an object for an array of list-type map')]
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  return duplicates(
    list.map(item => keyOf(item, keys)),
    path,
  )
}

function keyOf(item: unknown, names: readonly string[]): Record<string, unknown> {
  if (!isPlainObject(item)) return {}
  return Object.fromEntries(
    names.filter(name => Object.hasOwn(item, name)).map(name => [name, item[name]]),
  )
}

/** The second of each kind, whatever the order of its fields; more of the same is not told again. */
function duplicates(values: readonly unknown[], path: string): FieldError[] {
  const seen = new Map<string, number>()
  const errors: FieldError[] = []
  for (const [at, value] of values.entries()) {
    const alike = inOrderOfNames(value)
    const text = stringifyJson(alike)
    const count = (seen.get(text) ?? 0) + 1
    seen.set(text, count)
    if (count === 2) errors.push(duplicate(`${path}[${at}]`, alike))
  }
  return errors
}
