/**
 * Signatures of other issuers' tokens (RFC 7515, compact) by the keys that they publish (RFC 7517). The algorithm is one that the
 * configuration allows, and has to fit the key.
 */
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { isPlainObject } from '#api/machinery/plain.ts'
import type { Claims } from '../jwt.ts'

/** All that are believed; RS256 alone where the flags ask for no others. */
export const ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const
export type Algorithm = (typeof ALGORITHMS)[number]

/** Longest token that is looked at: a header of a request can hardly hold more. */
const MAXIMUM_TOKEN_LENGTH = 256 * 1024
/** More keys than any issuer has at a time. */
const MAXIMUM_KEYS = 200

export interface PublishedKey {
  /** '' where it has none. */
  readonly id: string
  readonly key: KeyObject
}

export interface SignedToken {
  readonly algorithm: string
  /** '' for any. */
  readonly keyId: string
  readonly claims: Claims
  readonly signed: Buffer
  readonly signature: Buffer
}

/** The keys of a set that can sign; others are passed over. Throws an Error where it is no set of keys. */
export function keysIn(text: string): readonly PublishedKey[] {
  const value: unknown = JSON.parse(text)
  if (!isPlainObject(value) || !Array.isArray(value.keys)) throw new Error('there are no keys')
  return value.keys.slice(0, MAXIMUM_KEYS).flatMap(each => {
    const { kid, use, kty } = isPlainObject(each) ? each : {}
    if ((use !== undefined && use !== 'sig') || (kty !== 'RSA' && kty !== 'EC')) return []
    try {
      const key = createPublicKey({ key: each, format: 'jwk' })
      return [{ id: typeof kid === 'string' ? kid : '', key }]
    } catch {
      return []
    }
  })
}

/** Taken apart, nothing proved; undefined for what is no token of this sort. */
export function signedToken(token: string): SignedToken | undefined {
  if (token.length > MAXIMUM_TOKEN_LENGTH) return undefined
  const [head = '', body = '', signature = '', ...more] = token.split('.')
  if (more.length > 0) return undefined
  const header = objectIn(head)
  const claims = objectIn(body)
  if (!header || !claims || !BASE64URL.test(signature)) return undefined
  // What an extension means that must be understood is not known here.
  if (header.crit !== undefined || typeof header.alg !== 'string') return undefined
  return {
    algorithm: header.alg,
    keyId: typeof header.kid === 'string' ? header.kid : '',
    claims,
    signed: Buffer.from(`${head}.${body}`),
    signature: Buffer.from(signature, 'base64url'),
  }
}

export function isSignedBy(token: SignedToken, { key }: PublishedKey): boolean {
  const { algorithm, signed, signature } = token
  const family = algorithm.slice(0, 2)
  const hash = `sha${algorithm.slice(2)}`
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  try {
    if (family === 'ES')
      return (
        type === 'ec' &&
        details?.namedCurve === CURVES[algorithm] &&
        verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature)
      )
    if (type !== 'rsa') return false
    if (family === 'RS') return verify(hash, signed, key, signature)
    const padding = constants.RSA_PKCS1_PSS_PADDING
    const saltLength = constants.RSA_PSS_SALTLEN_AUTO
    return family === 'PS' && verify(hash, signed, { key, padding, saltLength }, signature)
  } catch {
    return false
  }
}

const CURVES: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
}
const BASE64URL = /^[\w-]+$/

function objectIn(part: string): Claims | undefined {
  if (!BASE64URL.test(part)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return isPlainObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
