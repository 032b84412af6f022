import { type FieldError, invalid } from '../../machinery/field-error.ts'
import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { struct } from '../../machinery/schema.ts'
import { subjectAccessReviewSpec, subjectAccessReviewStatus } from './subject-access-review.ts'
import { validateNoMetadata, validateReview } from './validation.ts'

export const localSubjectAccessReviewShape = objectShape(
  'io.k8s.api.authorization.v1.LocalSubjectAccessReview',
  'Asks whether someone may do something in one namespace.',
  {
    spec: struct(2, subjectAccessReviewSpec).required().doc('Who, and what.'),
    status: struct(3, subjectAccessReviewStatus).always().doc('The answer.'),
  },
)
export type LocalSubjectAccessReview = ObjectOfShape<typeof localSubjectAccessReviewShape>

export const localSubjectAccessReview = defineKind<LocalSubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  scope: 'Namespaced',
  shape: localSubjectAccessReviewShape,
  validate: object => [
    ...validateReview(object.spec),
    ...validateNoMetadata(object.metadata, {
      besides: 'namespace',
      detail: 'must be empty except for namespace',
    }),
    ...staysInNamespace(object),
  ],
  verbs: ['create'],
  ephemeral: true,
})

function staysInNamespace({ metadata, spec }: LocalSubjectAccessReview): FieldError[] {
  const errors: FieldError[] = []
  const { namespace = '' } = spec.resourceAttributes ?? {}
  if (spec.resourceAttributes && namespace !== (metadata.namespace ?? ''))
    errors.push(
      invalid('spec.resourceAttributes.namespace', namespace, 'must match metadata.namespace'),
    )
  if (spec.nonResourceAttributes)
    errors.push(
      invalid(
        'spec.nonResourceAttributes',
        spec.nonResourceAttributes,
        'disallowed on this kind of request',
      ),
    )
  return errors
}
