/** What the flags about access ask for: who may come in, and what they may do. */
import { admissionOptionsOf } from './admission-options.ts'
import { authenticationOptionsOf } from './authentication-options.ts'
import { authorizationOptionsOf } from './authorization-options.ts'
import type { AccessOptions } from './options.ts'

type Values = Parameters<typeof admissionOptionsOf>[0] &
  Parameters<typeof authenticationOptionsOf>[0] &
  Parameters<typeof authorizationOptionsOf>[0]

/** Throws a UserError. */
export function accessOptionsOf(values: Values): AccessOptions {
  return {
    ...authenticationOptionsOf(values),
    ...authorizationOptionsOf(onlyOfRights(values)),
    ...admissionOptionsOf(values),
  }
}

/** Which of its own are said at all matters there. */
function onlyOfRights(values: Values): Parameters<typeof authorizationOptionsOf>[0] {
  const own = Object.entries(values).filter(([name]) => name.startsWith('authorization'))
  return Object.fromEntries(own) as Parameters<typeof authorizationOptionsOf>[0]
}
