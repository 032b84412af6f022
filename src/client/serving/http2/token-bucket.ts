/** How often something may happen: a burst of it, and so many a second afterwards. */
export class TokenBucket {
  readonly #burst: number
  readonly #perSecond: number
  readonly #monotonicMs: () => number
  #left: number
  #sinceMs: number

  constructor([burst, perSecond]: readonly [number, number], monotonicMs: () => number) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#monotonicMs = monotonicMs
    this.#left = burst
    this.#sinceMs = monotonicMs()
  }

  /** Whether it may happen now. The time is only asked for when the burst is used up. */
  take(): boolean {
    if (this.#left < 1) this.#refill()
    if (this.#left < 1) return false
    this.#left--
    return true
  }

  #refill(): void {
    const now = this.#monotonicMs()
    const more = ((now - this.#sinceMs) / 1000) * this.#perSecond
    this.#left = Math.min(this.#burst, this.#left + more)
    this.#sinceMs = now
  }
}
