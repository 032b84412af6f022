/** All flags about access: who may come in, what they may do, and what may be written. */
import { admissionFlags } from './admission-flags.ts'
import { authenticationFlags } from './authentication-flags.ts'
import { authorizationFlags } from './authorization-flags.ts'

export const accessFlags = { ...admissionFlags, ...authenticationFlags, ...authorizationFlags }
