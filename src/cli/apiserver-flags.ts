/** Flags about the API server's certificate, its keys and its address; upstream's names. */
import { durationFlag, switchFlag, textFlag, under } from './flags.ts'
import { listFlag } from './lists.ts'

const file = (name: string, doc: string) => textFlag(name, 'FILE', doc, undefined)

export const trust = under('Certificates and keys', {
  certDir: textFlag(
    'cert-dir',
    'DIR',
    'where apiserver.crt and apiserver.key are, without --tls-cert-file (default: our own)',
    undefined,
  ),
  tlsCertFile: file('tls-cert-file', 'its serving certificate (default: our own)'),
  tlsPrivateKeyFile: file('tls-private-key-file', 'the key to it'),
  clientCaFile: file('client-ca-file', 'a CA whose client certificates make users, beside our own'),
  serviceAccountIssuer: textFlag(
    'service-account-issuer',
    'URL',
    'who tokens of service accounts say they are from (default: https://kubernetes.default.svc.cluster.local)',
    undefined,
  ),
  serviceAccountSigningKeyFile: file(
    'service-account-signing-key-file',
    'the key that signs them, ECDSA P-256 or RSA (default: sa.key in the data dir)',
  ),
  serviceAccountKeyFile: listFlag(
    'service-account-key-file',
    'FILE',
    'keys or certificates by which they are known, too',
    [],
  ),
  serviceAccountJwksUri: textFlag(
    'service-account-jwks-uri',
    'URL',
    'where others find the public keys, as documents tell it (default: below the issuer)',
    undefined,
  ),
  serviceAccountMaxTokenExpirationMs: durationFlag(
    'service-account-max-token-expiration',
    'the longest life of such a token; 0 is no limit',
    0,
  ),
  allowPrivileged: switchFlag('allow-privileged', 'accepted: pods may always be privileged', true),
  advertiseAddress: textFlag(
    'advertise-address',
    'IP',
    'under which others find it (default: where it listens, or an address of the machine)',
    undefined,
  ),
})
