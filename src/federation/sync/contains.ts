/**
 * Whether an object in a member cluster is as it was applied: all that was applied is there with the same values. What others added beside
 * it, such as defaults, fields of status and injected items of lists, is theirs.
 */
import { isPlainObject } from '#api/machinery/plain.ts'

export function contains(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return containsList(actual, wanted)
  if (isPlainObject(wanted))
    return (
      (isPlainObject(actual) &&
        Object.entries(wanted).every(
          ([key, value]) =>
            isNothing(value) || (Object.hasOwn(actual, key) && contains(actual[key], value)),
        )) ||
      (actual === undefined && Object.keys(wanted).length === 0)
    )
  return actual === wanted
}

/** Servers leave out what is null or empty as they like. */
const isNothing = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  (Array.isArray(value) && value.length === 0) ||
  (isPlainObject(value) && Object.keys(value).length === 0)

/** Items may have got neighbours, but each stands there, in its order. */
function containsList(actual: unknown, wanted: readonly unknown[]): boolean {
  if (!Array.isArray(actual)) return false
  if (wanted.every(item => !isPlainObject(item)) && actual.length !== wanted.length) return false
  let at = 0
  for (const item of wanted) {
    while (at < actual.length && !contains(actual[at], item)) at++
    if (at === actual.length) return false
    at++
  }
  return true
}
