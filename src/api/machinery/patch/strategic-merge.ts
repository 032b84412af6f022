/**
 * Strategic merge patch: a merge patch that knows from the schema which lists merge item by item. Directives inside the patch:
 *
 *   $patch: replace | delete          this object is replaced by the rest of the patch, or emptied; in a list, the item goes
 *   $deleteFromPrimitiveList/FIELD    these values leave the list FIELD
 *   $setElementOrder/FIELD            the order that the merged list FIELD is to have
 *   $retainKeys                       every key of the object that is not named here goes (unions)
 *
 * Pure: shares unchanged parts with both inputs and changes neither.
 */
import { isPlainObject, type PlainObject, setKey } from '../plain.ts'
import type { AnySchema, ListSchema, ObjectShape } from '../schema.ts'
import { badRequest, PlainError } from '../status.ts'
import { goText } from './go-text.ts'
import { equal } from './json-patch.ts'

const DELETE_FROM = '$deleteFromPrimitiveList'
export const ORDER = '$setElementOrder'
export const RETAIN = '$retainKeys'
export const PATCH = '$patch'

/** The document after the patch. Throws BadRequest for directives that make no sense. */
export function strategicMergePatch(
  shape: ObjectShape,
  document: unknown,
  patch: unknown,
): unknown {
  if (!isPlainObject(patch))
    throw badRequest('error decoding patch: a strategic merge patch is an object')
  return mergeObject(lookInShape(shape), isPlainObject(document) ? document : {}, patch)
}

/** Where the schema of a field is found: in a shape, in a map's values, or nowhere. */
export type Lookup = (field: string) => AnySchema | undefined

const nowhere: Lookup = () => undefined

export function lookInShape(shape: ObjectShape): Lookup {
  return field => (Object.hasOwn(shape.fields, field) ? shape.fields[field]?.schema : undefined)
}

export function lookIn(schema: AnySchema | undefined): Lookup {
  if (schema?.type === 'struct') return lookInShape(schema.shape)
  if (schema?.type === 'map') return () => schema.values
  return nowhere
}

function mergeObject(lookup: Lookup, original: PlainObject, patch: PlainObject): PlainObject {
  const directive = patch[PATCH]
  if (directive === 'replace') return without(patch, PATCH)
  if (directive === 'delete') return {}
  if (directive !== undefined) throw unknownDirective(directive, patch)
  const result = retained(original, patch)
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    if (key === PATCH || key === RETAIN || key.startsWith(ORDER)) continue
    if (key.startsWith(DELETE_FROM)) deleteFrom(result, key, value)
    else if (value === null) delete result[key]
    else if (Object.hasOwn(result, key) && isAlike(result[key], value))
      setKey(result, key, mergeField(lookup(key), result[key], value))
    else if (isDirected(value)) delete result[key]
    else setKey(result, key, fresh(value))
  }
  for (const key of Object.keys(patch))
    if (key.startsWith(ORDER))
      putInOrder(lookup, { result, original, patch }, key.slice(ORDER.length + 1), patch[key])
  return result
}

