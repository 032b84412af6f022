/** What is wrong with one field, as it appears under `details.causes` of a 422 Status and in its message. */
import { stringifyJson } from './exact-json.ts'
import { goQuote } from './go-quote.ts'

export type FieldErrorType =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueDuplicate'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueNotFound'
  | 'FieldValueTypeInvalid'
  | 'InternalError'

export interface FieldError {
  readonly type: FieldErrorType
  /** The path as people write it: `spec.containers[0].name`, `metadata.labels[app]`. */
  readonly field: string
  /** The message of the cause, without the field: `Invalid value: "x": must be …`. */
  readonly message: string
  /** It was as wrong before, and may stay: whoever writes is warned, not refused. */
  readonly mayStay?: true
}

const quoted = (value: unknown) => {
  if (typeof value === 'string') return goQuote(value)
  return value === undefined ? '""' : stringifyJson(value)
}
/** Upstream prints null for objects that are absent and JSON for everything else; in that of objects Go escapes what HTML could see. */
const shown = (value: unknown) => {
  if (value === undefined) return 'null'
  if (typeof value === 'string') return goQuote(value)
  const text = stringifyJson(value)
  return typeof value === 'object' ? text.replace(/[<>&]/g, escaped) : text
}
const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`

export function required(field: string, detail = ''): FieldError {
  return {
    type: 'FieldValueRequired',
    field,
    message: detail ? `Required value: ${detail}` : 'Required value',
  }
}
export function invalid(field: string, value: unknown, detail: string): FieldError {
  const message = `Invalid value: ${shown(value)}`
  return { type: 'FieldValueInvalid', field, message: detail ? `${message}: ${detail}` : message }
}
/** Where the value itself would not help, since more than one part of it is wrong together. */
export function invalidAsWhole(field: string, detail: string): FieldError {
  return { type: 'FieldValueInvalid', field, message: `Invalid value: ${detail}` }
}
export function duplicate(field: string, value: unknown): FieldError {
  return { type: 'FieldValueDuplicate', field, message: `Duplicate value: ${quoted(value)}` }
}
export function notSupported(
  field: string,
  value: unknown,
  supported: readonly string[],
): FieldError {
  const list = supported.map(value => JSON.stringify(value)).join(', ')
  return {
    type: 'FieldValueNotSupported',
    field,
    message: `Unsupported value: ${quoted(value)}: supported values: ${list}`,
  }
}
export function internal(field: string, detail: string): FieldError {
  return { type: 'InternalError', field, message: `Internal error: ${detail}` }
}
export function forbidden(field: string, detail = ''): FieldError {
  const message = detail ? `Forbidden: ${detail}` : 'Forbidden'
  return { type: 'FieldValueForbidden', field, message }
}
export function tooLong(field: string, maximum: number): FieldError {
  return {
    type: 'FieldValueTooLong',
    field,
    message: `Too long: may not be more than ${maximum} ${maximum === 1 ? 'byte' : 'bytes'}`,
  }
}
export function tooMany(field: string, actual: number, maximum: number): FieldError {
  return {
    type: 'FieldValueTooMany',
    field,
    message: `Too many: ${actual}: must have at most ${maximum} ${maximum === 1 ? 'item' : 'items'}`,
  }
}
export function notFound(field: string, value: unknown, detail = ''): FieldError {
  const message = `Not found: ${quoted(value)}`
  return { type: 'FieldValueNotFound', field, message: detail ? `${message}: ${detail}` : message }
}
