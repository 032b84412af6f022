/** Where an object of somebody else is in the place of a copy. It cannot be watched, so its place is looked at again every while. */
import type { Clock } from '#base/clock.ts'

export const LOOK_AGAIN_MS = 30_000

export class Obstacles {
  readonly #clock: Clock
  /** By key and cluster, when each was seen last. */
  readonly #seenMs = new Map<string, Map<string, number>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  note(key: string, cluster: string): void {
    const known = this.#seenMs.get(key) ?? new Map<string, number>()
    known.set(cluster, this.#clock.monotonicMs())
    this.#seenMs.set(key, known)
  }

  /** In how many milliseconds to look again, 0 for now; undefined where nothing is in the way. */
  leftMs(key: string, cluster: string): number | undefined {
    const seenMs = this.#seenMs.get(key)?.get(cluster)
    if (seenMs === undefined) return undefined
    return Math.max(0, seenMs + LOOK_AGAIN_MS - this.#clock.monotonicMs())
  }

  gone(key: string, cluster: string): void {
    const known = this.#seenMs.get(key)
    known?.delete(cluster)
    if (known?.size === 0) this.#seenMs.delete(key)
  }

  forget(key: string): void {
    this.#seenMs.delete(key)
  }
}
