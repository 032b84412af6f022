/** Laying an applied configuration over a live object, and taking away what nobody wants any more. Pure. */
import { stringifyJson } from '../exact-json.ts'
import { isPlainObject, type PlainObject, setKey } from '../plain.ts'
import { type AnySchema, fieldSchemaOf } from '../schema.ts'
import { isNamed, itemElement, partsOf, placesIn } from './elements.ts'
import { FieldSet, LEAF } from './field-set.ts'

/** The live value with everything that the configuration says; items of keyed lists follow the configuration's order. */
export function mergeApplied(
  schema: AnySchema | undefined,
  live: unknown,
  applied: unknown,
): unknown {
  if (applied === undefined) return live
  // Of what is owned part by part, null takes nothing away.
  if (applied === null) return partsOf(schema, live)?.length ? live : null
  if (live === undefined || live === null || !partsOf(schema, applied) || !partsOf(schema, live))
    return applied
  if (schema?.type === 'list' && Array.isArray(live) && Array.isArray(applied))
    return mergeItems(schema, live, applied)
  if (!isPlainObject(live) || !isPlainObject(applied)) return applied
  const result = copy(live)
  for (const [name, value] of Object.entries(applied)) {
    const below =
      schema?.type === 'struct'
        ? fieldSchemaOf(schema.shape, name)
        : schema?.type === 'map'
          ? schema.values
          : undefined
    setKey(
      result,
      name,
      mergeApplied(below, Object.hasOwn(live, name) ? live[name] : undefined, value),
    )
  }
  return result
}

/**
 * The items of the configuration in its order. Those that only the live list has stay where they stood, as far as the
 * items that both have allow.
 */
function mergeItems(
  schema: AnySchema & { type: 'list' },
  live: readonly unknown[],
  applied: readonly unknown[],
): unknown[] {
  const elementOf = (item: unknown) =>
    schema.listType === 'map' ? itemElement(schema, item) : `v:${stringifyJson(item)}`
  const liveElements = live.map(elementOf)
  const appliedElements = applied.map(elementOf)
  const shared = appliedElements.filter(element => liveElements.includes(element))
  const result: unknown[] = []
  let next = 0
  for (const [at, item] of applied.entries()) {
    const element = appliedElements[at] ?? ''
    for (; next < live.length; next++) {
      const standing = liveElements[next] ?? ''
      if (!appliedElements.includes(standing)) result.push(live[next])
      // Both have it, and it comes when the configuration comes to it.
      else if (standing === shared[0]) break
    }
    if (element === shared[0]) shared.shift()
    if (element === liveElements[next]) next++
    // Which of several items it would be merged with, nothing tells: it takes the place of all.
    const first = liveElements.indexOf(element)
    const before = first === liveElements.lastIndexOf(element) ? live[first] : undefined
    result.push(schema.listType === 'map' ? mergeApplied(schema.items, before, item) : item)
  }
  for (; next < live.length; next++)
    if (!appliedElements.includes(liveElements[next] ?? '')) result.push(live[next])
  return result
}

/** The value without the members of `gone` and all that is in them. What loses its last part is null then, and not empty. */
export function withoutMembers(
  schema: AnySchema | undefined,
  value: unknown,
  gone: FieldSet,
): unknown {
  const parts = partsOf(schema, value)
  if (!parts) return value
  const keys = keysOf(schema)
  const kept = parts.flatMap(part => {
    const below = gone.children.get(part.element)
    if (!below) return [part]
    if (below.member) return []
    // An item that stays keeps its keys, whoever set them: without them it could not be told apart any more.
    const leaving = keys ? below.difference(keys) : below
    if (leaving.isEmpty) return [part]
    return [{ ...part, value: withoutMembers(part.schema, part.value, leaving) }]
  })
  if (kept.length === 0) return null
  if (Array.isArray(value)) return kept.map(part => part.value)
  const result: PlainObject = {}
  for (const part of kept) setKey(result, part.element.slice(2), part.value)
  return result
}

/** With the fields that the schema names and that only lead to members as members themselves. */
export function withNamed(schema: AnySchema | undefined, set: FieldSet): FieldSet {
  if (set.children.size === 0 || !schema) return set
  const result = new FieldSet()
  result.member = set.member
  for (const [element, child] of set.children) {
    const all = withNamed(schemaBelow(schema, element), child)
    result.put(element, isNamed(schema, { element }) ? all.union(LEAF) : all)
  }
  return result
}

function schemaBelow(schema: AnySchema, element: string): AnySchema | undefined {
  if (schema.type === 'list') return schema.items
  return placesIn(schema)?.(element.slice(2)).schema
}

function keysOf(schema: AnySchema | undefined): FieldSet | undefined {
  if (schema?.type !== 'list' || schema.listType !== 'map') return undefined
  return FieldSet.fromJson(
    Object.fromEntries((schema.listKeys ?? []).map(name => [`f:${name}`, {}])),
  )
}

function copy(object: PlainObject): PlainObject {
  const result: PlainObject = {}
  for (const [key, value] of Object.entries(object)) setKey(result, key, value)
  return result
}
