import { inVersion } from '../../machinery/other-version.ts'
import { mutatingAdmissionPolicyBinding as stored } from '../v1/mutating-admission-policy-binding.ts'
import type { MutatingAdmissionPolicyBinding } from '../v1/policies.schema.ts'
import { fields } from './fields.ts'

export const mutatingAdmissionPolicyBinding = {
  ...inVersion(stored, 'v1alpha1', {
    fields,
    deprecation:
      'admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicyBinding is deprecated in v1.35+, unavailable in v1.38+',
  }),
  /** In this version alone, missing parameters need not be provided for. */
  defaults: denyWithoutParameters,
}

function denyWithoutParameters({ spec: { paramRef } }: MutatingAdmissionPolicyBinding): void {
  if (paramRef) paramRef.parameterNotFoundAction ??= 'Deny'
}
