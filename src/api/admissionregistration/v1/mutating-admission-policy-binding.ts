import { ageColumn, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { paramRefColumn, policyNameColumn } from './columns.ts'
import {
  type MutatingAdmissionPolicyBinding,
  mutatingAdmissionPolicyBindingShape,
} from './policies.schema.ts'
import { validateMutatingBinding } from './policies.validation.ts'

export const mutatingAdmissionPolicyBinding = defineKind<MutatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicyBinding',
  plural: 'mutatingadmissionpolicybindings',
  categories: ['api-extensions'],
  scope: 'Cluster',
  shape: mutatingAdmissionPolicyBindingShape,
  hasGeneration: true,
  validate: validateMutatingBinding,
  columns: [nameColumn, policyNameColumn, paramRefColumn, ageColumn],
})
