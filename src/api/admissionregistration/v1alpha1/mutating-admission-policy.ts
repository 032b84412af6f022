import { inVersion } from '../../machinery/other-version.ts'
import { mutatingAdmissionPolicy as stored } from '../v1/mutating-admission-policy.ts'
import { fields } from './fields.ts'

export const mutatingAdmissionPolicy = inVersion(stored, 'v1alpha1', {
  fields,
  deprecation:
    'admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicy is deprecated in v1.35+, unavailable in v1.38+',
})
