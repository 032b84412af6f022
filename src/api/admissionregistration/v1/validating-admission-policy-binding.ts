import { ageColumn, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { paramRefColumn, policyNameColumn } from './columns.ts'
import {
  type ValidatingAdmissionPolicyBinding,
  validatingAdmissionPolicyBindingShape,
} from './policies.schema.ts'
import { validateValidatingBinding } from './policies.validation.ts'

export const validatingAdmissionPolicyBinding = defineKind<ValidatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  categories: ['api-extensions'],
  scope: 'Cluster',
  shape: validatingAdmissionPolicyBindingShape,
  hasGeneration: true,
  validate: validateValidatingBinding,
  columns: [nameColumn, policyNameColumn, paramRefColumn, ageColumn],
})
