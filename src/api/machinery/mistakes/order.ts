/** In which order upstream reads what it has put together itself: of several mistakes it tells the first. */
import { isPlainObject, keysInOrder, type PlainObject, setKey } from '../plain.ts'

/** Merge patches and YAML become JSON in which all names are in order. */
export function inOrderOfNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrderOfNames)
  return isPlainObject(value) ? ordered(value, inOrderOfNames) : value
}

/** JSON patches put the names in order of what they go through; the values that they bring stay as they are. */
export function inOrderAlong(value: unknown, pointers: readonly string[]): unknown {
  const touched = new Set<unknown>()
  for (const pointer of pointers) {
    let at = value
    for (const token of pointer.split('/').slice(1)) {
      if (typeof at !== 'object' || at === null) break
      touched.add(at)
      const name = token.replaceAll('~1', '/').replaceAll('~0', '~')
      at = Object.hasOwn(at, name) ? (at as PlainObject)[name] : undefined
    }
  }
  return orderedIn(value, touched)
}

function orderedIn(value: unknown, touched: ReadonlySet<unknown>): unknown {
  if (!touched.has(value)) return value
  const inner = (part: unknown) => orderedIn(part, touched)
  return Array.isArray(value) ? value.map(inner) : ordered(value as PlainObject, inner)
}

function ordered(value: PlainObject, inner: (part: unknown) => unknown): PlainObject {
  const result: PlainObject = {}
  for (const name of keysInOrder(value)) setKey(result, name, inner(value[name]))
  return result
}
