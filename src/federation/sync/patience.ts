/** Somebody in a cluster may change a copy back each time it is repaired: after some rounds there is a pause, or both would go on as fast as they can. */
import type { Clock } from '#base/clock.ts'

const ROUNDS = 10
const WINDOW_MS = 60_000

interface Rounds {
  readonly what: string
  readonly sinceMs: number
  count: number
}

export class Patience {
  readonly #clock: Clock
  readonly #rounds = new Map<string, Rounds>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How long the same thing is not to be done again; 0 where it may be, which then counts. */
  waitMs(key: string, what: string): number {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#rounds.get(key)
    if (known?.what !== what || nowMs - known.sinceMs >= WINDOW_MS) {
      this.#rounds.set(key, { what, sinceMs: nowMs, count: 1 })
      return 0
    }
    if (known.count >= ROUNDS) return known.sinceMs + WINDOW_MS - nowMs
    known.count++
    return 0
  }

  forget(prefix: string): void {
    for (const key of this.#rounds.keys()) if (key.startsWith(prefix)) this.#rounds.delete(key)
  }
}
