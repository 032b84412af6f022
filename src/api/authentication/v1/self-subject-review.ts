import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { shape, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { userInfo } from './user-info.ts'

export const selfSubjectReviewStatus = shape(
  'io.k8s.api.authentication.v1.SelfSubjectReviewStatus',
  'authentication.SelfSubjectReviewStatus',
  {
    userInfo: struct(1, userInfo).always().doc('authentication.SelfSubjectReviewStatus.userInfo'),
  },
)
export type SelfSubjectReviewStatus = ValueOfShape<typeof selfSubjectReviewStatus>

export const selfSubjectReviewShape = objectShape(
  'io.k8s.api.authentication.v1.SelfSubjectReview',
  'authentication.SelfSubjectReview',
  {
    status: struct(2, selfSubjectReviewStatus)
      .always()
      .doc('authentication.SelfSubjectReview.status'),
  },
)
export type SelfSubjectReview = ObjectOfShape<typeof selfSubjectReviewShape>

export const selfSubjectReview = defineKind<SelfSubjectReview>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  scope: 'Cluster',
  shape: selfSubjectReviewShape,
  verbs: ['create'],
  ephemeral: true,
})
