/** TokenReview: others (kubelets, webhooks) ask whose token this is. And SelfSubjectReview: who am I? */
import type { SelfSubjectReview } from '#api/authentication/v1/self-subject-review.ts'
import type { TokenReview } from '#api/authentication/v1/token-review.ts'
import { badRequest, isStatus } from '#api/machinery/status.ts'
import { withAuthenticatedGroup } from './authentication.ts'
import type { UserInfo } from './authenticator.ts'
import { type TokenVerifier, verifyToken, whyWrong } from './bearer-tokens.ts'

/** The review with its status; a wrong token is an answer, not an error. */
export async function reviewToken(
  review: TokenReview,
  verifiers: readonly TokenVerifier[],
): Promise<TokenReview> {
  const { token, audiences } = review.spec
  if (token === '') throw badRequest('token is required for TokenReview in authentication')
  const status = await statusOf(token, audiences?.length ? audiences : undefined, verifiers)
  return { ...review, status }
}

async function statusOf(
  token: string,
  audiences: readonly string[] | undefined,
  verifiers: readonly TokenVerifier[],
): Promise<TokenReview['status']> {
  try {
    const verified = await verifyToken(verifiers, token, audiences)
    if (verified === undefined) return { user: {}, error: 'invalid bearer token' }
    return {
      authenticated: true,
      user: wireUser(withAuthenticatedGroup(verified.user)),
      audiences: [...verified.audiences],
    }
  } catch (error) {
    if (!isStatus(error, 'Unauthorized')) throw error
    const why = whyWrong(error)
    return {
      user: {},
      error: why.startsWith(INVALID) ? `[${why}]` : `[${INVALID}, ${why}]`,
    }
  }
}

const INVALID = 'invalid bearer token'

/** The answer repeats nothing of the question. */
export function reviewSelf(
  { apiVersion, kind }: SelfSubjectReview,
  user: UserInfo,
  creationTimestamp: string,
): SelfSubjectReview {
  return { apiVersion, kind, metadata: { creationTimestamp }, status: { userInfo: wireUser(user) } }
}

/** A user as the API writes it down. */
export function wireUser({ name, uid, groups, extra }: UserInfo) {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups: [...groups],
    ...(extra === undefined
      ? {}
      : { extra: Object.fromEntries(Object.entries(extra).map(([key, of]) => [key, [...of]])) }),
  }
}
