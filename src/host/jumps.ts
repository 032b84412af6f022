/**
 * Notices that the wall clock was set, or that the machine slept: both clocks are compared now and then. Timers count neither, so that who waits for a
 * moment of the wall clock, such as a CronJob for midnight, would be late by as long as a laptop was shut.
 */

/** How late a jump may be noticed. */
const LOOK_EVERY_MS = 5_000
/** What is less may be the clock being brought right bit by bit, or the moment between reading one clock and the other. */
const LEAST_JUMP_MS = 1_000

export interface JumpsParts {
  now(): number
  monotonicMs(): number
  /** Calls `look` again and again until the returned function is called; need not keep the process alive. */
  every(intervalMs: number, look: () => void): () => void
}

export class Jumps {
  readonly #parts: JumpsParts
  readonly #listeners = new Set<{ readonly call: () => void }>()
  /** Of the wall clock before the monotonic one. */
  #aheadMs = 0
  #stop: (() => void) | undefined

  constructor(parts: JumpsParts) {
    this.#parts = parts
  }

  /** Looks for as long as anybody listens. */
  tell(callback: () => void): () => void {
    const listener = { call: callback }
    this.#listeners.add(listener)
    if (!this.#stop) {
      this.#aheadMs = this.#ahead()
      this.#stop = this.#parts.every(LOOK_EVERY_MS, () => this.#look())
    }
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      this.#stop?.()
      this.#stop = undefined
    }
  }

  #ahead(): number {
    return this.#parts.now() - this.#parts.monotonicMs()
  }

  #look(): void {
    const aheadMs = this.#ahead()
    if (Math.abs(aheadMs - this.#aheadMs) < LEAST_JUMP_MS) return
    this.#aheadMs = aheadMs
    for (const { call } of [...this.#listeners]) call()
  }
}
