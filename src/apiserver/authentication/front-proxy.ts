/**
 * A proxy before this server that knows who asks, and says so in headers. It is believed by its certificate: signed by the front
 * proxies' own authority, for one of the names that may speak for others. The same headers from anybody else mean nothing.
 */
import type { X509Certificate } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import { subjectOf } from '#base/pki/subject.ts'
import type { ApiRequest } from '#client/transport.ts'
import { type Authenticator, type UserInfo, unauthorized } from './authenticator.ts'
import { certificateVerifier } from './certificate-verifier.ts'

export interface FrontProxyOptions {
  /** PEM of the authorities of front proxies. */
  readonly authorities: readonly string[]
  /** Common names that may speak for others; none means all that the authorities signed. */
  readonly names: readonly string[]
  readonly clock: Clock
}

const USER = 'x-remote-user'
const UID = 'x-remote-uid'
const GROUP = 'x-remote-group'
const EXTRA_PREFIX = 'x-remote-extra-'

export function frontProxyAuthenticator(options: FrontProxyOptions): Authenticator {
  const { authorities, names, clock } = options
  const nameOf = certificateVerifier({ authorities, clock, identity: commonNameOf })
  return {
    async authenticate(request, peer) {
      const { headers = {} } = request
      // Nearly every request.
      if (headers[USER] === undefined) return undefined
      const [name] = valuesOf(headers[USER])
      if (name === undefined) return undefined
      const proxy = nameOf(peer)
      if (proxy === undefined) return undefined
      if (names.length > 0 && !names.includes(proxy)) throw unauthorized()
      return userIn(name, headers)
    },
  }
}

function userIn(name: string, headers: NonNullable<ApiRequest['headers']>): UserInfo {
  const [uid = ''] = valuesOf(headers[UID])
  const extra = new Map<string, readonly string[]>()
  for (const header in headers)
    if (header.startsWith(EXTRA_PREFIX))
      extra.set(keyOf(header.slice(EXTRA_PREFIX.length)), valuesOf(headers[header]))
  return {
    name,
    ...(uid === '' ? {} : { uid }),
    groups: valuesOf(headers[GROUP]),
    ...(extra.size > 0 ? { extra: Object.fromEntries(extra) } : {}),
  }
}

/** Repeated headers are joined by newlines. Node reads one letter a byte where UTF-8 was sent. */
function valuesOf(text: string | undefined): string[] {
  if (text === undefined) return []
  return text
    .split('\n')
    .map(each => Buffer.from(each.trim(), 'latin1').toString())
    .filter(each => each !== '')
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
