/** What the checks of values have in common. */
import type { FieldError } from '../../machinery/field-error.ts'

/** Where a check stands: `path` is relative to what is validated, `old` what was there before. */
export interface Place {
  readonly path: string
  readonly old: unknown
}

export type Check = (value: unknown, place: Place, errors: FieldError[]) => void

/** Errors about combinations of schemas name no field upstream, only what is validated as a whole. */
export const NO_FIELD = '<nil>'

/** `spec.size in body`, as messages begin. */
export const subject = (path: string) => `${path} in body`

export const below = (path: string, name: string) => (path === '' ? name : `${path}.${name}`)
