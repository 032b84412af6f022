import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { shape, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { userInfo } from './user-info.ts'

export const selfSubjectReviewStatus = shape(
  'io.k8s.api.authentication.v1.SelfSubjectReviewStatus',
  'Who the asker is.',
  {
    userInfo: struct(1, userInfo).always().doc('What the server knows of the asker.'),
  },
)
export type SelfSubjectReviewStatus = ValueOfShape<typeof selfSubjectReviewStatus>

export const selfSubjectReviewShape = objectShape(
  'io.k8s.api.authentication.v1.SelfSubjectReview',
  'Asks who oneself is.',
  {
    status: struct(2, selfSubjectReviewStatus).always().doc('The answer.'),
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
