/** Several things that are wrong with one configuration, in one text. */
import type { FieldError } from '#api/machinery/field-error.ts'

/** As Go puts errors together: one as it is, several in brackets. */
export function inOneText(errors: readonly FieldError[]): string {
  const texts = errors.map(({ field, message }) => (field ? `${field}: ${message}` : message))
  const different = [...new Set(texts)]
  return different.length === 1 ? `${different[0]}` : `[${different.join(', ')}]`
}
