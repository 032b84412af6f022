/** `Authorization: Bearer …`, and the same inside a web socket's protocol list, where browsers cannot set headers. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { isStatus, type StatusError } from '#api/machinery/status.ts'
import { bearerOf } from '#client/serving/bearer.ts'
import type { ApiRequest } from '#client/transport.ts'
import {
  type Authenticator,
  type Note,
  type UserInfo,
  unauthorized,
  WrongToken,
  wrongToken,
} from './authenticator.ts'
import type { ServiceAccountTokens, VerifiedToken } from './service-account-tokens.ts'

/** Somebody who understands some tokens: undefined for those of others, Unauthorized for its own that are not good. */
export interface TokenVerifier {
  verify(
    token: string,
    audiences?: readonly string[],
    note?: Note,
  ): Promise<VerifiedToken | undefined>
}

const WEBSOCKET_PREFIX = 'base64url.bearer.authorization.k8s.io.'

/** A token that nobody understands is a wrong one. */
export function bearerTokenAuthenticator(verifiers: readonly TokenVerifier[]): Authenticator {
  return {
    async authenticate(request, _peer, note) {
      const token = bearerTokenOf(request)
      if (token === undefined) return undefined
      const verified = await verifyToken(verifiers, token, undefined, note)
      if (verified === undefined) throw unauthorized()
      return verified.user
    },
  }
}

/** The first verifier that knows the token decides; one that finds it wrong leaves it to those behind it, who may know better. */
export async function verifyToken(
  verifiers: readonly TokenVerifier[],
  token: string,
  audiences?: readonly string[],
  note?: Note,
): Promise<VerifiedToken | undefined> {
  const refusals: StatusError[] = []
  for (const verifier of verifiers) {
    try {
      const verified = await verifier.verify(token, audiences, note)
      if (verified) return verified
    } catch (error) {
      if (!isStatus(error, 'Unauthorized')) throw error
      refusals.push(error)
    }
  }
  const [first, ...more] = refusals
  if (first === undefined || more.length === 0) {
    if (first) throw first
    return undefined
  }
  throw wrongToken(refusals.map(whyWrong).join(', '))
}

/** For reviews of tokens; a 401 says nothing. */
export const whyWrong = (refusal: StatusError): string =>
  refusal instanceof WrongToken ? refusal.why : 'invalid bearer token'

export function bearerTokenOf(request: ApiRequest): string | undefined {
  const token = bearerOf(request)
  if (token !== undefined) return token
  const { headers = {} } = request
  if (headers.upgrade?.toLowerCase() !== 'websocket') return undefined
  const protocols = headers['sec-websocket-protocol']?.split(',').map(each => each.trim()) ?? []
  const own = protocols.filter(each => each.startsWith(WEBSOCKET_PREFIX))
  // Another protocol must stand beside it: the server has to answer with one, and it must not be the token.
  if (own.length !== 1 || own.length === protocols.length) return undefined
  const decoded = Buffer.from(own[0]?.slice(WEBSOCKET_PREFIX.length) ?? '', 'base64url')
  return decoded.toString('utf8') || undefined
}

export interface StaticToken {
  readonly token: string
  readonly user: UserInfo
}

/** Tokens that are known from the start, such as one for an administrator without certificates. */
export function staticTokens(
  tokens: readonly StaticToken[],
  { audiences }: Pick<ServiceAccountTokens, 'audiences'>,
): TokenVerifier {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const known = tokens.map(({ token, user }) => ({ digest: digest(token), user }))
  return {
    async verify(token, wanted = audiences) {
      const asked = digest(token)
      let found: UserInfo | undefined
      // All are compared, each in constant time, so that time tells nothing about any of them.
      for (const each of known) if (timingSafeEqual(each.digest, asked)) found = each.user
      const common = wanted.filter(audience => audiences.includes(audience))
      return found && common.length > 0 ? { user: found, audiences: common } : undefined
    },
  }
}
