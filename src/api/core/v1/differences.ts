/** What differs between two values, as lines for people: `- spec.nodeName: "a"` and `+ spec.nodeName: "b"`. */
import { stringifyJson } from '../../machinery/exact-json.ts'
import { sameValue } from './validation.ts'

/** A difference that is longer than this is cut. */
const SHOWN_DIFFERENCES = 20

export function differencesOf(next: unknown, before: unknown, path: string): string[] {
  return allDifferences(next, before, path).slice(0, SHOWN_DIFFERENCES)
}

function allDifferences(next: unknown, before: unknown, path: string): string[] {
  if (sameValue(next, before)) return []
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
