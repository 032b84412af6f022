/**
 * Claims that a token does not have itself, but names who has them (OpenID Connect Core, 5.6.2): another token is fetched there, and proved like
 * the first one. Only the claim of groups is looked for so, as upstream does.
 */
import { isPlainObject } from '#api/machinery/plain.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { UrlCaller } from '#client/webhooks/url-caller.ts'
import { type Claims, unverifiedClaims } from '../jwt.ts'
import { Refused } from './identity.ts'

export interface DistributedWorld {
  readonly caller: UrlCaller
  readonly clock: Clock
  /** The claims of a token, once its issuer has been found to have signed it. Rejects with a Refused. */
  readonly proved: (token: string, issuer: string) => Promise<Claims>
}

const REQUEST_TIMEOUT_MS = 30_000

/** The claims with that one added, where it is elsewhere. Rejects with a Refused. */
export async function expandDistributed(
  claims: Claims,
  claim: string,
  world: DistributedWorld,
): Promise<Claims> {
  const names = claims._claim_names
  if (Object.hasOwn(claims, claim) || names === undefined) return claims
  const failed = (why: string) => new Refused(`oidc: could not expand distributed claims: ${why}`)
  if (!isPlainObject(names)) throw failed('oidc: error parsing distributed claim names')
  const sources = claims._claim_sources
  if (!isPlainObject(sources)) throw failed('oidc: no claim sources')
  const name = Object.hasOwn(names, claim) ? names[claim] : undefined
  if (typeof name !== 'string') return claims
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined
  if (!isPlainObject(source))
    throw failed(`id token _claim_names contained a source ${name} missing in _claims_sources`)
  const { endpoint, access_token: token } = source
  if (typeof endpoint !== 'string' || endpoint === '') return claims
  // The token comes from an issuer that is trusted, but where it sends us is not for plain text.
  if (!URL.canParse(endpoint) || !endpoint.startsWith('https:'))
    throw failed(`the endpoint ${JSON.stringify(endpoint)} is no https URL`)
  const found = await fetched(endpoint, typeof token === 'string' ? token : '', world).catch(
    error => {
      throw failed(`while getting distributed claim ${JSON.stringify(claim)}: ${messageOf(error)}`)
    },
  )
  const issuer = unverifiedClaims(found)?.iss
  if (typeof issuer !== 'string')
    throw failed(
      `getting untrusted issuer from endpoint ${endpoint} failed for claim ${JSON.stringify(claim)}: malformed token`,
    )
  const more = await world.proved(found, issuer).catch(error => {
    throw error instanceof Refused
      ? failed(`verify distributed claim token: ${error.message}`)
      : error
  })
  if (!Object.hasOwn(more, claim))
    throw failed(
      `jwt returned by distributed claim endpoint ${JSON.stringify(endpoint)} did not contain claim: ${claim}`,
    )
  return { ...claims, [claim]: more[claim] }
}

async function fetched(
  url: string,
  token: string,
  { caller, clock }: DistributedWorld,
): Promise<string> {
  const controller = new AbortController()
  const cancel = clock.after(REQUEST_TIMEOUT_MS, () => controller.abort())
  try {
    const { status, body } = await caller.ask({
      method: 'GET',
      url,
      signal: controller.signal,
      ...(token ? { headers: { authorization: `Bearer ${token}` } } : {}),
    })
    if (status < 200 || status > 226)
      throw new Error(`error while getting distributed claim JWT: ${status}`)
    return Buffer.from(body).toString('utf8').trim()
  } finally {
    cancel()
  }
}
