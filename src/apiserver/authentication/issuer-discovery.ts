/** What others need to verify our tokens themselves: OpenID Connect discovery and the public keys (RFC 7517). */
import type { VerifyingKey } from './jwt.ts'

export const OPENID_CONFIGURATION_PATH = '/.well-known/openid-configuration'
export const JWKS_PATH = '/openid/v1/jwks'

/** Served as application/json. `jwksUri` is where clients reach `JWKS_PATH`. */
export function openIdConfiguration(
  issuer: string,
  jwksUri: string,
  keys: readonly VerifyingKey[],
) {
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.map(key => key.algorithm))].sort(),
  }
}

/** Served as application/jwk-set+json. */
export function jsonWebKeySet(keys: readonly VerifyingKey[]) {
  return {
    keys: keys.map(({ id, algorithm: alg, publicKey }) => {
      const { kty, crv, x, y, n, e } = publicKey.export({ format: 'jwk' })
      const which = alg === 'RS256' ? { alg, n, e } : { crv, alg, x, y }
      return { use: 'sig', kty, kid: id, ...which }
    }),
  }
}
