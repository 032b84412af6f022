/** What others need to verify our service account tokens: who issues them, and the public keys. */
import type { ApiResponse } from '#client/transport.ts'
import {
  JWKS_PATH,
  jsonWebKeySet,
  OPENID_CONFIGURATION_PATH,
  openIdConfiguration,
} from '../authentication/issuer-discovery.ts'
import type { Exchange } from '../exchange.ts'
import { externalAddress } from '../external-address.ts'
import { pageNotFound } from '../respond.ts'
import type { ServerContext } from '../server-context.ts'
import { onlyGet } from '../steps/method-not-allowed.ts'

/** Keys change rarely, and whoever sees an unknown one asks again. */
const CACHE_CONTROL = 'public, max-age=3600'

export function issuer(exchange: Exchange): ApiResponse {
  const { info, server } = exchange
  const { tokens, serviceAccountKeys } = server
  const path = info.path.replace(/\/$/, '')
  const isKnown = path === OPENID_CONFIGURATION_PATH || path === JWKS_PATH
  if (!tokens || !isKnown) return pageNotFound()
  onlyGet(exchange)
  if (path === OPENID_CONFIGURATION_PATH)
    return json(
      'application/json',
      openIdConfiguration(tokens.issuer, keysAt(server, tokens.issuer), serviceAccountKeys),
    )
  return json('application/jwk-set+json', jsonWebKeySet(serviceAccountKeys))
}

/** Whoever looks for the keys may not reach the issuer under its own name. */
function keysAt({ answering, securePort: { port } }: ServerContext, issuer: string): string {
  const { jwksUri, externalHostname } = answering
  if (jwksUri !== undefined) return jwksUri
  const base =
    externalHostname === undefined ? issuer : `https://${externalAddress(externalHostname, port)}`
  return new URL(JWKS_PATH, base).href
}

const json = (type: string, value: unknown): ApiResponse => ({
  status: 200,
  headers: { 'content-type': type, 'cache-control': CACHE_CONTROL },
  body: { kind: 'bytes', bytes: Buffer.from(JSON.stringify(value)) },
})
