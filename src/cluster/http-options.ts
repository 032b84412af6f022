/** What the flags about serving ask for: how connections are secured, how requests are answered, and how the server leaves. */
import { getCiphers, type SecureVersion } from 'node:tls'
import { UserError } from '#base/errors.ts'
import { namesIn } from '#base/pki/names-in.ts'
import type { ValuesOf } from '#cli'
import type { NamedCertificate } from '#client/serving/tls.ts'
import { certifiedKeyIn } from './certified-key.ts'
import { opensslNameOf, SUITES, type SuiteName } from './cipher-suites.ts'
import { type Machine, reread } from './reread.ts'

type TlsValues = Pick<
  ValuesOf<'apiserver'>,
  | 'tlsMinVersion'
  | 'tlsCipherSuites'
  | 'tlsSniCertKey'
  | 'http2MaxStreams'
  | 'disableHttp2Serving'
  | 'permitPortSharing'
>
type Values = Pick<
  ValuesOf<'apiserver'>,
  | 'corsAllowedOrigins'
  | 'requestTimeoutMs'
  | 'minRequestTimeout'
  | 'goawayChance'
  | 'shutdownDelayDurationMs'
  | 'shutdownSendRetryAfter'
  | 'shutdownWatchTerminationGracePeriodMs'
  | 'strictTransportSecurityDirectives'
  | 'externalHostname'
  | 'profiling'
> &
  TlsValues

/** How connections are secured and shared. */
export interface TlsFlagsWanted {
  readonly minVersion?: SecureVersion
  /** OpenSSL's names. */
  readonly ciphers?: string
  /** Certificates for names, asked again with each new connection. */
  readonly named?: () => readonly NamedCertificate[]
  /** Requests at a time on one connection; our own choice where absent. */
  readonly streams?: number
  readonly http2?: boolean
  readonly reusePort?: boolean
}

export interface HttpWanted extends TlsFlagsWanted {
  /** Regular expressions. */
  readonly corsAllowedOrigins?: readonly string[]
  readonly requestTimeoutMs?: number
  readonly minRequestTimeoutMs?: number
  /** From 0 to 1. */
  readonly goawayChance?: number
  readonly shutdownDelayMs?: number
  readonly sendsRetryAfter?: boolean
  readonly watchGraceMs?: number
  /** As the header says it. */
  readonly strictTransportSecurity?: string
  readonly externalHostname?: string
  /** Whether profiles are served below /debug/pprof/, to whoever may ask for that path; they are unless this is false. */
  readonly profiling?: boolean
}

const VERSIONS = {
  VersionTLS10: 'TLSv1',
  VersionTLS11: 'TLSv1.1',
  VersionTLS12: 'TLSv1.2',
  VersionTLS13: 'TLSv1.3',
} as const

/** How connections are secured, of any server. Throws UserErrors. */
export function tlsWantedBy(values: TlsValues, machine: Machine): TlsFlagsWanted {
  const ciphers = ciphersOf(values)
  return {
    minVersion: VERSIONS[values.tlsMinVersion],
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(values.tlsSniCertKey.length > 0 ? { named: namedBy(values.tlsSniCertKey, machine) } : {}),
    ...(values.http2MaxStreams > 0 ? { streams: values.http2MaxStreams } : {}),
    http2: !values.disableHttp2Serving,
    reusePort: values.permitPortSharing,
  }
}

/** Throws UserErrors. */
export function httpWantedBy(values: Values, machine: Machine): HttpWanted {
  const times = {
    'request-timeout': values.requestTimeoutMs,
    'shutdown-delay-duration': values.shutdownDelayDurationMs,
    'min-request-timeout': values.minRequestTimeout,
  }
  for (const [flag, ms] of Object.entries(times))
    if (ms < 0) throw new UserError(`--${flag} can not be negative value`)
  if (values.shutdownWatchTerminationGracePeriodMs < 0)
    throw new UserError(
      'shutdown-watch-termination-grace-period, if provided, can not be a negative value',
    )
  for (const pattern of values.corsAllowedOrigins) checkOrigin(pattern)
  const { externalHostname, requestTimeoutMs } = values
  const strict = strictTransportOf(values.strictTransportSecurityDirectives)
  return {
    ...tlsWantedBy(values, machine),
    corsAllowedOrigins: values.corsAllowedOrigins,
    // Upstream takes 0 for its default.
    ...(requestTimeoutMs > 0 ? { requestTimeoutMs } : {}),
    ...(values.minRequestTimeout > 0
      ? { minRequestTimeoutMs: values.minRequestTimeout * 1000 }
      : {}),
    goawayChance: values.goawayChance,
    profiling: values.profiling,
    shutdownDelayMs: values.shutdownDelayDurationMs,
    sendsRetryAfter: values.shutdownSendRetryAfter,
    watchGraceMs: values.shutdownWatchTerminationGracePeriodMs,
    ...(strict === undefined ? {} : { strictTransportSecurity: strict }),
    ...(externalHostname === undefined ? {} : { externalHostname }),
  }
}

