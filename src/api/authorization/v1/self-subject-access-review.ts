import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { shape, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { nonResourceAttributes, resourceAttributes } from './attributes.ts'
import { subjectAccessReviewStatus } from './subject-access-review.ts'
import { validateNoMetadata, validateQuestion } from './validation.ts'

export const selfSubjectAccessReviewSpec = shape(
  'io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec',
  'May I do that?',
  {
    resourceAttributes: struct(1, resourceAttributes)
      .optional()
      .doc('Do what with which resource; instead of nonResourceAttributes.'),
    nonResourceAttributes: struct(2, nonResourceAttributes)
      .optional()
      .doc('Do what with which path.'),
  },
)
export type SelfSubjectAccessReviewSpec = ValueOfShape<typeof selfSubjectAccessReviewSpec>

export const selfSubjectAccessReviewShape = objectShape(
  'io.k8s.api.authorization.v1.SelfSubjectAccessReview',
  'Asks whether oneself may do something.',
  {
    spec: struct(2, selfSubjectAccessReviewSpec).required().doc('What.'),
    status: struct(3, subjectAccessReviewStatus).always().doc('The answer.'),
  },
)
export type SelfSubjectAccessReview = ObjectOfShape<typeof selfSubjectAccessReviewShape>

export const selfSubjectAccessReview = defineKind<SelfSubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  scope: 'Cluster',
  shape: selfSubjectAccessReviewShape,
  validate: object => [
    ...validateQuestion(object.spec),
    ...validateNoMetadata(object.metadata, { detail: 'must be empty' }),
  ],
  verbs: ['create'],
  ephemeral: true,
})
