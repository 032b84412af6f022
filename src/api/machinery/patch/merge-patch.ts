/** RFC 7386: objects are merged, null removes, everything else replaces. Shares unchanged parts with both inputs and changes neither. */
import { isPlainObject, setKey } from '../plain.ts'
import { jsonTypeOf } from '../scalars.ts'
import { badRequest } from '../status.ts'

/** The document after the patch; a patch of an API object has to be an object. */
export function mergePatch(document: unknown, patch: unknown): unknown {
  if (!isPlainObject(patch))
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonTypeOf(patch)} into Go value of type map[string]interface {}`,
    )
  return merge(document, patch)
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isPlainObject(patch)) return patch
  const result: Record<string, unknown> = isPlainObject(target) ? copyOf(target) : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else setKey(result, key, merge(Object.hasOwn(result, key) ? result[key] : undefined, value))
  }
  return result
}

/** A shallow copy that keeps a key named `__proto__` as a key. */
function copyOf(object: Record<string, unknown>): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(object)) setKey(copy, key, value)
  return copy
}
