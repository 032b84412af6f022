/** What tests of certificates share: signing requests as clients make them, good and bad. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { newPrivateKey, pemOf } from './certificate.ts'
import { bitString, element, readElements, sequence } from './der.ts'
import { requestDer as goodRequest } from './make-request.ts'

export interface RequestOptions {
  readonly commonName?: string
  readonly organizations?: readonly string[]
  readonly names?: readonly string[]
  readonly key?: KeyObject
  /** Something to sign instead of the request, so that its signature is wrong. */
  readonly signed?: Uint8Array
}

export function requestDer(options: RequestOptions = {}): Buffer {
  const { commonName = 'ann', organizations = [], names = [] } = options
  const key = options.key ?? createPrivateKey(newPrivateKey())
  const good = goodRequest({ subject: { commonName, organizations }, names }, key)
  if (!options.signed) return good
  const [whole] = readElements(good)
  const parts = readElements(whole?.content ?? new Uint8Array())
  const kept = parts.slice(0, 2).map(({ tag, content }) => element(tag, content))
  const hash = key.asymmetricKeyType === 'ed25519' ? undefined : 'sha256'
  return sequence(...kept, bitString(sign(hash, options.signed, key)))
}

/** In PEM and base64, as `spec.request` has it. */
export function encodedRequest(options: RequestOptions = {}): string {
  return Buffer.from(pemOf('CERTIFICATE REQUEST', requestDer(options))).toString('base64')
}
