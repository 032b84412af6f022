import { defineKind, type ObjectOfShape, objectShape } from '../../machinery/kind.ts'
import { boolean, list, shape, string, struct, type ValueOfShape } from '../../machinery/schema.ts'
import { userInfo } from './user-info.ts'

export const tokenReviewSpec = shape(
  'io.k8s.api.authentication.v1.TokenReviewSpec',
  'A token to be checked.',
  {
    token: string(1).required().mayBeAbsent().doc('The token.'),
    audiences: list(2, string())
      .atomic()
      .doc('For whom it should be meant; the API server if empty.'),
  },
)
export type TokenReviewSpec = ValueOfShape<typeof tokenReviewSpec>

export const tokenReviewStatus = shape(
  'io.k8s.api.authentication.v1.TokenReviewStatus',
  'What a check of a token found.',
  {
    authenticated: boolean(1).doc('Whether the token is good.'),
    user: struct(2, userInfo).always().doc('Whose it is.'),
    audiences: list(4, string()).atomic().doc('Which of the audiences asked for it is meant for.'),
    error: string(3).doc('Why it could not be checked.'),
  },
)
export type TokenReviewStatus = ValueOfShape<typeof tokenReviewStatus>

export const tokenReviewShape = objectShape(
  'io.k8s.api.authentication.v1.TokenReview',
  'Asks whose a token is.',
  {
    spec: struct(2, tokenReviewSpec).required().doc('The token.'),
    status: struct(3, tokenReviewStatus).always().doc('The answer.'),
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
