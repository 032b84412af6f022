/** Tokens of one issuer: whose they are, or why they are nobody's. */
import type { Clock } from '#base/clock.ts'
import { type UserInfo, wrongToken } from '../authenticator.ts'
import type { TokenVerifier } from '../bearer-tokens.ts'
import { type Claims, unverifiedClaims } from '../jwt.ts'
import type { JwtAuthenticator } from './configuration.ts'
import { expandDistributed } from './distributed-claims.ts'
import { Refused, userOf } from './identity.ts'
import { Provider, type ProviderSurroundings } from './provider.ts'
import { ALGORITHMS, type Algorithm, signedToken } from './signatures.ts'

export interface JwtVerifierOptions extends ProviderSurroundings {
  readonly algorithms?: readonly Algorithm[]
  /** What this API server calls itself: whoever gets in here is for all of these. */
  readonly audiences: () => readonly string[]
}

/** A token may be said to begin a little later than it came, as upstream has it; its end is its end. */
const NOT_BEFORE_LEEWAY_SECONDS = 60

export class JwtVerifier implements TokenVerifier {
  readonly #authenticator: JwtAuthenticator
  readonly #options: JwtVerifierOptions
  readonly #provider: Provider
  /** Of others, who are asked for what a token does not say itself. */
  readonly #others = new Map<string, Provider>()

  constructor(authenticator: JwtAuthenticator, options: JwtVerifierOptions) {
    this.#authenticator = authenticator
    this.#options = options
    this.#provider = new Provider(authenticator.issuer, options)
  }

  start(): Promise<void> {
    return this.#provider.start()
  }

  get failure(): string | undefined {
    const { failure } = this.#provider
    return (
      failure &&
      `oidc: authenticator for issuer ${JSON.stringify(this.#authenticator.issuer.url)} is not initialized: ${failure}`
    )
  }

  close(): void {
    this.#provider.close()
    for (const each of this.#others.values()) each.close()
    this.#options.caller.close()
  }

  async verify(token: string, wanted = this.#options.audiences()) {
    const { url } = this.#authenticator.issuer
    if (issuerIn(token) !== url) return undefined
    const { clock, figures, audiences } = this.#options
    const beganMs = clock.monotonicMs()
    const judged = (result: 'success' | 'failure') =>
      figures.judged(url, result, (clock.monotonicMs() - beganMs) / 1000)
    try {
      const user = await this.#userFor(token)
      judged('success')
      const common = wanted.filter(each => audiences().includes(each))
      return common.length > 0 ? { user, audiences: common } : undefined
    } catch (error) {
      judged('failure')
      throw error instanceof Refused ? wrongToken(error.message) : error
    }
  }

  async #userFor(token: string): Promise<UserInfo> {
    const claims = await this.#proved(token, this.#provider, this.#authenticator.issuer.url)
    const { groups } = this.#authenticator.claimMappings
    const whole = groups?.claim
      ? await expandDistributed(claims, groups.claim, {
          caller: this.#options.caller,
          clock: this.#options.clock,
          proved: (text, issuer) => this.#provedByAnother(text, issuer),
        })
      : claims
    return userOf(this.#authenticator, whole)
  }

  async #provedByAnother(token: string, issuer: string): Promise<Claims> {
    if (issuer === this.#authenticator.issuer.url)
      return this.#proved(token, this.#provider, issuer)
    let provider = this.#others.get(issuer)
    if (!provider) {
      provider = new Provider({ url: issuer }, this.#options)
      this.#others.set(issuer, provider)
      await provider.start()
    }
    return this.#proved(token, provider, issuer)
  }

  async #proved(token: string, provider: Provider, issuer: string): Promise<Claims> {
    const { algorithms = ALGORITHMS, clock } = this.#options
    if (provider.failure !== undefined) throw new Refused('oidc: authenticator not initialized')
    const refuse = (why: string) => new Refused(`oidc: verify token: ${why}`)
    const parts = signedToken(token)
    if (!parts) throw refuse('oidc: malformed jwt')
    const { claims, algorithm } = parts
    refuseForms(claims, refuse)
    this.#refuseAudiences(claims, refuse)
    refuseTimes(claims, clock, refuse)
    if (!(algorithms as readonly string[]).includes(algorithm))
      throw refuse(
        `oidc: id token signed with unsupported algorithm, expected [${algorithms.map(each => JSON.stringify(each)).join(' ')}] got ${JSON.stringify(algorithm)}`,
      )
    await provider.prove(parts)
    if (issuerOf(claims) !== issuer) throw refuse('oidc: id token issued by a different provider')
    return claims
  }

  #refuseAudiences(claims: Claims, refuse: (why: string) => Refused): void {
    const { audiences } = this.#authenticator.issuer
    const given = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
    if (given.some(each => audiences.includes(each))) return
    const show = (texts: readonly unknown[]) =>
      `[${texts.map(each => JSON.stringify(each)).join(' ')}]`
    throw refuse(
      audiences.length === 1
        ? `oidc: expected audience ${JSON.stringify(audiences[0])} got ${show(given)}`
        : `oidc: expected audience in ${show([...audiences].sort())} got ${show(given)}`,
    )
  }
}

/** What every token of OpenID Connect has is of these types. */
const FORMS: Readonly<Record<string, 'string' | 'number'>> = {
  iss: 'string',
  sub: 'string',
  exp: 'number',
  iat: 'number',
  nbf: 'number',
  nonce: 'string',
  at_hash: 'string',
}

function refuseForms(claims: Claims, refuse: (why: string) => Refused): void {
  for (const [name, type] of Object.entries(FORMS)) {
    const value = claims[name]
    if (value === undefined || value === null || typeof value === type) continue
    const given = Array.isArray(value)
      ? 'array'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value
    const wanted = type === 'string' ? 'string' : 'float64'
    throw refuse(
      type === 'string'
        ? `oidc: failed to unmarshal claims: json: cannot unmarshal ${given} into Go struct field idToken.${name} of type ${wanted}`
        : `oidc: failed to unmarshal claims: json: cannot unmarshal ${given} into Go value of type ${wanted}`,
    )
  }
}

function refuseTimes(claims: Claims, clock: Clock, refuse: (why: string) => Refused): void {
  const nowSeconds = clock.now() / 1000
  const { exp, nbf } = claims
  const end = typeof exp === 'number' ? exp : NO_TIME
  if (end < nowSeconds) throw refuse(`oidc: token is expired (Token Expiry: ${shownTime(end)})`)
  if (typeof nbf === 'number' && nbf > nowSeconds + NOT_BEFORE_LEEWAY_SECONDS)
    throw refuse(
      `oidc: current time ${shownTime(nowSeconds)} before the nbf (not before) time: ${shownTime(nbf)}`,
    )
}

/** Where Go's time begins, in seconds. */
const NO_TIME = -62_135_596_800

/** As Go shows times. */
function shownTime(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime())
    ? String(seconds)
    : `${date.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`
}

const GOOGLE = 'accounts.google.com'

/** Google left out the scheme for long. */
const issuerOf = ({ iss }: Claims) => (iss === GOOGLE ? `https://${GOOGLE}` : iss)

function issuerIn(token: string): unknown {
  const claims = signedToken(token)?.claims ?? unverifiedClaims(token)
  return claims && issuerOf(claims)
}
