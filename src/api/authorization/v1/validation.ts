import { type FieldError, invalid } from '../../machinery/field-error.ts'
import type { NonResourceAttributes, ResourceAttributes } from './attributes.ts'

interface Question {
  readonly resourceAttributes?: ResourceAttributes
  readonly nonResourceAttributes?: NonResourceAttributes
}

/** Exactly one thing is asked about. */
export function validateQuestion(question: Question): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = question
  if (resourceAttributes && nonResourceAttributes)
    return [
      invalid(
        'spec.nonResourceAttributes',
        nonResourceAttributes,
        'cannot be specified in combination with resourceAttributes',
      ),
    ]
  if (!resourceAttributes && !nonResourceAttributes)
    return [
      invalid(
        'spec.resourceAttributes',
        nonResourceAttributes,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ]
  return []
}

/** Also says of whom it is asked. */
export function validateReview(
  spec: Question & { readonly user?: string; readonly groups?: readonly string[] },
): FieldError[] {
  const errors = validateQuestion(spec)
  if (!spec.user && !spec.groups?.length)
    errors.push(
      invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified'),
    )
  return errors
}
