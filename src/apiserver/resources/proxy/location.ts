/** Redirects of a proxied target that lead to the target itself lead through the proxy again; all others stay as they are. */
import { type ForwardTarget, hostOf } from '#client/forwarding/forwarder.ts'
import type { ApiResponse } from '#client/transport.ts'

export interface ProxiedPlace {
  readonly target: ForwardTarget
  /** The API's path that stands for the target's root. */
  readonly prefix: string
  /** Under which host the client knows this server. */
  readonly host: string | undefined
}

/** The Location that the client is to see; undefined where there is none. Relative ones are right as they are. */
export function locationThrough(
  { headers: { location } }: ApiResponse,
  { target, prefix, host }: ProxiedPlace,
): string | undefined {
  if (location === undefined) return undefined
  const [, authority, rest = ''] = /^(?:https?:)?\/\/([^/?#]*)(.*)$/is.exec(location) ?? []
  if (authority === undefined) {
    if (!location.startsWith('/')) return location
    return location.startsWith(`${prefix}/`) ? location : prefix + location
  }
  if (authority !== hostOf(target) && authority !== target.address && authority !== host)
    return location
  const path = rest.startsWith('/') ? rest : `/${rest}`
  return path.startsWith(`${prefix}/`) ? path : prefix + path
}
