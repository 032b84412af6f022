/** Whether the certificate of a connection was signed by who we believe, for clients, and is not over. */
import { X509Certificate } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import { type Peer, unauthorized } from './authenticator.ts'

export interface CertificateVerifierOptions<T> {
  /** PEM of the authorities that are believed; asked for anew where they may be replaced. */
  readonly authorities: Authorities
  readonly clock: Clock
  /** What a certificate of theirs says; asked once a connection. */
  readonly identity: (certificate: X509Certificate) => T
}

/** The same list as long as nothing changed. */
export type Authorities = readonly string[] | (() => readonly string[])

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const ANY_USAGE = '2.5.29.37.0'

interface Verified<T> {
  readonly identity: T
  readonly from: number
  readonly to: number
}

/** Gives undefined where the peer sent no certificate, and throws 401 for one that is not believed. */
export function certificateVerifier<T>(
  options: CertificateVerifierOptions<T>,
): (peer: Peer) => T | undefined {
  const { clock, authorities } = options
  const current = typeof authorities === 'function' ? authorities : () => authorities
  let believed = current()
  let trusted = believed.map(pem => new X509Certificate(pem))
  // Signatures are checked once a connection; dates at every request, for a connection may outlive its certificate.
  let verified = new WeakMap<Peer, Verified<T>>()
  return peer => {
    if (peer.certificate === undefined || peer.certificate.length === 0) return undefined
    const now = current()
    if (now !== believed) {
      believed = now
      trusted = now.map(pem => new X509Certificate(pem))
      // Who is not believed any more loses the connections that it has, too.
      verified = new WeakMap()
    }
    let known = verified.get(peer)
    if (known === undefined) {
      known = verify(peer.certificate, trusted, options.identity)
      verified.set(peer, known)
    }
    const time = clock.now()
    if (time < known.from || time > known.to) throw unauthorized()
    return known.identity
  }
}

function verify<T>(
  der: Uint8Array,
  trusted: readonly X509Certificate[],
  identity: (certificate: X509Certificate) => T,
): Verified<T> {
  const certificate = parsed(der)
  const issuer = trusted.find(
    authority => certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
  )
  if (issuer === undefined) throw unauthorized()
  // `keyUsage` is Node's name for the extended usages; a certificate without them is good for everything.
  const usages: readonly string[] | undefined = certificate.keyUsage
  if (usages && !usages.includes(CLIENT_AUTH) && !usages.includes(ANY_USAGE)) throw unauthorized()
  return {
    identity: identity(certificate),
    from: Math.max(Date.parse(certificate.validFrom), Date.parse(issuer.validFrom)),
    to: Math.min(Date.parse(certificate.validTo), Date.parse(issuer.validTo)),
  }
}

function parsed(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch {
    throw unauthorized()
  }
}
