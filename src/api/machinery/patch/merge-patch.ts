/**
 * RFC 7386: objects are merged, null removes, everything else replaces. As upstream, null removes within the objects of new lists, too. Shares
 * unchanged parts with both inputs and changes neither.
 */
import { isPlainObject, type PlainObject, setKey } from '../plain.ts'
import { jsonTypeOf } from '../scalars.ts'
import { badRequest } from '../status.ts'

/** The document after the patch; a patch of an API object has to be an object. */
export function mergePatch(document: unknown, patch: unknown): unknown {
  if (patch === null) throw badRequest('Invalid JSON Patch')
  if (!isPlainObject(patch))
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonTypeOf(patch)} into Go value of type map[string]interface {}`,
    )
  return merge(document, patch)
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isPlainObject(patch)) return Array.isArray(patch) ? patch.map(withoutNulls) : patch
  const result = isPlainObject(target) ? withoutRemoved(target, patch) : {}
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    if (value !== null)
      setKey(result, key, merge(Object.hasOwn(result, key) ? result[key] : undefined, value))
  }
  return result
}

/** A copy; made without `delete`, which would make a slow table of it. */
function withoutRemoved(target: PlainObject, patch: PlainObject): PlainObject {
  const isRemoved = (key: string) => Object.hasOwn(patch, key) && patch[key] === null
  const keys = Object.keys(target)
  // Spreading keeps a key named `__proto__` as a key.
  if (!keys.some(isRemoved)) return { ...target }
  const left: PlainObject = {}
  for (const key of keys) if (!isRemoved(key)) setKey(left, key, target[key])
  return left
}

const withoutNulls = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? merge(undefined, value) : value
