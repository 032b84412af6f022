import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { struct } from '../../machinery/schema.ts'
import { subjectAccessReviewSpec, subjectAccessReviewStatus } from './subject-access-review.ts'

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
  verbs: ['create'],
  ephemeral: true,
})
