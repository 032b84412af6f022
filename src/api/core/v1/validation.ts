/** Small checks that validations of several kinds share. Paths are as people write them: `spec.ports[0].name`. */
import { type FieldError, invalid, notSupported, required } from '../../machinery/field-error.ts'

/** One error for each message that a name check found. */
export function wrong(
  field: string,
  value: unknown,
  messages: readonly string[],
): readonly FieldError[] {
  return messages.map(message => invalid(field, value, message))
}

/** Required, and then checked by `check`. */
export function needed(
  field: string,
  value: string | undefined,
  check: (text: string) => readonly string[] = () => [],
): readonly FieldError[] {
  return value ? wrong(field, value, check(value)) : [required(field)]
}

/** Checked by `check` where it is given. */
export function given(
  field: string,
  value: string | undefined,
  check: (text: string) => readonly string[],
): readonly FieldError[] {
  return value ? wrong(field, value, check(value)) : []
}

/** Checked by `check` where it is set, even to nothing: upstream tells an empty text from an absent one here. */
export function whenSet(
  field: string,
  value: string | undefined,
  check: (text: string) => readonly string[],
): readonly FieldError[] {
  return value === undefined ? [] : wrong(field, value, check(value))
}

/** Required, and one of `supported`. */
export function oneOf(
  field: string,
  value: string | undefined,
  supported: readonly string[],
): readonly FieldError[] {
  if (!value) return [required(field)]
  return supported.includes(value) ? [] : [notSupported(field, value, supported.toSorted())]
}

/** One of `supported`, which stand in the order in which refusals tell them; nothing is not. */
export function among(
  field: string,
  value: string | undefined,
  supported: readonly string[],
): readonly FieldError[] {
  return value !== undefined && supported.includes(value)
    ? []
    : [notSupported(field, value ?? '', supported)]
}

export function notNegative(field: string, value: number | undefined): readonly FieldError[] {
  return (value ?? 0) < 0 ? [invalid(field, value, 'must be greater than or equal to 0')] : []
}

export function immutable(field: string, next: unknown, previous: unknown): readonly FieldError[] {
  return sameValue(next, previous) ? [] : [invalid(field, next, 'field is immutable')]
}

/**
 * Whether two JSON values mean the same. Absent, null, empty text, empty list and empty object are alike, since
 * clients leave out what is empty; a number or boolean is never like an absent one, and neither is an empty text in a map.
 */
export const sameValue = (a: unknown, b: unknown): boolean =>
  isSame(a === '' ? undefined : a, b === '' ? undefined : b)

function isSame(a: unknown, b: unknown): boolean {
  if (a === b || (isEmpty(a) && isEmpty(b))) return true
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => isSame(item, b[index]))
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every(key =>
    isSame(left[key], right[key]),
  )
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (typeof value !== 'object') return false
  return Array.isArray(value) ? value.length === 0 : Object.values(value).every(isEmpty)
}
