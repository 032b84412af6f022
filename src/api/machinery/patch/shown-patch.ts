/**
 * A strategic merge patch as upstream shows it in messages about what it made: merging takes from the patch itself what it has done with it, such as directives, and
 * nulls where there was nothing to be taken away.
 */
import { isPlainObject, type PlainObject, setKey } from '../plain.ts'
import type { AnySchema, ObjectShape } from '../schema.ts'
import { type Lookup, lookIn, lookInShape, ORDER, PATCH, RETAIN } from './strategic-merge.ts'

export function shownPatch(shape: ObjectShape, document: unknown, patch: unknown): unknown {
  return isPlainObject(patch) && isPlainObject(document)
    ? shownObject(lookInShape(shape), document, patch)
    : patch
}

function shownObject(lookup: Lookup, original: PlainObject, patch: PlainObject): PlainObject {
  if (patch[PATCH] === 'replace') return without(patch, name => name === PATCH)
  if (patch[PATCH] !== undefined) return patch
  const kept = patch[RETAIN]
  const isOrdered = (name: string) => patch[`${ORDER}/${name}`] !== undefined
  const shown = without(
    patch,
    name => name === RETAIN || name.startsWith(`${ORDER}/`) || isOrdered(name),
  )
  for (const [name, value] of Object.entries(shown)) {
    const isThere = Object.hasOwn(original, name) && !(Array.isArray(kept) && !kept.includes(name))
    if (value === null || name.startsWith('$')) continue
    shown[name] = shownField(lookup(name), isThere ? original[name] : undefined, value)
  }
  return shown
}

function shownField(schema: AnySchema | undefined, original: unknown, patch: unknown): unknown {
  if (isPlainObject(original) && isPlainObject(patch)) {
    const replaces = schema?.patchStrategy?.includes('replace')
    return replaces ? patch : shownObject(lookIn(schema), original, patch)
  }
  if (Array.isArray(original) && Array.isArray(patch)) return shownList(schema, original, patch)
  return bare(patch)
}

function shownList(
  schema: AnySchema | undefined,
  original: readonly unknown[],
  patch: readonly unknown[],
): readonly unknown[] {
  const isMerged = schema?.patchStrategy?.includes('merge')
  const key = schema?.patchMergeKey
  if (schema?.type !== 'list' || !isMerged || key === undefined) return patch
  const isDirected = (item: unknown) => isPlainObject(item) && item[PATCH] !== undefined
  if (patch.some(item => isPlainObject(item) && item[PATCH] === 'replace')) return patch
  return patch.map(item => {
    const known = original.find(each => isPlainObject(each) && valueAt(item, key) === each[key])
    if (!isPlainObject(item) || isDirected(item) || !isPlainObject(known)) return item
    return shownObject(lookIn(schema.items), known, item)
  })
}

const valueAt = (item: unknown, key: string) => (isPlainObject(item) ? item[key] : undefined)

/** Where nothing was: without nulls, and without what is taken away. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare)
  if (!isPlainObject(value)) return value
  const result: PlainObject = {}
  for (const [name, part] of Object.entries(value)) {
    const goes = part === null || (isPlainObject(part) && part[PATCH] !== undefined)
    if (!goes) setKey(result, name, bare(part))
  }
  return result
}

function without(object: PlainObject, goes: (name: string) => boolean): PlainObject {
  const result: PlainObject = {}
  for (const [name, value] of Object.entries(object)) if (!goes(name)) setKey(result, name, value)
  return result
}
