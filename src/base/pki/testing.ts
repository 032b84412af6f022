/** What tests of certificates share: signing requests as clients make them. */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { newPrivateKey, pemOf } from './certificate.ts'
import { bitString, context, integer, oid, sequence, set, utf8String } from './der.ts'

export interface RequestOptions {
  readonly commonName?: string
  readonly organizations?: readonly string[]
  readonly key?: KeyObject
  /** Something to sign instead of the request, so that its signature is wrong. */
  readonly signed?: Uint8Array
}

const SIGNATURES: Readonly<Record<string, readonly [hash: string | undefined, oid: string]>> = {
  rsa: ['sha256', '1.2.840.113549.1.1.11'],
  ec: ['sha256', '1.2.840.10045.4.3.2'],
  ed25519: [undefined, '1.3.101.112'],
}

export function requestDer(options: RequestOptions = {}): Buffer {
  const { commonName = 'ann', organizations = [] } = options
  const key = options.key ?? createPrivateKey(newPrivateKey())
  const attribute = (id: string, value: string) => set(sequence(oid(id), utf8String(value)))
  const info = sequence(
    integer(Buffer.from([0])),
    sequence(
      ...organizations.map(name => attribute('2.5.4.10', name)),
      attribute('2.5.4.3', commonName),
    ),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    context(0),
  )
  const [hash, id = ''] = SIGNATURES[key.asymmetricKeyType ?? ''] ?? []
  const signature = sign(hash, options.signed ?? info, key)
  return sequence(info, sequence(oid(id)), bitString(signature))
}

/** In PEM and base64, as `spec.request` has it. */
export function encodedRequest(options: RequestOptions = {}): string {
  return Buffer.from(pemOf('CERTIFICATE REQUEST', requestDer(options))).toString('base64')
}
