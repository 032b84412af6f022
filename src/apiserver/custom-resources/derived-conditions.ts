/** Conditions of definitions that say what they are, whatever names they got. */
import type { ConditionSource } from '#api/apiextensions/v1/conditions.ts'
import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { approvalOf } from '#api/apiextensions/v1/custom-resource-definition.validation.ts'
import { wrongStructure } from '#api/apiextensions/v1/structural.validation.ts'
import { type FieldError, invalid } from '#api/machinery/field-error.ts'

const APPROVALS = {
  missing: ['False', 'MissingAnnotation'],
  bypassed: ['False', 'UnapprovedAnnotation'],
  approved: ['True', 'ApprovedAnnotation'],
  invalid: ['False', 'InvalidAnnotation'],
} as const

/** Only groups of the community need an approval. */
export function approvalCondition(
  definition: CustomResourceDefinition,
): ConditionSource | undefined {
  const { state, reason: message } = approvalOf(definition)
  if (state === 'free') return undefined
  const [status, reason] = APPROVALS[state]
  return { type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message }
}

/** Definitions from before schemas had to be structural may still be stored; no new one can be like them. */
export function structureCondition({
  spec,
}: CustomResourceDefinition): ConditionSource | undefined {
  if (!spec.preserveUnknownFields) return undefined
  const errors = spec.versions.flatMap(({ schema }, at): FieldError[] =>
    schema?.openAPIV3Schema
      ? wrongStructure(schema.openAPIV3Schema, `spec.versions[${at}].schema.openAPIV3Schema`)
      : [],
  )
  errors.unshift(invalid('spec.preserveUnknownFields', true, 'must be false'))
  const texts = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))]
  return {
    type: 'NonStructuralSchema',
    status: 'True',
    reason: 'Violations',
    message: texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`,
  }
}
