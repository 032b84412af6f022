/** Fills absent fields of a fresh draft: first the static defaults of the schema, then the kind's computed ones; amounts that are too fine are rounded last. */
import type { AnyKind } from './kind.ts'
import type { KubernetesObject } from './metadata.ts'
import { copyJson, isPlainObject, type PlainObject, setKey } from './plain.ts'
import { roundResourceLists } from './resource-lists.ts'
import { type AnySchema, isUndescribed, type ObjectShape } from './schema.ts'

/** Changes the draft in place. */
export function applyDefaults(kind: AnyKind, draft: KubernetesObject): void {
  // Custom kinds have defaults of their own way, which know that null may be a value.
  if (!kind.custom) applyShapeDefaults(kind.shape, draft as unknown as PlainObject)
  kind.defaults(draft)
  if (!kind.custom) roundResourceLists(kind.shape, draft as unknown as PlainObject)
}

/** The static part alone, for parts of objects and for options. Changes the draft in place. */
export function applyShapeDefaults(shape: ObjectShape, draft: PlainObject): void {
  defaulterOf(shape)?.(draft)
}

type Defaulter = (draft: PlainObject) => void
type ValueDefaulter = (value: unknown) => void

/** Undefined means that nothing in the shape has a default, so whole subtrees are passed over. */
const defaulters = new WeakMap<ObjectShape, { run: Defaulter | undefined }>()

function defaulterOf(shape: ObjectShape): Defaulter | undefined {
  const known = defaulters.get(shape)
  if (known) return known.run
  // While a shape that contains itself is being compiled, its inner uses find this entry and call through it.
  const entry: { run: Defaulter | undefined } = { run: draft => entry.run?.(draft) }
  defaulters.set(shape, entry)
  entry.run = compile(shape)
  return entry.run
}

function compile(shape: ObjectShape): Defaulter | undefined {
  const steps: Defaulter[] = []
  for (const [name, field] of Object.entries(shape.fields)) {
    const step = fieldStep(name, field.schema)
    if (step) steps.push(step)
  }
  if (steps.length === 0) return undefined
  return draft => {
    for (const step of steps) step(draft)
  }
}

function fieldStep(name: string, schema: AnySchema): Defaulter | undefined {
  const inner = valueStep(schema)
  const { default: told, presence } = schema
  const zeroIsAbsent = presence !== 'optional'
  // What is left out where it is empty is not filled in with what is empty.
  const preset = presence === 'omitempty' && isAbsent(told, true) ? undefined : told
  if (preset === undefined && !inner) return undefined
  return draft => {
    let value = Object.hasOwn(draft, name) ? draft[name] : undefined
    if (preset !== undefined && isAbsent(value, zeroIsAbsent)) {
      value = copyJson(preset, true)
      setKey(draft, name, value)
    }
    if (inner && value !== undefined && value !== null) inner(value)
  }
}

/** Go cannot tell a zero value from none, unless the field is a pointer. */
function isAbsent(value: unknown, zeroIsAbsent: boolean): boolean {
  if (value === undefined || value === null) return true
  return zeroIsAbsent && (value === '' || value === 0 || value === false)
}

function valueStep(schema: AnySchema): ValueDefaulter | undefined {
  if (isUndescribed(schema)) return undefined
  switch (schema.type) {
    case 'struct': {
      const run = defaulterOf(schema.shape)
      return run && (value => isPlainObject(value) && run(value))
    }
    case 'list': {
      const each = valueStep(schema.items)
      return each && (value => Array.isArray(value) && value.forEach(each))
    }
    case 'map': {
      const each = valueStep(schema.values)
      return each && (value => isPlainObject(value) && Object.values(value).forEach(each))
    }
    default:
      return undefined
  }
}
