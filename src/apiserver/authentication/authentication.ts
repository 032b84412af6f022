/** The way from a request to its user: every authenticator in order, then nobody in particular (anonymous), or 401. */
import { isStatus, type StatusError } from '#api/machinery/status.ts'
import type { ApiRequest } from '#client/transport.ts'
import {
  ALL_AUTHENTICATED,
  ALL_UNAUTHENTICATED,
  type Authenticator,
  anonymous,
  type Note,
  type Peer,
  type UserInfo,
  unauthorized,
} from './authenticator.ts'

export interface AuthenticationOptions {
  /** In order: certificates first, for they cost nothing more, then tokens. */
  readonly authenticators: readonly Authenticator[]
  /** Whether requests without any credential are let through as system:anonymous; what they may do is up to RBAC. */
  readonly anonymous?: boolean
}

/** Never answers undefined: a request has a user or is refused with 401. */
export function authentication(options: AuthenticationOptions): {
  authenticate(request: ApiRequest, peer: Peer, note?: Note): Promise<UserInfo>
} {
  return {
    async authenticate(request, peer, note) {
      if (peer.user) return peer.user
      let refusal: StatusError | undefined
      for (const authenticator of options.authenticators) {
        try {
          const user = await authenticator.authenticate(request, peer, note)
          if (user) return withAuthenticatedGroup(user)
        } catch (error) {
          if (!isStatus(error, 'Unauthorized')) throw error
          refusal ??= error
        }
      }
      if (refusal) throw refusal
      if (options.anonymous === false) throw unauthorized()
      return anonymous
    },
  }
}

/** Everybody who proved to be somebody is in system:authenticated. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  const { groups } = user
  if (user.name === anonymous.name) return user
  if (groups.includes(ALL_AUTHENTICATED) || groups.includes(ALL_UNAUTHENTICATED)) return user
  return { ...user, groups: [...groups, ALL_AUTHENTICATED] }
}
