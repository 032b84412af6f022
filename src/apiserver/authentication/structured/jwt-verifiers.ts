/**
 * All issuers of a configuration, which may be exchanged for others while tokens come in. New ones have a minute to be found, or the old ones stay.
 */
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf, UserError } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { UrlCaller } from '#client/webhooks/url-caller.ts'
import { inOneText } from '../../configuration/field-errors.ts'
import { type TokenVerifier, verifyToken } from '../bearer-tokens.ts'
import type { JwtAuthenticator } from './configuration.ts'
import type { JwtFigures } from './jwt-figures.ts'
import { JwtVerifier } from './jwt-verifier.ts'
import type { Algorithm } from './signatures.ts'
import { disallowedIssuer } from './validation.ts'

export interface JwtVerifiersOptions {
  readonly clock: Clock
  readonly log: Log
  readonly figures: JwtFigures
  readonly algorithms?: readonly Algorithm[]
  readonly audiences: () => readonly string[]
  /** Issuers that are this server itself. */
  readonly disallowedIssuers: readonly string[]
  readonly callerFor: (issuer: JwtAuthenticator['issuer']) => UrlCaller
}

const TRIAL_MS = 60_000
const TRIAL_INTERVAL_MS = 1_000
/** Requests may be under way that have to do with issuers that were left. */
const GRACE_MS = 60_000

export class JwtVerifiers implements TokenVerifier {
  readonly #options: JwtVerifiersOptions
  #verifiers: readonly JwtVerifier[] = []
  #issuers: readonly string[] = []
  readonly #leaving = new Map<readonly JwtVerifier[], () => void>()
  readonly #closing = new AbortController()

  constructor(options: JwtVerifiersOptions) {
    this.#options = options
  }

  verify(token: string, audiences?: readonly string[]) {
    return verifyToken(this.#verifiers, token, audiences)
  }

  /** Throws a UserError. That an issuer cannot be reached yet keeps nobody from starting. */
  start(jwt: readonly JwtAuthenticator[]): void {
    this.#verifiers = this.#made(jwt)
    this.#issuers = jwt.map(({ issuer }) => issuer.url)
    for (const each of this.#verifiers) void each.start()
  }

  /** Rejects with a UserError where these cannot be used, and then nothing has changed. */
  async replace(jwt: readonly JwtAuthenticator[]): Promise<void> {
    const made = this.#made(jwt)
    try {
      for (const each of made) void each.start()
      await this.#untilWell(made)
    } catch (error) {
      close(made)
      throw error
    }
    const { clock, figures } = this.#options
    const before = this.#verifiers
    this.#verifiers = made
    const issuers = jwt.map(({ issuer }) => issuer.url)
    for (const each of this.#issuers) if (!issuers.includes(each)) figures.forget(each)
    this.#issuers = issuers
    const cancel = clock.after(GRACE_MS, () => {
      this.#leaving.delete(before)
      close(before)
    })
    this.#leaving.set(before, cancel)
  }

  close(): void {
    this.#closing.abort(new Error('the server stops'))
    close(this.#verifiers)
    for (const [verifiers, cancel] of this.#leaving) {
      cancel()
      close(verifiers)
    }
  }

  #made(jwt: readonly JwtAuthenticator[]): readonly JwtVerifier[] {
    const { callerFor, disallowedIssuers } = this.#options
    for (const each of jwt) {
      const errors = disallowedIssuer(each, disallowedIssuers)
      if (errors.length > 0) throw new UserError(inOneText(errors))
    }
    return jwt.map(
      each => new JwtVerifier(each, { ...this.#options, caller: callerFor(each.issuer) }),
    )
  }

  async #untilWell(verifiers: readonly JwtVerifier[]): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#closing
    const untilMs = clock.monotonicMs() + TRIAL_MS
    for (;;) {
      signal.throwIfAborted()
      const failures = verifiers.flatMap(({ failure }) => failure ?? [])
      if (failures.length === 0) return
      if (clock.monotonicMs() >= untilMs)
        throw new UserError(
          `unable to apply new authentication configuration: ${messageOf(failures.join(', '))}`,
        )
      await sleep(clock, TRIAL_INTERVAL_MS, signal)
    }
  }
}

function close(verifiers: readonly JwtVerifier[]): void {
  for (const each of verifiers) each.close()
}
