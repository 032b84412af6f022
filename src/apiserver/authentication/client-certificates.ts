/**
 * Client certificates: the common name is the user, the organizations are its groups. TLS proved that the client has the key; who
 * signed it, for what and until when is checked against the client authorities alone. The front proxy's authority is
 * not among them, so that a certificate for proxies never makes a user.
 */
import { createHash, type X509Certificate } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import { subjectOf } from '#base/pki/subject.ts'
import { type Authenticator, type UserInfo, unauthorized } from './authenticator.ts'
import { certificateVerifier } from './certificate-verifier.ts'

export interface ClientCertificateOptions {
  /** PEM of the authorities whose certificates make users. */
  readonly authorities: readonly string[]
  readonly clock: Clock
}

export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id'

export function clientCertificateAuthenticator({
  authorities,
  clock,
}: ClientCertificateOptions): Authenticator {
  const verify = certificateVerifier({ authorities, clock, identity: userOf })
  return {
    async authenticate(_request, peer) {
      return verify(peer)
    },
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
