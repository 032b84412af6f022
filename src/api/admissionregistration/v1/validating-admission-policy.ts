import { prepareExpressions } from '../../cel/expressions.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { paramKindColumn } from './columns.ts'
import {
  type ValidatingAdmissionPolicy,
  validatingAdmissionPolicyShape,
} from './policies.schema.ts'
import {
  validateNewValidatingPolicy,
  validateValidatingPolicy,
  validateValidatingPolicyStatus,
} from './policies.validation.ts'

export const validatingAdmissionPolicy = defineKind<ValidatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  categories: ['api-extensions'],
  scope: 'Cluster',
  shape: validatingAdmissionPolicyShape,
  hasGeneration: true,
  prepareWrites: prepareExpressions,
  prepareForCreate: draft => {
    draft.status = {}
  },
  prepareForUpdate: (draft, previous) => {
    draft.status = previous.status
  },
  validateCreate: validateNewValidatingPolicy,
  validateUpdate: validateValidatingPolicy,
  validateStatusUpdate: validateValidatingPolicyStatus,
  columns: [
    nameColumn,
    column('Validations', 'How many rules it has.', ({ spec }) => spec.validations?.length ?? 0, {
      type: 'integer',
    }),
    paramKindColumn,
    ageColumn,
  ],
  subresources: { status: true },
})
