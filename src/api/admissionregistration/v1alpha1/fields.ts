import type { Fields } from '../../machinery/schema.ts'
import { paramRef } from '../v1/rules.schema.ts'

/** Here upstream's description lists values that it leaves out in v1; the rules are the same. */
export const fields: Fields = {
  'ParamRef.parameterNotFoundAction': paramRef.fields.parameterNotFoundAction.enum('Allow', 'Deny'),
}
