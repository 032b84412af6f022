/**
 * A proxy before this server that knows who asks, and says so in headers. It is believed by its certificate: signed by the front
 * proxies' own authority, for one of the names that may speak for others. The same headers from anybody else mean nothing.
 */
import type { X509Certificate } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import { subjectOf } from '#base/pki/subject.ts'
import type { ApiRequest } from '#client/transport.ts'
import { type Authenticator, type UserInfo, unauthorized } from './authenticator.ts'
import { type Authorities, certificateVerifier } from './certificate-verifier.ts'

export interface FrontProxyOptions extends Partial<IdentityHeaders> {
  /** PEM of the authorities of front proxies. */
  readonly authorities: Authorities
  /** Common names that may speak for others; none means all that the authorities signed. */
  readonly names: readonly string[]
  readonly clock: Clock
}

/** In which headers a front proxy says who asks; of users and UIDs the first that is there counts. */
export interface IdentityHeaders {
  readonly usernameHeaders: readonly string[]
  readonly uidHeaders: readonly string[]
  readonly groupHeaders: readonly string[]
  /** What the names of headers begin with that tell of anything else. */
  readonly extraPrefixes: readonly string[]
}

/** As kubeadm and those behind this server have it. */
export const STANDARD_HEADERS: IdentityHeaders = {
  usernameHeaders: ['X-Remote-User'],
  uidHeaders: ['X-Remote-Uid'],
  groupHeaders: ['X-Remote-Group'],
  extraPrefixes: ['X-Remote-Extra-'],
}

export function frontProxyAuthenticator(options: FrontProxyOptions): Authenticator {
  const { authorities, names, clock } = options
  const nameOf = certificateVerifier({ authorities, clock, identity: commonNameOf })
  const known = asSent(options)
  return {
    async authenticate(request, peer) {
      const { headers = {} } = request
      const name = firstOf(known.usernameHeaders, headers)
      // Nearly every request.
      if (name === undefined) return undefined
      const proxy = nameOf(peer)
      if (proxy === undefined) return undefined
      if (names.length > 0 && !names.includes(proxy)) throw unauthorized()
      return userIn(name, headers, known)
    },
  }
}

/**
 * Which headers are for this server alone, where others than the standard ones are: nobody to whom a request is passed on may take
 * them for its own proxy's. Undefined where the standard ones are, which never leave anyway.
 */
export function privateHeaders(
  options: Partial<IdentityHeaders>,
): ((name: string) => boolean) | undefined {
  const { usernameHeaders, uidHeaders, groupHeaders, extraPrefixes } = asSent(options)
  const isStandard = (name: string) => name.startsWith('x-remote-')
  const names = [...usernameHeaders, ...uidHeaders, ...groupHeaders].filter(n => !isStandard(n))
  const prefixes = extraPrefixes.filter(prefix => !isStandard(prefix))
  if (names.length === 0 && prefixes.length === 0) return undefined
  return name => names.includes(name) || prefixes.some(prefix => name.startsWith(prefix))
}

/** Names of headers arrive in lower case. */
function asSent(options: Partial<IdentityHeaders>): IdentityHeaders {
  const { usernameHeaders, uidHeaders, groupHeaders, extraPrefixes } = {
    ...STANDARD_HEADERS,
    ...options,
  }
  const lower = (names: readonly string[]) => names.map(name => name.trim().toLowerCase())
  return {
    usernameHeaders: lower(usernameHeaders),
    uidHeaders: lower(uidHeaders),
    groupHeaders: lower(groupHeaders),
    extraPrefixes: lower(extraPrefixes),
  }
}

type Headers = NonNullable<ApiRequest['headers']>

function userIn(name: string, headers: Headers, known: IdentityHeaders): UserInfo {
  const uid = firstOf(known.uidHeaders, headers)
  const extra = new Map<string, readonly string[]>()
  for (const prefix of known.extraPrefixes)
    for (const header in headers)
      if (header.startsWith(prefix)) {
        const key = keyOf(header.slice(prefix.length))
        extra.set(key, [...(extra.get(key) ?? []), ...valuesOf(header, headers)])
      }
  return {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: known.groupHeaders.flatMap(header => valuesOf(header, headers)).filter(Boolean),
    ...(extra.size > 0 ? { extra: Object.fromEntries(extra) } : {}),
  }
}

function firstOf(names: readonly string[], headers: Headers): string | undefined {
  for (const name of names) {
    const [first = ''] = valuesOf(name, headers)
    if (first !== '') return first
  }
  return undefined
}

/** A listener puts newlines between repeated ones, and nobody takes a comma for more than a letter. Node reads one letter a byte where UTF-8 was sent. */
function valuesOf(name: string, headers: Headers): string[] {
  const text = headers[name]
  if (text === undefined) return []
  return text.split('\n').map(each => Buffer.from(each.trim(), 'latin1').toString())
}

/** Keys are percent-encoded, since names of headers cannot hold every character. */
function keyOf(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function commonNameOf({ raw }: X509Certificate): string {
  try {
    return subjectOf(raw).commonName
  } catch (error) {
    if (error instanceof RangeError) throw unauthorized()
    throw error
  }
}
