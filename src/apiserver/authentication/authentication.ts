/** The way from a request to its user: every authenticator in order, then nobody in particular (anonymous), or 401. */
import { isStatus, StatusError } from '#api/machinery/status.ts'
import type { ApiRequest } from '#client/transport.ts'
import {
  ALL_AUTHENTICATED,
  ALL_UNAUTHENTICATED,
  type Authenticator,
  anonymous,
  type Note,
  type Peer,
  type UserInfo,
} from './authenticator.ts'
import type { AuthenticationFigures } from './figures.ts'

export interface AuthenticationOptions {
  /** In order: certificates first, for they cost nothing more, then tokens. */
  readonly authenticators: readonly Authenticator[]
  /** Whether requests without any credential are let through as system:anonymous; what they may do is up to RBAC. */
  readonly anonymous?: boolean | AnonymousRule
  /** Counts who was let in. */
  readonly figures?: AuthenticationFigures
}

/** Whether a request may come without any credential. */
export type AnonymousRule = (request: ApiRequest) => boolean

/** Never answers undefined: a request has a user or is refused with 401. */
export function authentication({
  authenticators,
  anonymous: rule = true,
  figures,
}: AuthenticationOptions): {
  authenticate(request: ApiRequest, peer: Peer, note?: Note): Promise<UserInfo>
} {
  const isAllowed = typeof rule === 'boolean' ? () => rule : rule
  return {
    // Each request passes here: one function that waits is cheaper than two.
    async authenticate(request, peer, note) {
      if (peer.user) return peer.user
      const began = figures?.begin() ?? 0
      let refusal: StatusError | undefined
      for (const authenticator of authenticators) {
        try {
          const user = await authenticator.authenticate(request, peer, note)
          if (!user) continue
          figures?.end(began, 'success', user)
          return withAuthenticatedGroup(user)
        } catch (error) {
          if (!isStatus(error, 'Unauthorized')) {
            figures?.end(began, 'error')
            throw error
          }
          refusal ??= error
        }
      }
      if (refusal) {
        figures?.end(began, 'error')
        throw refusal
      }
      // Nothing was wrong: there was nothing.
      const mayPass = isAllowed(request)
      figures?.end(began, mayPass ? 'success' : 'failure', mayPass ? anonymous : undefined)
      if (!mayPass) throw new StatusError('Unauthorized', 'Unauthorized')
      return anonymous
    },
  }
}

/** What of a request's path says where it goes. */
export const pathOf = ({ path }: Pick<ApiRequest, 'path'>): string => path.split('?')[0] ?? path

/** Everybody who proved to be somebody is in system:authenticated. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  const { groups } = user
  if (user.name === anonymous.name) return user
  if (groups.includes(ALL_AUTHENTICATED) || groups.includes(ALL_UNAUTHENTICATED)) return user
  return { ...user, groups: [...groups, ALL_AUTHENTICATED] }
}
