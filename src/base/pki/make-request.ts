/** Writes certificate signing requests (PKCS #10, RFC 2986) for a key that is at hand. */
import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import {
  alternativeNames,
  distinguishedName,
  extension,
  pemOf,
  type Subject,
} from './certificate.ts'
import { bitString, context, integer, oid, sequence, set } from './der.ts'

export interface WantedCertificate {
  readonly subject: Subject
  /** DNS names and addresses. */
  readonly names?: readonly string[]
}

/** Hash and name of the signature by the type of the key. */
const SIGNATURES: Readonly<Record<string, readonly [hash: string | undefined, id: string]>> = {
  rsa: ['sha256', '1.2.840.113549.1.1.11'],
  ec: ['sha256', '1.2.840.10045.4.3.2'],
  ed25519: [undefined, '1.3.101.112'],
}
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const SUBJECT_ALT_NAME = '2.5.29.17'

/** In DER. `key` is a private one: RSA, elliptic curve or Ed25519. */
export function requestDer({ subject, names = [] }: WantedCertificate, key: KeyObject): Buffer {
  const [hash, id] = SIGNATURES[key.asymmetricKeyType ?? ''] ?? []
  if (id === undefined) throw new Error(`no signature for keys of type ${key.asymmetricKeyType}`)
  const extensions =
    names.length > 0
      ? [extension(SUBJECT_ALT_NAME, false, sequence(...alternativeNames(names)))]
      : []
  const attributes = extensions.map(each => sequence(oid(EXTENSION_REQUEST), set(sequence(each))))
  const info = sequence(
    integer(Buffer.from([0])), // version 1
    distinguishedName(subject),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    context(0, ...attributes),
  )
  return sequence(info, sequence(oid(id)), bitString(sign(hash, info, key)))
}

/** In PEM. */
export function requestPem(wanted: WantedCertificate, key: KeyObject): string {
  return pemOf('CERTIFICATE REQUEST', requestDer(wanted, key))
}
