/**
 * Who may talk to the dashboard's server. It acts with somebody's rights, so a page of somebody else's must get nothing from it: neither by a
 * name that it let point here (DNS rebinding), nor by a request across sites. Who has read the terminal has the token; it is good once, for a
 * key that the page has drawn and sends in a header of its own from then on. There is no cookie, so no request carries the key by itself.
 */
import { isIP } from 'node:net'
import type { Random } from '#base/random.ts'

type Headers = Readonly<Record<string, string>>

/** Browsers send their token among the subprotocols of a web socket, as the API's own clients do. */
const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.'
const KEY_BYTES = 32
/** Browsers that are let in at a time; the one that came first has to go for another. */
const MAXIMUM_SESSIONS = 64

/** What pages draw: as many bytes, in base64url. */
const KEY = /^[\w-]{43}$/

export interface Sessions {
  /** The token that lets the next browser in. */
  readonly token: string
  /**
   * Lets the browser with this key in, and makes another token; false where that is not the token. The same once more is no other browser, but one
   * that has not heard the answer.
   */
  letIn(token: string, key: string): boolean
  isKnown(key: string | undefined): boolean
}

export function createSessions(random: Random, onNewToken: (token: string) => void): Sessions {
  const draw = () => Buffer.from(random.bytes(KEY_BYTES)).toString('base64url')
  /** With the token that each came in by. */
  const keys = new Map<string, string>()
  let token = draw()
  return {
    get token() {
      return token
    },
    letIn(given, key) {
      if (!KEY.test(key)) return false
      const before = keys.get(key)
      if (before !== undefined && sameText(given, before)) return true
      if (!sameText(given, token)) return false
      keys.set(key, token)
      token = draw()
      for (const oldest of keys.keys()) {
        if (keys.size <= MAXIMUM_SESSIONS) break
        keys.delete(oldest)
      }
      onNewToken(token)
      return true
    },
    isKnown: key => key !== undefined && keys.has(key),
  }
}

/** In a time that does not tell how much of it is right. */
function sameText(one: string, other: string): boolean {
  if (one.length !== other.length) return false
  let difference = 0
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at)
  return difference === 0
}

/**
 * Why a request is not from the dashboard's own page, or undefined. Only an address, or the name that every machine has for itself, can be in
 * the address bar of who means this server: any other name could be somebody's who made it point here.
 */
export function strangeOrigin(headers: Headers, isNavigation: boolean): string | undefined {
  const { host = '', origin } = headers
  const name = hostNameOf(host)
  const isPlain = /^[\w.:[\]-]+$/.test(host)
  if (!isPlain || (isIP(name) === 0 && name !== 'localhost' && !name.endsWith('.localhost')))
    return `the dashboard answers to addresses and to localhost only, not to the host ${JSON.stringify(host)}`
  if (origin !== undefined && origin !== `http://${host}`)
    return 'the dashboard answers to its own pages only, not to those of another origin'
  const site = headers['sec-fetch-site']
  if (!isNavigation && site !== undefined && site !== 'same-origin' && site !== 'none')
    return 'the dashboard answers to its own pages only, not to those of another site'
  return undefined
}

function hostNameOf(host: string): string {
  const [, inBrackets, plain = ''] = /^(?:\[([^\]]+)\]|([^:]*))(?::\d+)?$/.exec(host) ?? []
  return (inBrackets ?? plain).toLowerCase()
}

/** How the pages say what they accept where they cannot set headers, in base64url. */
const ACCEPT_PROTOCOL = 'base64url.accept.dashboard.proa.dev.'

/** What the opener of a web socket accepts, as it could say it in a header. */
export function acceptOf(headers: Headers): string | undefined {
  const said = protocolAfter(headers, ACCEPT_PROTOCOL)
  return said === undefined ? undefined : Buffer.from(said, 'base64url').toString('latin1')
}

/** The key that a request carries, in its header or among the subprotocols of its web socket. */
export function keyOf(headers: Headers): string | undefined {
  const [, bearer] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? []
  if (bearer !== undefined) return bearer
  return protocolAfter(headers, TOKEN_PROTOCOL)
}

function protocolAfter(headers: Headers, prefix: string): string | undefined {
  return (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map(name => name.trim())
    .find(name => name.startsWith(prefix))
    ?.slice(prefix.length)
}
