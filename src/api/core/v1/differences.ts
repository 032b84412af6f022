/** What differs between two values, as lines for people: `- spec.nodeName: "a"` and `+ spec.nodeName: "b"`. */
import { stringifyJson } from '../../machinery/exact-json.ts'

/** A difference that is longer than this is cut. */
const SHOWN_DIFFERENCES = 20

export function differencesOf(next: unknown, before: unknown, path: string): string[] {
  return allDifferences(next, before, path).slice(0, SHOWN_DIFFERENCES)
}

function allDifferences(next: unknown, before: unknown, path: string): string[] {
  if (isSame(next, before)) return []
  const bothObjects = [next, before].every(value => typeof value === 'object' && value !== null)
  if (!bothObjects || Array.isArray(next) !== Array.isArray(before))
    return [
      ...(before === undefined ? [] : [`- ${path}: ${stringifyJson(before)}`]),
      ...(next === undefined ? [] : [`+ ${path}: ${stringifyJson(next)}`]),
    ]
  const [after, old] = [next as Record<string, unknown>, before as Record<string, unknown>]
  const inner = Array.isArray(next)
  return [...new Set([...Object.keys(old), ...Object.keys(after)])].flatMap(key =>
    allDifferences(after[key], old[key], inner ? `${path}[${key}]` : `${path}.${key}`),
  )
}

/** An object with nothing in it is another thing than none: a selector, say, that selects everything. */
function isSame(next: unknown, before: unknown): boolean {
  if (next === before || (isNothing(next) && isNothing(before))) return true
  if (typeof next !== 'object' || typeof before !== 'object' || !next || !before) return false
  if (Array.isArray(next) !== Array.isArray(before)) return false
  const [after, old] = [next as Record<string, unknown>, before as Record<string, unknown>]
  return [...new Set([...Object.keys(after), ...Object.keys(old)])].every(key =>
    isSame(after[key], old[key]),
  )
}

const isNothing = (value: unknown) =>
  value === undefined ||
  value === null ||
  value === '' ||
  (Array.isArray(value) && value.length === 0)
