import { isPlainObject } from '#api/machinery/plain.ts'

/**
 * With the keys of all objects in order: where an apply changes anything, upstream brings those of parts without a schema in order, and
 * where nothing may change compares their bytes.
 * Parts of the names in `kept` stay as they are.
 */
export function sorted(value: unknown, kept: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.map(item => sorted(item, kept))
  if (!isPlainObject(value)) return value
  const names = Object.keys(value).sort()
  return Object.fromEntries(
    names.map(name => [name, kept.includes(name) ? value[name] : sorted(value[name], kept)]),
  )
}
