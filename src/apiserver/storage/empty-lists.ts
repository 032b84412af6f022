/**
 * Lists that JSON shows even when they are empty: upstream keeps objects in protobuf, which cannot tell an empty list from none, and
 * so shows both as null. In process they are empty lists; bytes have null in their place.
 */
import { kinds } from '#api/kinds.ts'
import { apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isPlainObject, type PlainObject } from '#api/machinery/plain.ts'
import type { AnySchema, ObjectShape } from '#api/machinery/schema.ts'

/** Where such lists are in an object, by field; undefined for a field that is such a list and has none below. */
interface Plan {
  readonly lists: readonly string[]
  readonly below: readonly (readonly [string, Plan])[]
}

const NONE: Plan = { lists: [], below: [] }
const byShape = new Map<ObjectShape, Plan>()
let byType: ReadonlyMap<string, Plan> | undefined

/** The object with null for its empty lists; the object itself where there are none. */
export function emptyAsNull<T extends KubernetesObject>(object: T): T {
  return shown(object as unknown as PlainObject, planOf(object)) as unknown as T
}

/** Puts empty lists where `emptyAsNull` left null, into an object that was just read. */
export function nullAsEmpty(object: KubernetesObject): KubernetesObject {
  fill(object as unknown as PlainObject, planOf(object))
  return object
}

function planOf({ apiVersion, kind }: KubernetesObject): Plan {
  byType ??= new Map(
    kinds.map(each => [`${apiVersionOf(each)} ${each.kind}`, planOfShape(each.shape, [])]),
  )
  return byType.get(`${apiVersion} ${kind}`) ?? NONE
}

/** `within` are the shapes around this one: what contains itself is not followed. */
function planOfShape(shape: ObjectShape, within: readonly ObjectShape[]): Plan {
  const known = byShape.get(shape)
  if (known) return known
  const lists: string[] = []
  const below: [string, Plan][] = []
  for (const [name, { schema }] of Object.entries(shape.fields)) {
    const isShown = schema.presence === 'always' || schema.presence === 'required'
    if (schema.type === 'list' && isShown) lists.push(name)
    const inner = shapeIn(schema)
    if (!inner || inner === shape || within.includes(inner)) continue
    const plan = planOfShape(inner, [...within, shape])
    if (plan !== NONE) below.push([name, plan])
  }
  const plan = lists.length + below.length > 0 ? { lists, below } : NONE
  byShape.set(shape, plan)
  return plan
}

function shapeIn(schema: AnySchema): ObjectShape | undefined {
  if (schema.type === 'struct') return schema.shape
  return schema.type === 'list' ? shapeIn(schema.items) : undefined
}

function shown(object: PlainObject, plan: Plan): PlainObject {
  let result = object
  const put = (name: string, value: unknown) => {
    if (result === object) result = { ...object }
    result[name] = value
  }
  for (const name of plan.lists) if (isEmptyList(object[name])) put(name, null)
  for (const [name, inner] of plan.below) {
    const value = object[name]
    if (Array.isArray(value)) {
      const items = value.map(item => (isPlainObject(item) ? shown(item, inner) : item))
      if (items.some((item, at) => item !== value[at])) put(name, items)
    } else if (isPlainObject(value)) {
      const next = shown(value, inner)
      if (next !== value) put(name, next)
    }
  }
  return result
}

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0

function fill(object: PlainObject, plan: Plan): void {
  for (const name of plan.lists) if (object[name] === null) object[name] = []
  for (const [name, inner] of plan.below) {
    const value = object[name]
    for (const part of Array.isArray(value) ? value : [value])
      if (isPlainObject(part)) fill(part, inner)
  }
}