/** A pattern that says nothing of where a host begins and ends takes hosts for ours that only contain its name (CVE-2022-1996). */
function checkOrigin(pattern: string): void {
  const begins = pattern.includes('^') || pattern.includes('//')
  const ends = pattern.includes('$') || pattern.includes(':')
  if (!begins || !ends)
    throw new UserError(
      `--cors-allowed-origins has an invalid regular expression: regular expression does not pin to start/end of host in the origin header: ${pattern}`,
    )
}

/** What a client of HTTP/2 may always count on. */
const NEEDED_BY_HTTP2: readonly SuiteName[] = [
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
]

function ciphersOf({
  tlsCipherSuites: names,
  tlsMinVersion,
  disableHttp2Serving,
}: TlsValues): string | undefined {
  if (names.length === 0) return undefined
  const known = names.map(name => {
    if (!Object.hasOwn(SUITES, name))
      throw new UserError(`Cipher suite ${name} not supported or doesn't exist`)
    return name as SuiteName
  })
  // TLS 1.3 has its own, which are always on.
  const isOld = tlsMinVersion !== 'VersionTLS13' && !disableHttp2Serving
  if (isOld && !known.some(name => NEEDED_BY_HTTP2.includes(name)))
    throw new UserError(
      `http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher (need at least one of ${NEEDED_BY_HTTP2.join(' or ')})`,
    )
  const there = new Set(getCiphers())
  const ours = known.map(opensslNameOf).filter(name => name !== undefined)
  const lacking = known.filter(name => {
    const openssl = opensslNameOf(name)
    return openssl !== undefined && !there.has(openssl.toLowerCase())
  })
  if (lacking.length > 0)
    throw new UserError(`OpenSSL has no cipher suite ${lacking.join(' or ')} any more`)
  return ours.join(':')
}

function strictTransportOf(directives: readonly string[]): string | undefined {
  const given = directives.map(each => each.trim()).filter(each => each !== '')
  for (const each of given) {
    const [name, value] = each.split('=')
    const isGood =
      name === 'max-age'
        ? /^\d+$/.test(value ?? '')
        : value === undefined && (name === 'includeSubDomains' || name === 'preload')
    if (!isGood)
      throw new UserError(
        `--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload. see https://tools.ietf.org/html/rfc6797#section-6.1 for more information`,
      )
  }
  return given.length === 0 ? undefined : given.join('; ')
}

/** `cert,key` and, behind a colon, names with commas between them. */
function namedBy(texts: readonly string[], machine: Machine): () => readonly NamedCertificate[] {
  const wanted = texts.map(text => {
    const [, certificate, key, names] = /^([^,]+),([^,:]+)(?::(.*))?$/.exec(text) ?? []
    if (!certificate || !key || names === '')
      throw new UserError(
        `--tls-sni-cert-key wants CERT,KEY or CERT,KEY:NAME,NAME, not ${JSON.stringify(text)}`,
      )
    return { certificate, key, names: names?.split(',').map(name => name.trim()) }
  })
  const read = (): readonly NamedCertificate[] => {
    const read = wanted.map(each => ({
      ...each,
      pair: certifiedKeyIn(each.certificate, each.key, machine.files),
    }))
    // Names that somebody said go before those that stand in certificates.
    return [...read.filter(({ names }) => names), ...read.filter(({ names }) => !names)].map(
      ({ names, pair }) => ({
        cert: pair.certificate,
        key: pair.key,
        names: names ?? namesIn(pair.certificate),
      }),
    )
  }
  return reread(read, 'a certificate for a name', machine)
}
