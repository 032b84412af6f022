/**
 * Remembers for a while whose a token is, so that not every request asks a webhook or proves a signature. Of those who ask for the
 * same token at the same time one finds out for all. What could not be found out is not remembered.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import { createFigureBook, type FigureBook } from '#base/figures.ts'
import type { TokenVerifier } from './bearer-tokens.ts'
import type { VerifiedToken } from './service-account-tokens.ts'

export interface TokenCacheOptions {
  readonly clock: Clock
  readonly successTtlMs: number
  /** For tokens that nobody knows; 0 forgets them at once. */
  readonly failureTtlMs: number
  readonly figures?: TokenCacheFigures
}

/** More tokens than are in use at a time. */
const MAXIMUM_ENTRIES = 4096

interface Entry {
  readonly untilMs: number
  readonly verified: VerifiedToken | undefined
}

/** `clear` forgets everything, where others are believed from now on. */
export function cachedVerifier(
  inner: TokenVerifier,
  { clock, successTtlMs, failureTtlMs, figures }: TokenCacheOptions,
): TokenVerifier & { clear(): void } {
  const entries = new Map<string, Entry>()
  const running = new Map<string, Promise<VerifiedToken | undefined>>()
  // Nobody who could look into memory should find tokens, nor guess them by their hash.
  const salt = randomBytes(32)
  const keyOf = (token: string, audiences: readonly string[]) =>
    createHash('sha256')
      .update(salt)
      .update(JSON.stringify([token, audiences]))
      .digest('base64')
  const remember = (key: string, verified: VerifiedToken | undefined) => {
    const ttlMs = verified ? successTtlMs : failureTtlMs
    if (ttlMs <= 0) return
    const oldest = entries.size >= MAXIMUM_ENTRIES ? entries.keys().next().value : undefined
    if (oldest !== undefined) entries.delete(oldest)
    entries.set(key, { untilMs: clock.monotonicMs() + ttlMs, verified })
  }
  let generation = 0
  const find = async (key: string, token: string, audiences: readonly string[] | undefined) => {
    const of = generation
    figures?.active(1)
    try {
      const verified = await inner.verify(token, audiences)
      if (of === generation) remember(key, verified)
      figures?.fetched('ok')
      return verified
    } catch (error) {
      figures?.fetched('error')
      throw error
    } finally {
      figures?.active(-1)
      running.delete(key)
    }
  }
  return {
    async verify(token, audiences) {
      const key = keyOf(token, audiences ?? [])
      const known = entries.get(key)
      if (known && known.untilMs > clock.monotonicMs()) {
        figures?.requested('hit')
        return known.verified
      }
      entries.delete(key)
      figures?.requested('miss')
      const already = running.get(key)
      if (already) return already
      const finding = find(key, token, audiences)
      running.set(key, finding)
      return finding
    },
    clear() {
      generation++
      entries.clear()
      running.clear()
    },
  }
}

export interface TokenCacheFigures {
  requested(status: 'hit' | 'miss'): void
  fetched(status: 'ok' | 'error'): void
  active(by: 1 | -1): void
  readonly source: FigureBook['source']
}

export function tokenCacheFigures(): TokenCacheFigures {
  const book = createFigureBook()
  const prefix = 'authentication_token_cache'
  const requests = book.counter(
    `${prefix}_request_total`,
    'How often a token was looked for among those that are remembered.',
    ['status'],
  )
  const fetches = book.counter(
    `${prefix}_fetch_total`,
    'How often it had to be found out whose a token is.',
    ['status'],
  )
  let inFlight = 0
  book.gauge(
    `${prefix}_active_fetch_count`,
    'For how many tokens it is being found out now.',
    () => [{ labels: { status: 'in_flight' }, value: inFlight }],
  )
  return {
    requested: status => requests.add([status]),
    fetched: status => fetches.add([status]),
    active(by) {
      inFlight += by
    },
    source: book.source,
  }
}
