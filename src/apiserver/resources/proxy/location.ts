/** URLs of a proxied target that lead to the target itself lead through the proxy again; all others stay as they are. */
import { StatusError } from '#api/machinery/status.ts'
import type { ApiResponse } from '#client/transport.ts'

export interface ProxiedPlace {
  /** Under which hosts the target is known, and this server to its client: `10.1.2.3:8080`. */
  readonly hosts: readonly (string | undefined)[]
  /** The API's path that stands for the target's root, without slash at its end. */
  readonly prefix: string
}

/** Relative URLs are right as they are; what has the prefix already was made by somebody who knows of the proxy. */
export function throughProxy(url: string, { hosts, prefix }: ProxiedPlace): string {
  const [, authority, rest = ''] = /^(?:https?:)?\/\/([^/?#]*)(.*)$/is.exec(url) ?? []
  if (authority === undefined) return url.startsWith('/') ? under(prefix, url) : url
  if (!hosts.includes(authority)) return url
  return under(prefix, rest.startsWith('/') ? rest : `/${rest}`)
}

function under(prefix: string, path: string): string {
  const isUnder = path.startsWith(prefix) && /^[/?#]?$/.test(path.charAt(prefix.length))
  return isUnder ? path : prefix + path
}

/** The Location that the client is to see; undefined where there is none. */
export function locationThrough(
  { headers: { location } }: ApiResponse,
  place: ProxiedPlace,
): string | undefined {
  if (location === undefined) return undefined
  const why = faultOf(location)
  if (why !== undefined)
    throw new StatusError(
      'InternalError',
      `error trying to parse Location header: parse ${JSON.stringify(location)}: ${why}`,
    )
  return throughProxy(location, place)
}

/** What upstream, too, takes for no URL at all: sent on it would mean one thing to one client and something else to another. */
function faultOf(url: string): string | undefined {
  const [path = ''] = url.split(/[?#]/, 1)
  const wrong = /%(?![0-9a-f]{2}).{0,2}/is.exec(path)
  if (wrong) return `invalid URL escape ${JSON.stringify(wrong[0])}`
  const [, port] = /^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/]*:([^/\]]*)(?:\/|$)/i.exec(path) ?? []
  if (port !== undefined && !/^\d*$/.test(port)) return `invalid port ":${port}" after host`
  if (path.startsWith(':')) return 'missing protocol scheme'
  return undefined
}
