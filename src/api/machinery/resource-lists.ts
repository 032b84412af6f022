/**
 * Amounts in lists of resources are no finer than thousandths: whatever is finer is rounded up to those where an object is read, as upstream
 * has done ever since it counted so. Only what upstream calls a ResourceList; other quantities keep all their digits.
 */
import { isPlainObject, type PlainObject, setKey } from './plain.ts'
import { wholeMilli } from './quantity.ts'
import type { AnySchema, ObjectShape } from './schema.ts'

/** Changes the draft in place. */
export function roundResourceLists(shape: ObjectShape, draft: PlainObject): void {
  rounderOf(shape)?.(draft)
}

type Rounder = (draft: PlainObject) => void
type ValueRounder = (value: unknown) => void

/** Undefined means that there is no such list in the shape, so whole subtrees are passed over. */
const rounders = new WeakMap<ObjectShape, { run: Rounder | undefined }>()

function rounderOf(shape: ObjectShape): Rounder | undefined {
  const known = rounders.get(shape)
  if (known) return known.run
  // A shape that contains itself has none, unless beside what it contains: no such kind has any.
  const entry: { run: Rounder | undefined } = { run: undefined }
  rounders.set(shape, entry)
  entry.run = compile(shape)
  return entry.run
}

function compile(shape: ObjectShape): Rounder | undefined {
  const steps = Object.entries(shape.fields).flatMap(([name, { schema }]) => {
    const inner = valueStep(schema)
    return inner ? [{ name, inner }] : []
  })
  if (steps.length === 0) return undefined
  return draft => {
    for (const { name, inner } of steps) if (Object.hasOwn(draft, name)) inner(draft[name])
  }
}

function valueStep(schema: AnySchema): ValueRounder | undefined {
  switch (schema.type) {
    case 'struct': {
      const run = rounderOf(schema.shape)
      return run && (value => isPlainObject(value) && run(value))
    }
    case 'list': {
      const each = valueStep(schema.items)
      return each && (value => Array.isArray(value) && value.forEach(each))
    }
    case 'map':
      return schema.isResourceList ? value => isPlainObject(value) && roundAll(value) : undefined
    default:
      return undefined
  }
}

function roundAll(amounts: PlainObject): void {
  for (const [name, amount] of Object.entries(amounts)) {
    if (typeof amount !== 'string') continue
    const rounded = wholeMilli(amount)
    if (rounded !== amount) setKey(amounts, name, rounded)
  }
}
