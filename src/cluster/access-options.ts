/** What the flags about access ask for: who may come in, and what they may do. */
import { authenticationOptionsOf } from './authentication-options.ts'
import type { AccessOptions } from './options.ts'

type Values = Parameters<typeof authenticationOptionsOf>[0]

/** Throws a UserError. */
export function accessOptionsOf(values: Values): AccessOptions {
  return { ...authenticationOptionsOf(values) }
}
