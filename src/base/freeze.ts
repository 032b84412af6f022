/**
 * Freezes plain data all the way down and hands it back. Values are frozen at doors: nobody can
 * change what the store or a cache handed out. A part that is frozen already is taken as frozen whole,
 * so sharing unchanged parts between revisions costs nothing.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (ArrayBuffer.isView(value)) return value
  Object.freeze(value)
  if (Array.isArray(value)) for (const part of value) deepFreeze(part)
  else for (const key in value) deepFreeze(value[key])
  return value
}
