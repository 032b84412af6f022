import { isPlainObject } from '../plain.ts'

/** A value as Go prints it, which is how upstream shows strategic patches in messages. */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (!isPlainObject(value)) return value === null ? '<nil>' : String(value)
  const pairs = Object.keys(value)
    .sort()
    .map(key => `${key}:${goText(value[key])}`)
  return `map[${pairs.join(' ')}]`
}
