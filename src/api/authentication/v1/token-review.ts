import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { boolean, list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { userInfo } from './user-info.ts'

export const tokenReviewSpec = shape(
  'io.k8s.api.authentication.v1.TokenReviewSpec',
  'authentication.TokenReviewSpec',
  {
    token: string(1).doc('authentication.TokenReviewSpec.token'),
    audiences: list(2, string()).atomic().doc('authentication.TokenReviewSpec.audiences'),
  },
)
export type TokenReviewSpec = ValueOfShape<typeof tokenReviewSpec>

export const tokenReviewStatus = shape(
  'io.k8s.api.authentication.v1.TokenReviewStatus',
  'authentication.TokenReviewStatus',
  {
    authenticated: boolean(1).doc('authentication.TokenReviewStatus.authenticated'),
    user: struct(2, userInfo).always().doc('authentication.TokenReviewStatus.user'),
    audiences: list(4, string()).atomic().doc('authentication.TokenReviewStatus.audiences'),
    error: string(3).doc('authentication.TokenReviewStatus.error'),
  },
)
export type TokenReviewStatus = ValueOfShape<typeof tokenReviewStatus>

export const tokenReviewShape = objectShape(
  'io.k8s.api.authentication.v1.TokenReview',
  'authentication.TokenReview',
  {
    spec: struct(2, tokenReviewSpec).required().doc('authentication.TokenReview.spec'),
    status: struct(3, tokenReviewStatus).always().doc('authentication.TokenReview.status'),
  },
)
export type TokenReview = ObjectOfShape<typeof tokenReviewShape>

export const tokenReview = defineKind<TokenReview>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  scope: 'Cluster',
  shape: tokenReviewShape,
  verbs: ['create'],
  ephemeral: true,
})
