/**
 * Signed tokens (RFC 7515, compact; ES256, and RS256 for keys that others made) with `node:crypto`: two calls, so no library is loaded for
 * them. The algorithm is fixed by the key, never taken from the token.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'

export type Claims = Readonly<Record<string, unknown>>

const ES256_BYTES = 64
/** Longest token that is looked at; ours have about 1,000 characters. */
const MAXIMUM_TOKEN_LENGTH = 16 * 1024

export type Algorithm = 'ES256' | 'RS256'

export interface VerifyingKey {
  readonly id: string
  readonly algorithm: Algorithm
  readonly publicKey: KeyObject
}

export interface SigningKey extends VerifyingKey {
  readonly privateKey: KeyObject
}

/** The first signs, all verify. */
export type TokenKeys = readonly [SigningKey, ...VerifyingKey[]]

/** Reads a private key, P-256 or RSA, from PEM. */
export function signingKeyOf(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem)
  return { ...keyOf(createPublicKey(privateKey)), privateKey }
}

/** The public key in a PEM of its own, of a certificate or of a private key. */
export const verifyingKeyOf = (pem: string): VerifyingKey => keyOf(createPublicKey(pem))

/** Its id is made as upstream makes it, so that other verifiers agree. */
function keyOf(publicKey: KeyObject): VerifyingKey {
  const algorithm = algorithmOf(publicKey)
  if (!algorithm)
    throw new Error(
      `service account tokens are signed with an ECDSA P-256 key, or one of RSA with ${LEAST_RSA_BITS} bits or more`,
    )
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return { id: createHash('sha256').update(der).digest('base64url'), algorithm, publicKey }
}

const LEAST_RSA_BITS = 2048

function algorithmOf({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): Algorithm | undefined {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails ?? {}
  if (namedCurve === 'prime256v1') return 'ES256'
  return asymmetricKeyType === 'rsa' && modulusLength >= LEAST_RSA_BITS ? 'RS256' : undefined
}

export function signToken(claims: Claims, key: SigningKey): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = part({ alg: key.algorithm, kid: key.id })
  const signed = `${head}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(signed), {
    key: key.privateKey,
    // Of no meaning to RSA.
    dsaEncoding: 'ieee-p1363',
  })
  return `${signed}.${signature.toString('base64url')}`
}

/** The claims as they stand, unproved; undefined for what is not a token at all. */
export function unverifiedClaims(token: string): Claims | undefined {
  const parts = token.split('.')
  return parts.length === 3 && token.length <= MAXIMUM_TOKEN_LENGTH ? objectIn(parts[1]) : undefined
}

/** The claims of a token that one of the keys signed, else undefined. */
export function verifiedClaims(token: string, keys: readonly VerifyingKey[]): Claims | undefined {
  if (token.length > MAXIMUM_TOKEN_LENGTH) return undefined
  const [head, body, signature, ...more] = token.split('.')
  if (!head || !body || !signature || more.length > 0) return undefined
  const header = objectIn(head)
  if (!header || header.crit !== undefined) return undefined
  const bytes = Buffer.from(signature, 'base64url')
  const signed = Buffer.from(`${head}.${body}`)
  const candidates = keys.filter(
    ({ id, algorithm }) =>
      algorithm === header.alg && (header.kid === undefined || id === header.kid),
  )
  const proved = candidates.some(
    ({ publicKey: key, algorithm }) =>
      (algorithm !== 'ES256' || bytes.length === ES256_BYTES) &&
      verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, bytes),
  )
  return proved ? objectIn(body) : undefined
}

function objectIn(part: string | undefined): Claims | undefined {
  if (part === undefined || !/^[\w-]+$/.test(part)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Claims)
      : undefined
  } catch {
    return undefined
  }
}
