/**
 * A structure as Go shows it in refusals: upstream's rules look at internal types, which mostly have no names for JSON. So all of their
 * fields are shown, by Go's names, also the empty ones. Two are the same where they are shown alike: a pointer to an empty structure is
 * something, an empty list or map is nothing, but is shown where a body has just said it.
 */
import { type FieldError, invalid } from './field-error.ts'
import { isPlainObject, type PlainObject } from './plain.ts'
import { isSaid } from './said-lists.ts'
import type { AnySchema, ObjectShape } from './schema.ts'

/** Types that internal ones share with the published, and that JSON shows by their own names. */
const SHARED = 'io.k8s.apimachinery.'

/** Null where there is none. */
export function goShown(shape: ObjectShape, value: object | undefined): PlainObject | null {
  if (value === undefined) return null
  const given = value as PlainObject
  if (shape.name.startsWith(SHARED)) return withoutEmpty(shape, given)
  const shown: PlainObject = {}
  // Metadata is embedded, so that its fields stand beside the others.
  for (const [name, { schema }] of Object.entries(shape.fields))
    if (name === 'metadata') Object.assign(shown, given[name])
    else shown[goNameOf(name)] = valueShown(schema, given[name])
  return shown
}

/** Like `immutable`, for a structure that upstream shows by the names of Go. */
export const immutableStruct = (
  field: string,
  shape: ObjectShape,
  next: object | undefined,
  previous: object | undefined,
): readonly FieldError[] =>
  isSameStruct(shape, next, previous)
    ? []
    : [invalid(field, goShown(shape, next), 'field is immutable')]

export const isSameStruct = (
  shape: ObjectShape,
  next: object | undefined,
  previous: object | undefined,
): boolean =>
  // Parts of what is stored are shared with what comes after it.
  next === previous || textOf(goShown(shape, next)) === textOf(goShown(shape, previous))

const textOf = (shown: unknown) =>
  JSON.stringify(shown, (_, value) => (Array.isArray(value) && value.length === 0 ? null : value))

function valueShown(schema: AnySchema, value: unknown): unknown {
  switch (schema.type) {
    case 'struct':
      if (value === undefined && schema.presence === 'optional') return null
      return goShown(schema.shape, value === undefined ? {} : (value as object))
    case 'list':
      if (!Array.isArray(value)) return null
      if (value.length === 0) return isSaid(value) ? [] : null
      return value.map(item => valueShown(schema.items, item))
    case 'map':
      return isPlainObject(value) ? mapShown(schema.values, value) : null
    default:
      return value ?? zeroOf(schema)
  }
}

function mapShown(values: AnySchema, map: PlainObject): PlainObject | null {
  const keys = Object.keys(map).sort()
  if (keys.length === 0) return null
  return Object.fromEntries(keys.map(key => [key, valueShown(values, map[key])]))
}

function withoutEmpty(shape: ObjectShape, given: PlainObject): PlainObject {
  const shown: PlainObject = {}
  for (const [name, { schema }] of Object.entries(shape.fields)) {
    const value = valueShown(schema, given[name])
    if (given[name] !== undefined && value !== null) shown[name] = value
  }
  return shown
}

/** What is not there in Go: nothing of a pointer, else the empty value of the type. */
function zeroOf({ type, presence, isPointer }: AnySchema): unknown {
  if (presence === 'optional' || isPointer) return null
  if (type === 'string' || type === 'quantity' || type === 'duration') return ''
  if (type === 'boolean') return false
  return type === 'int32' || type === 'int64' || type === 'double' || type === 'intOrString'
    ? 0
    : null
}

/** Words that Go writes in capitals. */
const CAPITALS = /^(api|uid|cidr|url|uri|csi|nfs|iscsi|rbd|fc|gce|aws|pd|fs|se)(?=[A-Z]|s?$)/

const goNameOf = (name: string): string =>
  CAPITALS.test(name)
    ? name.replace(CAPITALS, word => word.toUpperCase())
    : name.charAt(0).toUpperCase() + name.slice(1)
