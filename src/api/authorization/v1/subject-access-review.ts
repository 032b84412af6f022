import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import {
  boolean,
  list,
  map,
  shape,
  string,
  struct,
  type ValueOfShape,
} from '../../machinery/schema.ts'
import { nonResourceAttributes, resourceAttributes } from './attributes.ts'

export const subjectAccessReviewSpec = shape(
  'io.k8s.api.authorization.v1.SubjectAccessReviewSpec',
  'authorization.SubjectAccessReviewSpec',
  {
    resourceAttributes: struct(1, resourceAttributes)
      .optional()
      .doc('authorization.SubjectAccessReviewSpec.resourceAttributes'),
    nonResourceAttributes: struct(2, nonResourceAttributes)
      .optional()
      .doc('authorization.SubjectAccessReviewSpec.nonResourceAttributes'),
    user: string(3).doc('authorization.SubjectAccessReviewSpec.user'),
    groups: list(4, string()).atomic().doc('authorization.SubjectAccessReviewSpec.groups'),
    extra: map(5, list(undefined, string())).doc('authorization.SubjectAccessReviewSpec.extra'),
    uid: string(6).doc('authorization.SubjectAccessReviewSpec.uid'),
  },
)
export type SubjectAccessReviewSpec = ValueOfShape<typeof subjectAccessReviewSpec>

export const subjectAccessReviewStatus = shape(
  'io.k8s.api.authorization.v1.SubjectAccessReviewStatus',
  'authorization.SubjectAccessReviewStatus',
  {
    allowed: boolean(1).required().doc('authorization.SubjectAccessReviewStatus.allowed'),
    denied: boolean(4).doc('authorization.SubjectAccessReviewStatus.denied'),
    reason: string(2).doc('authorization.SubjectAccessReviewStatus.reason'),
    evaluationError: string(3).doc('authorization.SubjectAccessReviewStatus.evaluationError'),
  },
)
export type SubjectAccessReviewStatus = ValueOfShape<typeof subjectAccessReviewStatus>

export const subjectAccessReviewShape = objectShape(
  'io.k8s.api.authorization.v1.SubjectAccessReview',
  'authorization.SubjectAccessReview',
  {
    spec: struct(2, subjectAccessReviewSpec)
      .required()
      .doc('authorization.SubjectAccessReview.spec'),
    status: struct(3, subjectAccessReviewStatus)
      .always()
      .doc('authorization.SubjectAccessReview.status'),
  },
)
export type SubjectAccessReview = ObjectOfShape<typeof subjectAccessReviewShape>

export const subjectAccessReview = defineKind<SubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  scope: 'Cluster',
  shape: subjectAccessReviewShape,
  verbs: ['create'],
  ephemeral: true,
})
