/**
 * Who asks, and what may they, as upstream delegates it: client certificates and front proxies are believed by the authorities that the
 * API server publishes in kube-system/extension-apiserver-authentication, tokens are checked and rights are asked of the API server itself.
 */
import { tokenReview } from '#api/authentication/v1/token-review.ts'
import { subjectAccessReview } from '#api/authorization/v1/subject-access-review.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { authentication } from '#apiserver/authentication/authentication.ts'
import {
  type Authenticator,
  type UserInfo,
  unauthorized,
} from '#apiserver/authentication/authenticator.ts'
import { clientCertificateAuthenticator } from '#apiserver/authentication/client-certificates.ts'
import { frontProxyAuthenticator } from '#apiserver/authentication/front-proxy.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { certificatesIn } from '#base/pki/pem.ts'
import type { Reader, Writer } from '#client/client.ts'
import { bearerOf } from '#client/serving/bearer.ts'
import type { ServedPeer } from '#client/serving/handler.ts'
import { createRemembered } from '#client/serving/remembered.ts'
import type { ApiRequest } from '#client/transport.ts'

export interface DelegationOptions {
  readonly client: Pick<Reader, 'get'> & Pick<Writer, 'create'>
  readonly clock: Clock
  readonly log: Log
}

/** Upstream's times for answers about tokens and rights. */
const REMEMBERED_MS = 10_000
/** How long the published authorities are believed before they are read again. */
const TRUST_MS = 30_000

export interface Delegation {
  /** Whoever shows nothing is anonymous. Throws Unauthorized for what is wrong. */
  authenticate(request: ApiRequest, peer: ServedPeer): Promise<UserInfo>
  /** `attributes` are those of a SubjectAccessReview, of a resource or of a path. Rejects where the API server cannot be asked. */
  mayDo(
    user: UserInfo,
    attributes: object,
  ): Promise<{ readonly isAllowed: boolean; readonly reason: string }>
}

export function createDelegation(options: DelegationOptions): Delegation {
  const { client, clock, log } = options
  const trust = createRemembered({ clock, forMs: TRUST_MS, limit: 1 }, () => trustIn(options))
  const ownerOf = createRemembered({ clock, forMs: REMEMBERED_MS }, (token: string) =>
    review(token),
  )
  const judged = createRemembered({ clock, forMs: REMEMBERED_MS }, (spec: string) => judge(spec))

  const review = async (token: string): Promise<UserInfo | undefined> => {
    const { status } = await client.create(tokenReview, { spec: { token } } as never)
    if (!status.authenticated) return undefined
    const { username = '', uid, groups = [], extra } = status.user
    return { name: username, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) }
  }
  const judge = async (spec: string) => {
    const { status } = await client.create(subjectAccessReview, { spec: JSON.parse(spec) } as never)
    return { isAllowed: status.allowed && status.denied !== true, reason: status.reason ?? '' }
  }

  const byToken: Authenticator = {
    async authenticate(request) {
      const token = bearerOf(request)
      if (token === undefined) return undefined
      const user = await ownerOf(token).catch(error => {
        log.warn('a token could not be checked', { why: messageOf(error) })
        return undefined
      })
      if (!user) throw unauthorized()
      return user
    },
  }

  return {
    async authenticate(request, peer) {
      const known = await trust('').catch(error => {
        log.warn('the authorities of clients could not be read', { why: messageOf(error) })
        return []
      })
      return authentication({ authenticators: [...known, byToken] }).authenticate(request, peer)
    },
    mayDo: ({ name, groups, uid, extra }, attributes) =>
      judged(JSON.stringify({ user: name, groups, uid, extra, ...attributes })),
  }
}

/** How those are known whom the API server believes. */
async function trustIn({ client, clock }: DelegationOptions): Promise<readonly Authenticator[]> {
  const name = 'extension-apiserver-authentication'
  const { data = {} } = await client.get(configMap, name, 'kube-system')
  const clients = certificatesIn(data['client-ca-file'])
  const proxies = certificatesIn(data['requestheader-client-ca-file'])
  const listIn = (key: string): readonly string[] =>
    JSON.parse(data[`requestheader-${key}`] ?? '[]')
  const known: Authenticator[] = []
  if (proxies.length > 0)
    known.push(
      frontProxyAuthenticator({
        authorities: proxies,
        names: listIn('allowed-names'),
        usernameHeaders: listIn('username-headers'),
        uidHeaders: listIn('uid-headers'),
        groupHeaders: listIn('group-headers'),
        extraPrefixes: listIn('extra-headers-prefix'),
        clock,
      }),
    )
  if (clients.length > 0)
    known.push(clientCertificateAuthenticator({ authorities: clients, clock }))
  return known
}
