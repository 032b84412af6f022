import type { Fields } from '../../machinery/schema.ts'
import { mutatingAdmissionPolicySpec as policy } from '../v1/policies.schema.ts'
import { paramRef } from '../v1/rules.schema.ts'
import { withoutEnum } from '../v1beta1/fields.ts'

/** What upstream describes otherwise in this version, and where it reaches for the types of v1. */
export const fields: Fields = {
  'MutatingAdmissionPolicySpec.matchConditions': policy.fields.matchConditions,
  'MutatingAdmissionPolicySpec.reinvocationPolicy': withoutEnum(policy.fields.reinvocationPolicy),
  'ParamRef.parameterNotFoundAction': paramRef.fields.parameterNotFoundAction.enum('Allow', 'Deny'),
}
