import { inVersion } from '../../machinery/other-version.ts'
import { mutatingAdmissionPolicyBinding as stored } from '../v1/mutating-admission-policy-binding.ts'
import { fields } from './fields.ts'

export const mutatingAdmissionPolicyBinding = inVersion(stored, 'v1beta1', {
  fields,
  deprecation:
    'admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicyBinding is deprecated in v1.37+, unavailable in v1.40+; use admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding',
})
