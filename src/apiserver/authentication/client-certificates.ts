/**
 * Client certificates: the common name is the user, the organizations are its groups. TLS proved that the client has the key; who
 * signed it, for what and until when is checked here against the client authorities alone. The front proxy's authority is
 * not among them, so that a certificate for proxies never makes a user.
 */
import { createHash, X509Certificate } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import { subjectOf } from '#base/pki/subject.ts'
import { type Authenticator, type Peer, type UserInfo, unauthorized } from './authenticator.ts'

export interface ClientCertificateOptions {
  /** PEM of the authorities whose certificates make users. */
  readonly authorities: readonly string[]
  readonly clock: Clock
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const ANY_USAGE = '2.5.29.37.0'
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id'

interface Verified {
  readonly user: UserInfo | undefined
  readonly from: number
  readonly to: number
}

export function clientCertificateAuthenticator({
  authorities,
  clock,
}: ClientCertificateOptions): Authenticator {
  const trusted = authorities.map(pem => new X509Certificate(pem))
  // Signatures are checked once a connection; dates at every request, for a connection may outlive its certificate.
  const verified = new WeakMap<Peer, Verified>()
  return {
    async authenticate(_request, peer) {
      if (peer.certificate === undefined || peer.certificate.length === 0) return undefined
      let known = verified.get(peer)
      if (known === undefined) {
        known = verify(peer.certificate, trusted)
        verified.set(peer, known)
      }
      const now = clock.now()
      if (now < known.from || now > known.to) throw unauthorized()
      return known.user
    },
  }
}

function verify(der: Uint8Array, trusted: readonly X509Certificate[]): Verified {
  const certificate = parsed(der)
  const issuer = trusted.find(
    authority => certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
  )
  if (issuer === undefined) throw unauthorized()
  // `keyUsage` is Node's name for the extended usages; a certificate without them is good for everything.
  const usages: readonly string[] | undefined = certificate.keyUsage
  if (usages && !usages.includes(CLIENT_AUTH) && !usages.includes(ANY_USAGE)) throw unauthorized()
  return {
    user: userOf(certificate),
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

function userOf(certificate: X509Certificate): UserInfo | undefined {
  try {
    const { commonName, organizations, uid } = subjectOf(certificate.raw)
    if (commonName === '') return undefined
    const fingerprint = createHash('sha256').update(certificate.raw).digest('hex')
    return {
      name: commonName,
      ...(uid === undefined ? {} : { uid }),
      groups: organizations,
      extra: { [CREDENTIAL_ID]: [`X509SHA256=${fingerprint}`] },
    }
  } catch (error) {
    if (error instanceof RangeError) throw unauthorized()
    throw error
  }
}
