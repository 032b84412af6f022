/** RFC 7386: objects are merged, null removes, everything else replaces. Shares unchanged parts with both inputs and changes neither. */
import { isPlainObject, setKey } from '../plain.ts'
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
  if (!isPlainObject(patch)) return patch
  // Spreading keeps a key named `__proto__` as a key.
  const result: Record<string, unknown> = isPlainObject(target) ? { ...target } : {}
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    if (value === null) delete result[key]
    else setKey(result, key, merge(Object.hasOwn(result, key) ? result[key] : undefined, value))
  }
  return result
}
