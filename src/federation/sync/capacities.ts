/**
 * How many replicas a cluster was found to have room for. That is seen only while some wait there in vain; once they are gone, it has to be remembered
 * for a while, or where all clusters are full replicas would wander from one to the next for ever.
 */
import type { Clock } from '#base/clock.ts'

/** After that it is tried again whether there is more room by now. */
export const REMEMBERED_MS = 5 * 60_000

interface Seen {
  readonly capacity: number
  readonly atMs: number
}

export class Capacities {
  readonly #clock: Clock
  /** By key and cluster. */
  readonly #seen = new Map<string, Map<string, Seen>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  note(key: string, cluster: string, capacity: number): void {
    const known = this.#seen.get(key) ?? new Map<string, Seen>()
    known.set(cluster, { capacity, atMs: this.#clock.monotonicMs() })
    this.#seen.set(key, known)
  }

  /** What is remembered, unless more than that run by now; and for how long it still is. */
  of(
    key: string,
    cluster: string,
    running: number,
  ): { readonly capacity: number; readonly leftMs: number } | undefined {
    const known = this.#seen.get(key)
    const seen = known?.get(cluster)
    if (!known || !seen) return undefined
    const leftMs = seen.atMs + REMEMBERED_MS - this.#clock.monotonicMs()
    if (leftMs > 0 && running <= seen.capacity) return { capacity: seen.capacity, leftMs }
    known.delete(cluster)
    if (known.size === 0) this.#seen.delete(key)
    return undefined
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }
}
