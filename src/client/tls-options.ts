import type { Connection } from './kubeconfig.ts'

/**
 * Whom to believe, in PEM. As in Go, whatever is named there is believed, a server's own certificate, too, though it is no authority: people
 * put that into a `caBundle` where nobody else signs, and envtest does so for the webhooks of every test.
 */
export const trusting = (authority: string) => ({ ca: authority, allowPartialTrustChain: true })

/** What node's TLS needs to know of a connection. */
export function tlsOptions(connection: Connection) {
  const { certificateAuthority, clientCertificate, clientKey, tlsServerName } = connection
  return {
    ...(certificateAuthority ? trusting(certificateAuthority) : {}),
    ...(clientCertificate ? { cert: clientCertificate } : {}),
    ...(clientKey ? { key: clientKey } : {}),
    ...(tlsServerName ? { servername: tlsServerName } : {}),
    ...(connection.insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
  }
}
