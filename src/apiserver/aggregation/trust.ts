/**
 * The ConfigMap in which other API servers read whom to believe: the authority of clients' certificates, that of the front proxy, and
 * the headers in which it says who asks. What others added stays.
 */
import { X509Certificate } from 'node:crypto'
import { certificatesIn } from '#base/pki/pem.ts'
import { type IdentityHeaders, STANDARD_HEADERS } from '../authentication/front-proxy.ts'
import { keepConfigMap } from '../bootstrap/kept-config-map.ts'
import { isEqual } from '../resources/equal.ts'
import type { ServerContext } from '../server-context.ts'

export interface Trust {
  /** PEM of the authority whose certificates make users. */
  readonly clientAuthority: string
  /** PEM of the authority of this server's own certificate, by which others know it. */
  readonly frontProxyAuthority: string
  /** Where that authority may be replaced: after how long it is looked at again. */
  readonly lookAgainMs?: number
  /** Common names of such certificates. */
  readonly frontProxyNames: readonly string[]
  /** The headers in which they say who asks, where not the standard ones. */
  readonly frontProxyHeaders?: Partial<IdentityHeaders>
}

/** Clocks of other machines may be behind. */
const SLACK_MS = 5 * 60_000

const headersOf = ({ frontProxyHeaders }: Trust) => ({ ...STANDARD_HEADERS, ...frontProxyHeaders })

const LISTS: Readonly<Record<string, (trust: Trust) => readonly string[]>> = {
  'requestheader-username-headers': trust => headersOf(trust).usernameHeaders,
  'requestheader-uid-headers': trust => headersOf(trust).uidHeaders,
  'requestheader-group-headers': trust => headersOf(trust).groupHeaders,
  'requestheader-extra-headers-prefix': trust => headersOf(trust).extraPrefixes,
  'requestheader-allowed-names': ({ frontProxyNames }) => frontProxyNames,
}
const BUNDLES: Readonly<Record<string, (trust: Trust) => string>> = {
  'client-ca-file': ({ clientAuthority }) => clientAuthority,
  'requestheader-client-ca-file': ({ frontProxyAuthority }) => frontProxyAuthority,
}

/** Begins a moment later; the returned function ends it, and is over when the last write is. */
export function keepTrust(server: ServerContext, trust: Trust): () => Promise<void> {
  return keepConfigMap(server, {
    name: 'extension-apiserver-authentication',
    dataFor(present) {
      const data = dataOf(trust, present?.data ?? {}, server.clock.now())
      return present && isEqual(present.data, data) ? trust.lookAgainMs : data
    },
  })
}

function dataOf(
  trust: Trust,
  present: Readonly<Record<string, string>>,
  now: number,
): Record<string, string> {
  const data: Record<string, string> = {}
  for (const [key, textOf] of Object.entries(BUNDLES))
    data[key] = bundleOf([...certificatesIn(present[key] ?? ''), textOf(trust)], now)
  for (const [key, listOf] of Object.entries(LISTS))
    data[key] = JSON.stringify([...new Set([...listIn(present[key]), ...listOf(trust)])])
  return data
}

function listIn(text = '[]'): string[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value.filter(each => typeof each === 'string') : []
  } catch {
    return []
  }
}

/** Each certificate once, without those that are over. */
function bundleOf(texts: readonly string[], now: number): string {
  const kept = new Set<string>()
  for (const text of texts.flatMap(text => certificatesIn(text)))
    try {
      const certificate = new X509Certificate(text)
      if (Date.parse(certificate.validTo) > now - SLACK_MS) kept.add(certificate.toString())
    } catch {
      // Nobody could use it, either.
    }
  return [...kept].join('')
}
