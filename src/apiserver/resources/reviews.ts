/** Questions that are answered and not stored: whose token is this, who am I, may I, what may I. */
import type { SelfSubjectReview } from '#api/authentication/v1/self-subject-review.ts'
import type { TokenReview } from '#api/authentication/v1/token-review.ts'
import type { LocalSubjectAccessReview } from '#api/authorization/v1/local-subject-access-review.ts'
import type { SelfSubjectAccessReview } from '#api/authorization/v1/self-subject-access-review.ts'
import type { SelfSubjectRulesReview } from '#api/authorization/v1/self-subject-rules-review.ts'
import type { SubjectAccessReview } from '#api/authorization/v1/subject-access-review.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { rfc3339 } from '#base/clock.ts'
import { reviewSelf, reviewToken } from '../authentication/token-review.ts'
import {
  reviewAccess,
  reviewLocalAccess,
  reviewSelfAccess,
  reviewSelfRules,
} from '../authorization/access-review.ts'
import type { Exchange } from '../exchange.ts'
import { respondMade } from '../respond.ts'
import { draftOf, parseBody } from './body.ts'
import type { StoredResource } from './registry.ts'
import type { SpecialHandler } from './special.ts'
import { versionsOf } from './versions.ts'
import { admit, checkNamespace, mutate, nowOf, type Write, writeOf } from './write.ts'

type Answer = (review: never, exchange: Exchange) => Promise<object> | object

const answering =
  (answer: Answer): SpecialHandler =>
  async (exchange, resource) => {
    const respond = respondMade(exchange)
    // Nothing of a storage is asked for.
    const write = writeOf(exchange, resource as StoredResource)
    const { kind } = resource
    const review = draftOf(exchange, kind, await parseBody(exchange.request, kind))
    prepare(write, review)
    await mutate(write, review)
    await admit(write, 'CREATE', { object: review })
    return respond(await answer(review as never, exchange), kind)
  }

/** A question is read as an object that is to be created: what only a server says of those is not asked. */
function prepare(write: Write, review: KubernetesObject): void {
  const { metadata } = review
  const { kind } = write.resource
  if (kind.scope === 'Cluster') delete metadata.namespace
  else checkNamespace(write, review)
  delete metadata.uid
  delete metadata.selfLink
  delete metadata.creationTimestamp
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  trackMade(write, kind, review)
}

/** Who asked owns what was asked. */
export function trackMade(write: Write, kind: AnyKind, object: KubernetesObject): void {
  const { manager, subresource, resource } = write
  const { server } = write.exchange
  const entries = server.fieldManagement.track(kind, undefined, object, {
    manager,
    subresource,
    time: nowOf(write),
    versions: versionsOf(server, resource),
  })
  if (entries && entries.length > 0) object.metadata.managedFields = [...entries]
  else delete object.metadata.managedFields
}

export const tokenReviews = answering((review: TokenReview, { server }) =>
  reviewToken(review, server.tokenVerifiers),
)
export const selfSubjectReviews = answering((review: SelfSubjectReview, { user, server }) =>
  reviewSelf(review, user, rfc3339(server.clock.now())),
)
export const subjectAccessReviews = answering((review: SubjectAccessReview, { server }) =>
  reviewAccess(review, server.authorizer),
)
export const localSubjectAccessReviews = answering((review: LocalSubjectAccessReview, { server }) =>
  reviewLocalAccess(review, server.authorizer),
)
export const selfSubjectAccessReviews = answering(
  (review: SelfSubjectAccessReview, { user, server }) =>
    reviewSelfAccess(review, user, server.authorizer),
)
export const selfSubjectRulesReviews = answering(
  (review: SelfSubjectRulesReview, { user, server }) =>
    reviewSelfRules(review, user, server.authorizer),
)
