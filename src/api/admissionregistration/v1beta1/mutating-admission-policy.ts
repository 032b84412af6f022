import { inVersion } from '../../machinery/other-version.ts'
import { mutatingAdmissionPolicy as stored } from '../v1/mutating-admission-policy.ts'
import { fields } from './fields.ts'

export const mutatingAdmissionPolicy = inVersion(stored, 'v1beta1', {
  fields,
})
