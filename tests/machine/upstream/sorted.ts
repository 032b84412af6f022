import { isPlainObject } from '#api/machinery/plain.ts'

/**
 * With the keys of all objects in order: where an apply changes anything, upstream brings those of parts without a schema in order, and
 * where nothing may change compares their bytes.
 */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isPlainObject(value)) return value
  const names = Object.keys(value).sort()
  return Object.fromEntries(names.map(name => [name, sorted(value[name])]))
}
