/**
 * What an issuer publishes about itself: where its keys are (OpenID Connect Discovery), and the keys. Looked for again every few seconds until it
 * is found; the keys again whenever a token names one that is not among them.
 */
import { isPlainObject } from '#api/machinery/plain.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { UrlAnswer, UrlCaller } from '#client/webhooks/url-caller.ts'
import { Refused } from './identity.ts'
import type { JwtFigures } from './jwt-figures.ts'
import { isSignedBy, keysIn, type PublishedKey, type SignedToken } from './signatures.ts'

export interface ProviderSurroundings {
  readonly clock: Clock
  readonly log: Log
  readonly caller: UrlCaller
  readonly figures: JwtFigures
}

const WELL_KNOWN = '/.well-known/openid-configuration'
/** How often upstream tries, too. */
const RETRY_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** Tokens with strange keys must not have the issuer asked without end. */
const LEAST_BETWEEN_FETCHES_MS = 1_000

export class Provider {
  readonly #issuer: { readonly url: string; readonly discoveryURL?: string }
  readonly #surroundings: ProviderSurroundings
  #keysUrl: string | undefined
  #keys: readonly PublishedKey[] = []
  #fetching: Promise<void> | undefined
  #fetchedMs = Number.NEGATIVE_INFINITY
  #cancel = () => {}
  readonly #closing = new AbortController()
  #failure: string | undefined = 'it was not asked yet'

  constructor(
    issuer: { readonly url: string; readonly discoveryURL?: string },
    surroundings: ProviderSurroundings,
  ) {
    this.#issuer = issuer
    this.#surroundings = surroundings
  }

  /** Tries once, and goes on trying behind. */
  async start(): Promise<void> {
    const { log, clock } = this.#surroundings
    try {
      this.#keysUrl = await this.#discover()
      this.#failure = undefined
    } catch (error) {
      if (this.#closing.signal.aborted) return
      this.#failure = messageOf(error)
      log.error('an issuer of tokens cannot be reached', {
        issuer: this.#issuer.url,
        error: this.#failure,
      })
      this.#cancel = clock.after(RETRY_MS, () => void this.start())
    }
  }

  /** Why no token can be judged yet. */
  get failure(): string | undefined {
    return this.#failure
  }

  close(): void {
    this.#closing.abort()
    this.#cancel()
  }

  /** Rejects with a Refused. */
  async prove(token: SignedToken): Promise<void> {
    if (this.#keysUrl === undefined) throw new Refused('oidc: authenticator not initialized')
    if (this.#isProved(token)) return
    try {
      await this.#refresh(this.#keysUrl)
    } catch (error) {
      throw new Refused(
        `oidc: verify token: failed to verify signature: fetching keys ${messageOf(error)}`,
      )
    }
    if (!this.#isProved(token))
      throw new Refused(
        'oidc: verify token: failed to verify signature: failed to verify id token signature',
      )
  }

  #isProved(token: SignedToken): boolean {
    return this.#keys.some(
      each => (token.keyId === '' || each.id === token.keyId) && isSignedBy(token, each),
    )
  }

  /** One request at a time, for all who wait. */
  #refresh(url: string): Promise<void> {
    const { clock } = this.#surroundings
    if (this.#fetching) return this.#fetching
    if (clock.monotonicMs() - this.#fetchedMs < LEAST_BETWEEN_FETCHES_MS) return Promise.resolve()
    this.#fetching = this.#fetchKeys(url).finally(() => {
      this.#fetchedMs = clock.monotonicMs()
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #fetchKeys(url: string): Promise<void> {
    const { figures } = this.#surroundings
    try {
      const { status, text } = await this.#get(url)
      if (status !== 200) throw new Error(`oidc: get keys failed: ${status} ${text}`)
      this.#keys = keysIn(text)
      figures.fetched(this.#issuer.url, text)
    } catch (error) {
      figures.notFetched(this.#issuer.url)
      throw error
    }
  }

  async #discover(): Promise<string> {
    const { url, discoveryURL } = this.#issuer
    const { status, text } = await this.#get(discoveryURL || url.replace(/\/$/, '') + WELL_KNOWN)
    if (status !== 200) throw new Error(`${status}: ${text}`)
    const found: unknown = JSON.parse(text)
    const { issuer, jwks_uri: keysUrl } = isPlainObject(found) ? found : {}
    if (issuer !== url)
      throw new Error(
        `oidc: issuer did not match the issuer returned by provider, expected ${JSON.stringify(url)} got ${JSON.stringify(issuer ?? '')}`,
      )
    if (typeof keysUrl !== 'string' || !URL.canParse(keysUrl) || !keysUrl.startsWith('https:'))
      throw new Error('it does not say at which https URL its keys are')
    return keysUrl
  }

  async #get(url: string): Promise<{ readonly status: number; readonly text: string }> {
    const { caller, clock } = this.#surroundings
    const controller = new AbortController()
    const abort = () => controller.abort()
    const { signal: closing } = this.#closing
    closing.addEventListener('abort', abort)
    const cancel = clock.after(REQUEST_TIMEOUT_MS, abort)
    try {
      const answer: UrlAnswer = await caller.ask({ method: 'GET', url, signal: controller.signal })
      return { status: answer.status, text: Buffer.from(answer.body).toString('utf8') }
    } finally {
      cancel()
      closing.removeEventListener('abort', abort)
    }
  }
}
