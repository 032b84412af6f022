/** Laying an applied configuration over a live object, and taking away what nobody wants any more. Pure. */
import { stringifyJson } from '../exact-json.ts'
import { isPlainObject, type PlainObject, setKey } from '../plain.ts'
import { type AnySchema, fieldSchemaOf } from '../schema.ts'
import { isNamed, itemElement, partsOf } from './elements.ts'
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

/** The value without the members of `gone`, unless `wanted` still has them or something below them. */
export function prune(
  schema: AnySchema | undefined,
  value: unknown,
  gone: FieldSet,
  wanted: FieldSet | undefined,
): unknown {
  const parts = partsOf(schema, value)
  if (!parts) return value
  const keys = keysOf(schema)
  const kept = parts.flatMap(part => {
    const below = gone.children.get(part.element)
    if (!below) return [part]
    const stillWanted = wanted?.children.get(part.element)
    // Whoever owned anything in a field that the schema names may take it away, with all in it that nobody owns.
    if ((below.member || isNamed(schema, part)) && (!stillWanted || stillWanted.isEmpty)) return []
    // An item that stays keeps its keys, whoever set them: without them it could not be told apart any more.
    const leaving = keys ? below.difference(keys) : below
    return [{ ...part, value: prune(part.schema, part.value, leaving, stillWanted) }]
  })
  if (Array.isArray(value)) return kept.map(part => part.value)
  const result: PlainObject = {}
  for (const part of kept) setKey(result, part.element.slice(2), part.value)
  return result
}

/** Of what somebody owned, the parts that a value had and does not have any more; of a field that the schema names, owning anything in it is enough. */
export function goneFrom(
  schema: AnySchema | undefined,
  before: unknown,
  after: unknown,
  owned: FieldSet,
): FieldSet {
  const gone = new FieldSet()
  const left = new Map(partsOf(schema, after)?.map(part => [part.element, part]))
  for (const part of partsOf(schema, before) ?? []) {
    const its = owned.children.get(part.element)
    if (!its) continue
    const rest = left.get(part.element)
    const below = goneFrom(part.schema, part.value, rest?.value, its)
    const isGone = !rest && (its.member || isNamed(schema, part))
    if (isGone) gone.put(part.element, below.union(LEAF))
    else if (!below.isEmpty) gone.put(part.element, below)
  }
  return gone
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
