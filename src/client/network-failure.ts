/** What goes wrong on the network, in the words of Go's library, which operators of clusters know and search for. */
import { isIP } from 'node:net'
import { messageOf } from '#base/errors.ts'
import { hostPort } from '#base/host-port.ts'

const UNKNOWN_AUTHORITY = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
])

/** Why nobody at this host could be asked. */
export function networkFailure(
  error: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): string {
  const { code = '', address = host } = error as { code?: string; address?: string }
  if (code === 'ABORT_ERR') return 'context deadline exceeded'
  const at = hostPort(address, port)
  if (code === 'ECONNREFUSED') return `dial tcp ${at}: connect: connection refused`
  if (code === 'EHOSTUNREACH') return `dial tcp ${at}: connect: no route to host`
  if (code === 'ENETUNREACH') return `dial tcp ${at}: connect: network is unreachable`
  if (code === 'ETIMEDOUT') return `dial tcp ${at}: i/o timeout`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${host}: no such host`
  if (code === 'ECONNRESET') return 'EOF'
  const x509 = 'tls: failed to verify certificate: x509: '
  if (UNKNOWN_AUTHORITY.has(code)) return `${x509}certificate signed by unknown authority`
  if (code === 'CERT_HAS_EXPIRED') return `${x509}certificate has expired or is not yet valid`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${x509}${anotherName(error)}`
  if (code.startsWith('HPE_'))
    return 'net/http: HTTP/1.x transport connection broken: malformed HTTP response'
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return handshakeFailure(messageOf(error))
  return messageOf(error)
}

/** Who the certificate is for, instead of who was meant. */
function anotherName(error: unknown): string {
  const { host = '', cert } = error as { host?: string; cert?: { subjectaltname?: string } }
  const [wanted] = host.split('%')
  const isAddress = isIP(wanted ?? '') !== 0
  const names = cert?.subjectaltname?.split(', ') ?? []
  if (names.length === 0) return 'certificate relies on legacy Common Name field, use SANs instead'
  const prefix = isAddress ? 'IP Address:' : 'DNS:'
  const those = names.filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length))
  if (those.length > 0) return `certificate is valid for ${those.join(', ')}, not ${wanted}`
  return isAddress
    ? `cannot validate certificate for ${wanted} because it doesn't contain any IP SANs`
    : `certificate is not valid for any names, but wanted to match ${wanted}`
}

/** OpenSSL's words stand between addresses in memory and lines of its sources, which are nobody's business. */
function handshakeFailure(message: string): string {
  const [, words = 'handshake failure'] = /\berror:[^:]*:[^:]*:[^:]*:([^:]+)/.exec(message) ?? []
  if (words === 'wrong version number') return 'http: server gave HTTP response to HTTPS client'
  const [, alert] = /^\S+ alert (.*)$/.exec(words) ?? []
  return alert === undefined ? `tls: ${words}` : `remote error: tls: ${alert}`
}
