import { inVersion } from '../../machinery/other-version.ts'
import { mutatingAdmissionPolicyBinding as stored } from '../v1/mutating-admission-policy-binding.ts'
import { fields } from './fields.ts'

export const mutatingAdmissionPolicyBinding = inVersion(stored, 'v1beta1', {
  fields,
})
