/**
 * How long a container that keeps ending must wait: 10 s, doubled with each restart up to 5 min,
 * forgotten when it has run well for 10 min. The first restart is at once. The count is kept in
 * memory alone: a restarted kubelet starts it anew.
 */
export const INITIAL_BACKOFF_MS = 10_000
export const MAXIMUM_BACKOFF_MS = 300_000
/** Nobody restarted for this long: the next failure counts as the first. */
export const BACKOFF_RESET_MS = 600_000
/** Entries are few (one a container); the limit only guards against a leak. */
const MAXIMUM_ENTRIES = 10_000

interface Entry {
  delayMs: number
  updatedAt: number
}

export class Backoff {
  readonly #entries = new Map<string, Entry>()

  /** Milliseconds from `since` (when it last failed) until it may be tried, as it stands now. */
  delayOf(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0
  }

  /** Milliseconds still to wait at `now`; 0 means: go. */
  remaining(key: string, since: number, now: number): number {
    const entry = this.#entries.get(key)
    if (!entry || now - entry.updatedAt > BACKOFF_RESET_MS + entry.delayMs) return 0
    return Math.max(0, since + entry.delayMs - now)
  }

  /** Notes one more try at `now`. */
  next(key: string, now: number): void {
    const entry = this.#entries.get(key)
    const fresh = !entry || now - entry.updatedAt > BACKOFF_RESET_MS + entry.delayMs
    const delayMs = fresh ? INITIAL_BACKOFF_MS : Math.min(entry.delayMs * 2, MAXIMUM_BACKOFF_MS)
    this.#entries.delete(key)
    this.#entries.set(key, { delayMs, updatedAt: now })
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