function ownValue(object: PlainObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function unknownDirective(directive: unknown, patch: PlainObject): PlainError {
  const shown = typeof directive === 'string' ? directive : `%!s(${goTypeAndText(directive)})`
  return new PlainError(`unknown patch type: ${shown} in map: ${goText(patch)}`)
}

const goTypeAndText = (value: unknown) =>
  value === null ? '<nil>' : `${goType(value)}=${goText(value)}`

/** What Go reads a value of JSON into. */
function goType(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (isPlainObject(value)) return 'map[string]interface {}'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  return typeof value === 'boolean' ? 'bool' : 'string'
}

function retained(original: PlainObject, patch: PlainObject): PlainObject {
  const keys = patch[RETAIN]
  const isKept = (key: string) =>
    patch[key] === null ||
    key === RETAIN ||
    key.startsWith(ORDER) ||
    key.startsWith(DELETE_FROM) ||
    (Array.isArray(keys) && keys.includes(key))
  if (keys !== undefined && !(Array.isArray(keys) && Object.keys(patch).every(isKept)))
    throw badRequest('invalid patch format of retainKeys')
  const result: PlainObject = {}
  for (const key of Object.keys(original))
    if (!keys || keys.includes(key)) setKey(result, key, original[key])
  return result
}

/** Whether there is something to be merged; what is of another type gives way. */
const isAlike = (original: unknown, patch: unknown) =>
  Array.isArray(original) === Array.isArray(patch) &&
  isPlainObject(original) === isPlainObject(patch)

/** Of what is to be replaced the patch is all that is left, as it is. */
function mergeField(schema: AnySchema | undefined, original: unknown, patch: unknown): unknown {
  if (isPlainObject(patch) && isPlainObject(original)) {
    if (schema?.patchStrategy?.includes('replace')) return patch
    return mergeObject(lookIn(schema), original, patch)
  }
  if (!Array.isArray(patch) || !Array.isArray(original)) return patch
  if (schema?.type !== 'list' || !schema.patchStrategy?.includes('merge')) return patch
  checkOfOneType(original, patch)
  return mergeList(schema, original, patch)
}

/** What is not null says what is to become of it. */
const isDirected = (value: unknown): value is PlainObject =>
  isPlainObject(value) && value[PATCH] !== undefined && value[PATCH] !== null

/** Lists are merged of items alike. */
function checkOfOneType(...lists: readonly (readonly unknown[])[]): void {
  if (new Set(lists.flat().map(goType)).size > 1)
    throw new PlainError(`list element types are not identical: ${goText(lists)}`)
}

/** What a patch adds where nothing was: without nulls, and without what says what is to become of what is not there. */
function fresh(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter(item => !isDirected(item)).map(fresh)
  if (!isPlainObject(value)) return value
  const result: PlainObject = {}
  for (const [key, part] of Object.entries(value))
    if (part !== null && !isDirected(part)) setKey(result, key, fresh(part))
  return result
}

function mergeList(
  schema: ListSchema,
  original: readonly unknown[],
  patch: readonly unknown[],
): unknown[] {
  const key = schema.patchMergeKey
  if (schema.items.type !== 'struct' || key === undefined) {
    const merged = [...new Set([...original, ...patch])]
    return ordered(merged, patch, original, value => value)
  }
  const keyed = (item: unknown): PlainObject => {
    if (isPlainObject(item) && Object.hasOwn(item, key)) return item
    throw new PlainError(`map: ${goText(item)} does not contain declared merge key: ${key}`)
  }
  const items = patch.map(item => {
    if (!isPlainObject(item) || item[PATCH] === undefined) return keyed(item)
    const directive = item[PATCH]
    if (directive === 'replace') return item
    if (directive === 'merge')
      throw new PlainError('merging lists cannot yet be specified in the patch')
    if (directive !== 'delete') throw unknownDirective(directive, item)
    return keyed(item)
  })
  const replaces = items.some(item => item[PATCH] === 'replace')
  const gone = items.filter(item => item[PATCH] === 'delete').map(item => item[key])
  const wanted = items.filter(item => item[PATCH] === undefined)
  // Nothing is merged then: items with the same key, such as addresses of one type, stand beside each other.
  if (replaces) return wanted
  const merged = original.map(keyed).filter(item => !gone.includes(item[key]))
  for (const item of wanted) {
    const at = merged.findIndex(candidate => candidate[key] === item[key])
    const known = merged[at]
    if (known) merged[at] = mergeObject(lookIn(schema.items), known, item)
    else merged.push(item)
  }
  return ordered(merged, wanted, original, item => keyed(item)[key])
}

/**
 * Items that the patch names come in the patch's order; the others keep the order they had, each before a named item only if it stood
 * before it. So items new to the list come first, which is what clients of upstream see.
 */
function ordered(
  merged: readonly unknown[],
  patchOrder: readonly unknown[],
  serverOrder: readonly unknown[],
  keyOf: (item: unknown) => unknown,
): unknown[] {
  const patchKeys = patchOrder.map(keyOf)
  const serverKeys = serverOrder.map(keyOf)
  const named = merged.filter(item => patchKeys.includes(keyOf(item)))
  const others = merged.filter(item => !patchKeys.includes(keyOf(item)))
  named.sort((a, b) => patchKeys.indexOf(keyOf(a)) - patchKeys.indexOf(keyOf(b)))
  others.sort((a, b) => serverKeys.indexOf(keyOf(a)) - serverKeys.indexOf(keyOf(b)))
  const result: unknown[] = []
  while (named.length > 0 && others.length > 0) {
    const [other, item] = [
      serverKeys.indexOf(keyOf(others[0])),
      serverKeys.indexOf(keyOf(named[0])),
    ]
    result.push(other >= 0 && item >= 0 && other < item ? others.shift() : named.shift())
  }
  return [...result, ...named, ...others]
}

function deleteFrom(result: PlainObject, directive: string, values: unknown): void {
  if (!directive.startsWith(`${DELETE_FROM}/`))
    throw badRequest('invalid patch format of primitive list')
  const field = directive.slice(DELETE_FROM.length + 1)
  const list = ownValue(result, field)
  if (!Array.isArray(list) || !Array.isArray(values)) return
  checkOfOneType(list, values)
  setKey(
    result,
    field,
    list.filter(item => !values.some(value => equal(value, item))),
  )
}

function putInOrder(
  lookup: Lookup,
  { result, original, patch }: Record<'result' | 'original' | 'patch', PlainObject>,
  field: string,
  order: unknown,
): void {
  if (!Array.isArray(order))
    throw new PlainError(`expected a []interface {}, but received a ${goType(order)}`)
  const list = ownValue(result, field)
  const schema = lookup(field)
  const key = schema?.patchMergeKey
  checkOrder(ownValue(patch, field), order, key)
  if (!Array.isArray(list)) return
  const keyOf = (item: unknown) => (key !== undefined && isPlainObject(item) ? item[key] : item)
  const before = ownValue(original, field)
  setKey(result, field, ordered(list, order, Array.isArray(before) ? before : [], keyOf))
}

/** What the patch brings of a list has to come in the order that it asks for. */
function checkOrder(items: unknown, order: readonly unknown[], key: string | undefined): void {
  if (!Array.isArray(items)) return
  const keyOf = (item: unknown) => {
    if (key === undefined) return item
    if (isPlainObject(item) && Object.hasOwn(item, key)) return item[key]
    throw new PlainError(`map: ${goText(item)} does not contain declared merge key: ${key}`)
  }
  const wanted = order.map(keyOf)
  let at = 0
  for (const item of items) {
    if (isPlainObject(item) && item[PATCH] === 'delete') continue
    const found = wanted.indexOf(keyOf(item), at)
    if (found < 0)
      throw new PlainError(
        `The order in patch list:\n${goText(items)}\n doesn't match ${ORDER} list:\n${goText(order)}\n`,
      )
    at = found + 1
  }
}

function without(object: PlainObject, name: string): PlainObject {
  const { [name]: _, ...rest } = object
  return rest
}
