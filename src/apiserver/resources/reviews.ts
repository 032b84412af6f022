/** Questions that are answered and not stored: whose token is this, who am I, may I, what may I. */
import type { SelfSubjectReview } from '#api/authentication/v1/self-subject-review.ts'
import type { TokenReview } from '#api/authentication/v1/token-review.ts'
import type { LocalSubjectAccessReview } from '#api/authorization/v1/local-subject-access-review.ts'
import type { SelfSubjectAccessReview } from '#api/authorization/v1/self-subject-access-review.ts'
import type { SelfSubjectRulesReview } from '#api/authorization/v1/self-subject-rules-review.ts'
import type { SubjectAccessReview } from '#api/authorization/v1/subject-access-review.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { reviewSelf, reviewToken } from '../authentication/token-review.ts'
import { reviewAccess, reviewSelfAccess, reviewSelfRules } from '../authorization/access-review.ts'
import type { Exchange } from '../exchange.ts'
import { respondMade } from '../respond.ts'
import { draftOf, parseBody } from './body.ts'
import type { SpecialHandler } from './special.ts'

type Answer = (review: never, exchange: Exchange) => Promise<object> | object

const answering =
  (answer: Answer): SpecialHandler =>
  async (exchange, { kind }) => {
    const respond = respondMade(exchange)
    const review: KubernetesObject = draftOf(
      exchange,
      kind,
      await parseBody(exchange.request, kind),
    )
    return respond(await answer(review as never, exchange), kind)
  }

export const tokenReviews = answering((review: TokenReview, { server }) =>
  reviewToken(review, server.tokenVerifiers),
)
export const selfSubjectReviews = answering((review: SelfSubjectReview, { user }) =>
  reviewSelf(review, user),
)
export const subjectAccessReviews = answering((review: SubjectAccessReview, { server }) =>
  reviewAccess(review, server.authorizer),
)
export const localSubjectAccessReviews = answering(
  (review: LocalSubjectAccessReview, { server, info }) =>
    reviewAccess(review, server.authorizer, info.namespace),
)
export const selfSubjectAccessReviews = answering(
  (review: SelfSubjectAccessReview, { user, server }) =>
    reviewSelfAccess(review, user, server.authorizer),
)
export const selfSubjectRulesReviews = answering(
  (review: SelfSubjectRulesReview, { user, server }) =>
    reviewSelfRules(review, user, server.authorizer),
)
