/** Who may ask a role that runs alone. Health needs no right, so that whoever watches over the process can see it without one. */
import { internalError } from '#api/machinery/status.ts'
import { SYSTEM_MASTERS } from '#apiserver/authentication/authenticator.ts'
import { forbiddenBy } from '#apiserver/authorization/authorizer.ts'
import { messageOf } from '#base/errors.ts'
import { bearerOf } from '#client/serving/bearer.ts'
import type { ServedPeer } from '#client/serving/handler.ts'
import type { ApiRequest } from '#client/transport.ts'
import { createDelegation, type DelegationOptions } from './delegation.ts'

export interface AccessOptions extends DelegationOptions {
  /** Paths that need no right; one that ends with `*` stands for all that begin so. */
  readonly alwaysAllowPaths: readonly string[]
}

/** Throws Unauthorized or Forbidden, or resolves. */
export type Access = (request: ApiRequest, peer: ServedPeer) => Promise<void>

export function createAccess(options: AccessOptions): Access {
  const delegation = createDelegation(options)
  const isOpen = pathMatcher(options.alwaysAllowPaths)
  return async (request, peer) => {
    const path = pathOf(request)
    // Whoever watches over this process must not wait for the API server.
    const isStranger = peer.certificate === undefined && bearerOf(request) === undefined
    if (isStranger && isOpen(path)) return
    const user = await delegation.authenticate(request, peer)
    if (user.groups.includes(SYSTEM_MASTERS) || isOpen(path)) return
    const verb = request.method.toLowerCase()
    const nonResourceAttributes = { path, verb }
    const asked = delegation.mayDo(user, { nonResourceAttributes })
    const { isAllowed, reason } = await asked.catch(error => {
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

export function pathMatcher(patterns: readonly string[]): (path: string) => boolean {
  const exact = new Set(patterns.filter(pattern => !pattern.endsWith('*')))
  const prefixes = patterns
    .filter(pattern => pattern.endsWith('*'))
    .map(pattern => pattern.slice(0, -1))
  return path => exact.has(path) || prefixes.some(prefix => path.startsWith(prefix))
}
