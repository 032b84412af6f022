import { prepareExpressions } from '../../cel/expressions.ts'
import { ageColumn, column, nameColumn } from '../../machinery/columns.ts'
import { defineKind } from '../../machinery/kind.ts'
import { paramKindColumn } from './columns.ts'
import { type MutatingAdmissionPolicy, mutatingAdmissionPolicyShape } from './policies.schema.ts'
import { validateMutatingPolicy, validateNewMutatingPolicy } from './policies.validation.ts'

export const mutatingAdmissionPolicy = defineKind<MutatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicy',
  plural: 'mutatingadmissionpolicies',
  categories: ['api-extensions'],
  scope: 'Cluster',
  shape: mutatingAdmissionPolicyShape,
  hasGeneration: true,
  prepareWrites: prepareExpressions,
  validateCreate: validateNewMutatingPolicy,
  validateUpdate: validateMutatingPolicy,
  columns: [
    nameColumn,
    column('Mutations', 'How many changes it makes.', ({ spec }) => spec.mutations?.length ?? 0, {
      type: 'integer',
    }),
    paramKindColumn,
    ageColumn,
  ],
})
