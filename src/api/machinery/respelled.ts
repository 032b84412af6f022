/**
 * Amounts that are only spelled otherwise than before, as `1Gi` for `1073741824`. Upstream holds quantities against each other by what they
 * mean: such a change is none, neither for rules about what may change nor for the generation, although the new spelling is stored.
 */
import { compareQuantities } from './quantity.ts'
import { type AnySchema, fieldSchemaOf, type ObjectShape } from './schema.ts'

/** `next` with the spelling of `before` wherever a quantity means the same; itself where none is spelled otherwise. Nothing is changed in place. */
export function respelled<T extends object>(shape: ObjectShape, next: T, before: object): T {
  return hasQuantities(shape) ? ofFields(name => fieldSchemaOf(shape, name), next, before) : next
}

/** Of kinds and of parts of them: most have none, and are passed over. */
const known = new WeakMap<ObjectShape, boolean>()

function hasQuantities(shape: ObjectShape): boolean {
  const told = known.get(shape)
  if (told !== undefined) return told
  const found = findsQuantity(shape, new Set())
  known.set(shape, found)
  return found
}

/** Shapes and schemas may lie within themselves: what was seen is not looked into again. */
function findsQuantity(shape: ObjectShape, seen: Set<object>): boolean {
  if (seen.has(shape)) return false
  seen.add(shape)
  return Object.values(shape.fields).some(({ schema }) => isQuantityIn(schema, seen))
}

function isQuantityIn(schema: AnySchema, seen: Set<object>): boolean {
  if (seen.has(schema)) return false
  seen.add(schema)
  switch (schema.type) {
    case 'quantity':
      return true
    case 'list':
      return isQuantityIn(schema.items, seen)
    case 'map':
      return isQuantityIn(schema.values, seen)
    case 'struct':
      return findsQuantity(schema.shape, seen)
    default:
      return false
  }
}

function ofValue(schema: AnySchema | undefined, next: unknown, before: unknown): unknown {
  if (schema === undefined || next === before) return next
  if (schema.type === 'quantity') return isSpelledOtherwise(next, before) ? before : next
  if (!isObject(next) || !isObject(before)) return next
  switch (schema.type) {
    case 'list':
      return ofItems(schema.items, next, before)
    case 'map':
      return ofFields(() => schema.values, next, before)
    case 'struct':
      return respelled(schema.shape, next, before)
    default:
      return next
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

function isSpelledOtherwise(next: unknown, before: unknown): boolean {
  if (typeof next !== 'string' || typeof before !== 'string') return false
  return compareQuantities(next, before) === 0
}

/** Item by item: what stands elsewhere now has changed anyway. */
function ofItems(schema: AnySchema, next: object, before: object): object {
  if (!Array.isArray(next) || !Array.isArray(before)) return next
  const items = next.map((item, at) => ofValue(schema, item, before[at]))
  return items.some((item, at) => item !== next[at]) ? items : next
}

function ofFields<T extends object>(
  schemaOf: (name: string) => AnySchema | undefined,
  next: T,
  before: object,
): T {
  const old = before as Record<string, unknown>
  let changed: Record<string, unknown> | undefined
  for (const [name, value] of Object.entries(next)) {
    if (!Object.hasOwn(old, name)) continue
    const own = ofValue(schemaOf(name), value, old[name])
    if (own === value) continue
    changed ??= { ...next } as Record<string, unknown>
    changed[name] = own
  }
  return (changed as T | undefined) ?? next
}
