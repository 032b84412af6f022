import { type AnySchema, Field, type Fields } from '../../machinery/schema.ts'
import { mutatingAdmissionPolicySpec as policy } from '../v1/policies.schema.ts'
import { matchResources } from '../v1/rules.schema.ts'

/** Here upstream's description leaves out the values that v1 lists; the rules are the same. */
export const fields: Fields = {
  'MatchResources.matchPolicy': withoutEnum(matchResources.fields.matchPolicy),
  'MutatingAdmissionPolicySpec.failurePolicy': withoutEnum(policy.fields.failurePolicy),
}

function withoutEnum({ schema }: { readonly schema: AnySchema }): Fields[string] {
  const { enum: _, ...rest } = schema
  return new Field(rest as AnySchema)
}
