/** What the API server's flags say about its certificate and keys, and about whose certificates make users. */
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import type { SecurityOptions } from '#apiserver'
import {
  signingKeyOf,
  type TokenKeys,
  type VerifyingKey,
  verifyingKeyOf,
} from '#apiserver/authentication/jwt.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { CertifiedKey } from '#base/pki/certificate.ts'
import { certificatesIn } from '#base/pki/pem.ts'
import type { ValuesOf } from '#cli'
import type { ServingCertificate } from '#client/serving/serve-https.ts'
import type { Files } from '#host/files.ts'
import { certifiedKeyIn, textIn } from './certified-key.ts'
import type { Pki } from './pki/pki.ts'

type Values = Pick<
  ValuesOf<'apiserver'>,
  | 'certDir'
  | 'tlsCertFile'
  | 'tlsPrivateKeyFile'
  | 'clientCaFile'
  | 'serviceAccountIssuer'
  | 'serviceAccountSigningKeyFile'
  | 'serviceAccountKeyFile'
  | 'allowPrivileged'
  | 'serviceAccountJwksUri'
  | 'serviceAccountMaxTokenExpirationMs'
>

const HOUR_MS = 3_600_000

type ReadableFiles = Pick<Files, 'exists' | 'read'>

/** What was asked for instead of the cluster's own keys, and beside them. */
export interface SecurityWanted extends Pick<SecurityOptions, 'serviceAccountIssuer'> {
  /** PEM, one certificate each; beside the cluster's own. */
  readonly clientAuthorities?: readonly string[]
  /** Shown to clients instead of the cluster's own. */
  readonly serving?: CertifiedKey
  /** PEM of the key that signs tokens instead of the cluster's own. */
  readonly tokenKey?: string
  /** Where others find the public keys of tokens. */
  readonly jwksUri?: string
  readonly longestTokenSeconds?: number
  /** By which tokens are known, beside the key that signs. */
  readonly tokenVerifiers?: readonly VerifyingKey[]
}

/** Throws UserErrors, */
export function securityWantedBy(values: Values, files: ReadableFiles): SecurityWanted {
  const { clientCaFile, serviceAccountIssuer, serviceAccountSigningKeyFile: keyFile } = values
  if (!values.allowPrivileged)
    throw new UserError(
      '--allow-privileged=false is not supported: use Pod Security Standards, which forbid more than that',
    )
  const { serviceAccountJwksUri: jwksUri, serviceAccountMaxTokenExpirationMs: longestMs } = values
  if (longestMs !== 0 && (longestMs < HOUR_MS || longestMs > 2 ** 32 * 1000))
    throw new UserError(
      'the service-account-max-token-expiration must be between 1 hour and 2^32 seconds',
    )
  const serving = servingOf(values, files)
  return {
    ...(serving && { serving }),
    ...(clientCaFile !== undefined && { clientAuthorities: authoritiesIn(clientCaFile, files) }),
    ...(serviceAccountIssuer !== undefined && { serviceAccountIssuer }),
    ...(keyFile !== undefined && { tokenKey: usable(keyFile, files, signingKeyOf).text }),
    ...(jwksUri !== undefined && { jwksUri }),
    ...(longestMs > 0 && { longestTokenSeconds: longestMs / 1000 }),
    tokenVerifiers: values.serviceAccountKeyFile.map(
      file => usable(file, files, verifyingKeyOf).value,
    ),
  }
}

function servingOf(values: Values, files: ReadableFiles): CertifiedKey | undefined {
  const { certDir, tlsCertFile: certificate, tlsPrivateKeyFile: key } = values
  if (certificate !== undefined || key !== undefined) {
    if (certificate === undefined || key === undefined)
      throw new UserError(
        '--tls-cert-file and --tls-private-key-file belong together: give both or none',
      )
    return certifiedKeyIn(certificate, key, files)
  }
  if (certDir === undefined) return undefined
  const [inDirectory, keyInDirectory] = ['apiserver.crt', 'apiserver.key'].map(name =>
    join(certDir, name),
  ) as [string, string]
  if (!files.exists(inDirectory) && !files.exists(keyInDirectory)) return undefined
  return certifiedKeyIn(inDirectory, keyInDirectory, files)
}

function authoritiesIn(file: string, files: ReadableFiles): readonly string[] {
  const texts = certificatesIn(textIn(file, files))
  if (texts.length === 0) throw new UserError(`--client-ca-file ${file}: there is no certificate`)
  try {
    for (const text of texts) new X509Certificate(text)
  } catch (error) {
    throw new UserError(`--client-ca-file ${file}: ${messageOf(error)}`)
  }
  return texts
}

function usable<T>(file: string, files: ReadableFiles, read: (pem: string) => T) {
  const text = textIn(file, files)
  try {
    return { text, value: read(text) }
  } catch (error) {
    throw new UserError(`${file} cannot be used: ${messageOf(error)}`)
  }
}

/** For the server, from what was asked for and the cluster's own keys. */
export function securityOf(
  pki: Pki,
  wanted: SecurityWanted = {},
): Pick<SecurityOptions, (keyof SecurityWanted & keyof SecurityOptions) | 'serviceAccountKeys'> {
  const { tokenKey, tokenVerifiers = [], clientAuthorities = [], serviceAccountIssuer } = wanted
  const keys: TokenKeys = [signingKeyOf(tokenKey ?? pki.serviceAccountKey), ...tokenVerifiers]
  return {
    ...(serviceAccountIssuer === undefined ? {} : { serviceAccountIssuer }),
    clientAuthorities: [pki.authority, ...clientAuthorities],
    serviceAccountKeys: keys,
  }
}

/** The key that signs tokens, for others that sign, too. */
export const tokenKeyOf = (pki: Pki, wanted: SecurityWanted = {}) =>
  signingKeyOf(wanted.tokenKey ?? pki.serviceAccountKey)

/** For the listener. */
export function servingCertificateOf(pki: Pki, wanted: SecurityWanted = {}): ServingCertificate {
  const { certificate, key } = wanted.serving ?? pki.server()
  return { cert: certificate, key, clientCa: clientAuthorityOf(pki, wanted) }
}

/** All whose certificates make users, as one text. */
export const clientAuthorityOf = (pki: Pki, wanted: SecurityWanted = {}) =>
  [pki.authority, ...(wanted.clientAuthorities ?? [])].join('\n')
