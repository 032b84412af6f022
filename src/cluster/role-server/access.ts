/**
 * Who may ask a role that runs alone, as upstream delegates it: client certificates and front proxies are believed by the authorities
 * that the API server publishes in kube-system/extension-apiserver-authentication, tokens are checked and rights are asked of the API
 * server itself. Health needs no right, so that whoever watches over the process can see it without one.
 */
import { tokenReview } from '#api/authentication/v1/token-review.ts'
import { subjectAccessReview } from '#api/authorization/v1/subject-access-review.ts'
import { configMap } from '#api/core/v1/config-map.ts'
import { internalError } from '#api/machinery/status.ts'
import {
  ALL_AUTHENTICATED,
  type Authenticator,
  anonymous,
  SYSTEM_MASTERS,
  type UserInfo,
  unauthorized,
} from '#apiserver/authentication/authenticator.ts'
import { clientCertificateAuthenticator } from '#apiserver/authentication/client-certificates.ts'
import { frontProxyAuthenticator } from '#apiserver/authentication/front-proxy.ts'
import { forbiddenBy } from '#apiserver/authorization/authorizer.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import { certificatesIn } from '#base/pki/pem.ts'
import type { Reader, Writer } from '#client/client.ts'
import { bearerOf } from '#client/serving/bearer.ts'
import type { ServedPeer } from '#client/serving/handler.ts'
import { createRemembered } from '#client/serving/remembered.ts'
import type { ApiRequest } from '#client/transport.ts'

export interface AccessOptions {
  readonly client: Pick<Reader, 'get'> & Pick<Writer, 'create'>
  readonly clock: Clock
  readonly log: Log
  /** Paths that need no right; one that ends with `*` stands for all that begin so. */
  readonly alwaysAllowPaths: readonly string[]
}

/** Upstream's times for answers about tokens and rights. */
const REMEMBERED_MS = 10_000
/** How long the published authorities are believed before they are read again. */
const TRUST_MS = 30_000

/** Throws Unauthorized or Forbidden, or resolves. */
export type Access = (request: ApiRequest, peer: ServedPeer) => Promise<void>

export function createAccess(options: AccessOptions): Access {
  const { client, clock, log } = options
  const isOpen = pathMatcher(options.alwaysAllowPaths)
  const trust = createRemembered({ clock, forMs: TRUST_MS, limit: 1 }, () => trustIn(options))
  const ownerOf = createRemembered({ clock, forMs: REMEMBERED_MS }, (token: string) =>
    review(token),
  )
  const mayDo = createRemembered({ clock, forMs: REMEMBERED_MS }, (spec: string) => judge(spec))

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

  const authenticate = async (request: ApiRequest, peer: ServedPeer): Promise<UserInfo> => {
    const known = await trust('').catch(error => {
      log.warn('the authorities of clients could not be read', { why: messageOf(error) })
      return []
    })
    for (const authenticator of known) {
      const user = await authenticator.authenticate(request, peer)
      if (user) return { ...user, groups: [...new Set([...user.groups, ALL_AUTHENTICATED])] }
    }
    const token = bearerOf(request)
    if (token === undefined) return anonymous
    const user = await ownerOf(token).catch(error => {
      log.warn('a token could not be checked', { why: messageOf(error) })
      return undefined
    })
    if (!user) throw unauthorized()
    return user
  }

  return async (request, peer) => {
    const path = pathOf(request)
    // Whoever watches over this process must not wait for the API server.
    const isStranger = peer.certificate === undefined && bearerOf(request) === undefined
    if (isStranger && isOpen(path)) return
    const user = await authenticate(request, peer)
    if (user.groups.includes(SYSTEM_MASTERS) || isOpen(path)) return
    const verb = request.method.toLowerCase()
    const { name, groups, uid, extra } = user
    const nonResourceAttributes = { path, verb }
    const spec = JSON.stringify({ user: name, groups, uid, extra, nonResourceAttributes })
    const { isAllowed, reason } = await mayDo(spec).catch(error => {
      throw internalError(`Internal Server Error: ${JSON.stringify(path)}: ${messageOf(error)}`)
    })
    if (!isAllowed) throw forbiddenBy({ ...NO_RESOURCE, user, verb, path }, reason)
  }
}

const NO_RESOURCE = {
  group: '',
  version: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  isResourceRequest: false,
}

const pathOf = ({ path }: ApiRequest): string => path.split('?')[0] ?? ''

function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const exact = new Set(patterns.filter(pattern => !pattern.endsWith('*')))
  const prefixes = patterns
    .filter(pattern => pattern.endsWith('*'))
    .map(pattern => pattern.slice(0, -1))
  return path => exact.has(path) || prefixes.some(prefix => path.startsWith(prefix))
}

/** How those are known whom the API server believes. */
async function trustIn({ client, clock }: AccessOptions): Promise<readonly Authenticator[]> {
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
