/** What somebody changed in an object, as a JSON merge patch (RFC 7386), so that it can be put onto a newer state of it. */

type Json = unknown
type Members = Readonly<Record<string, Json>>

const isMembers = (value: Json): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether both say the same, whatever the order of members. */
export function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, at) => sameJson(each, b[at]))
  if (!isMembers(a) || !isMembers(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(key => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  )
}

/** The patch that makes `after` of `before`; undefined where they are the same. Lists are changed as a whole. */
export function mergePatchBetween(before: Json, after: Json): Json | undefined {
  if (sameJson(before, after)) return undefined
  if (!isMembers(before) || !isMembers(after)) return after
  const patch: [string, Json][] = []
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) patch.push([key, null])
  for (const [key, value] of Object.entries(after)) {
    const change = Object.hasOwn(before, key) ? mergePatchBetween(before[key], value) : value
    if (change !== undefined) patch.push([key, change])
  }
  return Object.fromEntries(patch)
}

export function applyMergePatch(target: Json, patch: Json): Json {
  if (!isMembers(patch)) return patch
  const result = new Map(Object.entries(isMembers(target) ? target : {}))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key)
    else result.set(key, applyMergePatch(result.get(key), value))
  }
  return Object.fromEntries(result)
}
