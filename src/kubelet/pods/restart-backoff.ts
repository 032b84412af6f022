/**
 * How long something that keeps failing must wait: 10 s, doubled with each try up to 5 min,
 * forgotten when it went well for 10 min after a try. The first retry is at once. The count is kept
 * in memory alone: a restarted kubelet starts it anew.
 */
import type { Clock } from '#base/clock.ts'

export const INITIAL_BACKOFF_MS = 10_000
export const MAXIMUM_BACKOFF_MS = 300_000
/** It went well for this long after its last try: the next failure counts as the first. */
export const BACKOFF_RESET_MS = 600_000
/** Entries are few (one a container); the limit only guards against a leak. */
const MAXIMUM_ENTRIES = 10_000

interface Entry {
  delayMs: number
  /** Wall time of the last try, to compare with the failures' times, which are the runtime's. */
  triedAt: number
  /** The failure that is waited for, and when, monotonic, the wait is over. */
  failedAt: number
  dueMs: number
}

export class Backoff {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock, limitMs = MAXIMUM_BACKOFF_MS) {
    this.#clock = clock
    this.#limitMs = limitMs
  }

  /** Milliseconds that a failure has to wait as it stands now. */
  delayOf(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0
  }

  /** Milliseconds still to wait after a failure at `failedAt` (wall time); 0 means: go. */
  remaining(key: string, failedAt: number): number {
    const entry = this.#entries.get(key)
    if (!entry || isForgotten(entry, failedAt)) return 0
    const nowMs = this.#clock.monotonicMs()
    if (entry.failedAt !== failedAt) {
      // The wall clock is read once for each failure: should it be set back, nobody waits longer.
      const ageMs = Math.max(0, this.#clock.now() - failedAt)
      entry.failedAt = failedAt
      entry.dueMs = nowMs + Math.max(0, entry.delayMs - ageMs)
    }
    return Math.max(0, entry.dueMs - nowMs)
  }

  /** Notes one more try, after a failure at `failedAt`. */
  next(key: string, failedAt: number): void {
    const entry = this.#entries.get(key)
    const delayMs =
      !entry || isForgotten(entry, failedAt)
        ? Math.min(INITIAL_BACKOFF_MS, this.#limitMs)
        : Math.min(entry.delayMs * 2, this.#limitMs)
    this.#entries.delete(key)
    const triedAt = this.#clock.now()
    this.#entries.set(key, { delayMs, triedAt, failedAt: Number.NaN, dueMs: 0 })
    if (this.#entries.size > MAXIMUM_ENTRIES) {
      const oldest = this.#entries.keys().next().value
      if (oldest !== undefined) this.#entries.delete(oldest)
    }
  }

  /** Forgets all keys with this prefix, e.g. when the pod is gone. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key)
  }
}

/** Measured until the failure, not until now: the wait itself must not count as going well. */
const isForgotten = (entry: Entry, failedAt: number) => failedAt - entry.triedAt > BACKOFF_RESET_MS
