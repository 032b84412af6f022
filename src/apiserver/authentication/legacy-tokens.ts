/**
 * Tokens of service accounts that live in Secrets, without an end: good as long as the Secret has them and the account is there. Their
 * last use is noted on the Secret, so that those that nobody uses can be found.
 */
import { timingSafeEqual } from 'node:crypto'
import type { Secret } from '#api/core/v1/secret.ts'
import type { Eventually } from '../authorization/authorizer.ts'
import { serviceAccountUser, unauthorized } from './authenticator.ts'
import type { TokenVerifier } from './bearer-tokens.ts'
import { type Claims, type SigningKey, unverifiedClaims, verifiedClaims } from './jwt.ts'
import type { BoundObject } from './service-account-tokens.ts'

const LEGACY_ISSUER = 'kubernetes/serviceaccount'
const PREFIX = 'kubernetes.io/serviceaccount/'
const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since'

export interface LegacyTokenOptions {
  readonly keys: readonly SigningKey[]
  /** What this server calls itself: such tokens are for nobody else. */
  readonly audiences: readonly string[]
  readonly world: {
    serviceAccount(namespace: string, name: string): Eventually<BoundObject | undefined>
    secret(namespace: string, name: string): Eventually<Secret | undefined>
  }
  /** Told of each use; must not keep the request waiting. */
  readonly used: (secret: Secret) => void
}

export function legacyTokens({ keys, audiences, world, used }: LegacyTokenOptions): TokenVerifier {
  return {
    async verify(token, wanted = audiences) {
      if (unverifiedClaims(token)?.iss !== LEGACY_ISSUER) return undefined
      const claims = verifiedClaims(token, keys)
      const facts = claims && factsIn(claims)
      const common = wanted.filter(audience => audiences.includes(audience))
      if (!facts || common.length === 0) throw unauthorized()
      const { namespace, secretName, name, uid } = facts
      const secret = await world.secret(namespace, secretName)
      if (!secret || secret.metadata.deletionTimestamp || !holds(secret, token))
        throw unauthorized()
      const account = await world.serviceAccount(namespace, name)
      if (!account || account.metadata.deletionTimestamp || account.metadata.uid !== uid)
        throw unauthorized()
      // Noted in any case: whoever marked it as invalid wants to know who still uses it.
      used(secret)
      if (secret.metadata.labels?.[INVALID_SINCE]) throw unauthorized()
      return { user: serviceAccountUser(namespace, name, uid), audiences: common }
    },
  }
}

function factsIn(claims: Claims) {
  const text = (key: string) => {
    const value = claims[PREFIX + key]
    return typeof value === 'string' ? value : ''
  }
  const namespace = text('namespace')
  const secretName = text('secret.name')
  const name = text('service-account.name')
  const uid = text('service-account.uid')
  if (!namespace || !secretName || !name || !uid) return undefined
  if (claims.sub !== serviceAccountUser(namespace, name).name) return undefined
  return { namespace, secretName, name, uid }
}

function holds({ data = {} }: Secret, token: string): boolean {
  const kept = Buffer.from(data.token ?? '', 'base64')
  const given = Buffer.from(token)
  return kept.length === given.length && timingSafeEqual(kept, given)
}
