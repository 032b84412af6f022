import type { Connection } from './kubeconfig.ts'

/** What node's TLS needs to know of a connection. */
export function tlsOptions(connection: Connection) {
  const { certificateAuthority, clientCertificate, clientKey, tlsServerName } = connection
  return {
    ...(certificateAuthority ? { ca: certificateAuthority } : {}),
    ...(clientCertificate ? { cert: clientCertificate } : {}),
    ...(clientKey ? { key: clientKey } : {}),
    ...(tlsServerName ? { servername: tlsServerName } : {}),
    ...(connection.insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
  }
}
