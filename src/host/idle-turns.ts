/**
 * Turns for work that can wait, such as telling what happened: whoever asks for one goes on at once while the process has time to spare,
 * and later where its event loop is busy with what cannot wait. The idea is the browser's `requestIdleCallback`; the measure is the time
 * that the loop waited for something to do, which Node counts.
 */

/** Turns for each idle millisecond. An Event's write takes about a quarter of one, so they use up half of what is idle. */
const PER_IDLE_MS = 4
/** Turns each second that there are even where no time is to spare, so that a busy hour still has its story; upstream's own limit is half of it. */
const ALWAYS_PER_MS = 0.1
/** Turns that may be saved up, as upstream's burst. */
const MOST_SAVED = 100
/** How often is looked whether there is time by now, while somebody waits. */
const LOOK_EVERY_MS = 20

export interface IdleMeter {
  /** Milliseconds from an arbitrary start. */
  monotonicMs(): number
  /** How many of them passed with nothing to do. */
  idleMs(): number
  /** Calls back once; must not keep the process alive. */
  after(delayMs: number, callback: () => void): void
}

export class IdleTurns {
  readonly #meter: IdleMeter
  readonly #waiting = new Set<() => void>()
  #isLooking = false
  #saved = MOST_SAVED
  #countedMs: number
  #countedIdleMs: number

  constructor(meter: IdleMeter) {
    this.#meter = meter
    this.#countedMs = meter.monotonicMs()
    this.#countedIdleMs = meter.idleMs()
  }

  /** Undefined where the turn is now; else resolves when it has come, first come first served, or `signal` aborts. */
  take(signal: AbortSignal): Promise<void> | undefined {
    if (this.#waiting.size === 0 && this.#spend()) return
    return new Promise(resolve => {
      const go = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#waiting.delete(go)
        resolve()
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.add(go)
      this.#look()
    })
  }

  #spend(): boolean {
    if (this.#saved < 1) this.#count()
    if (this.#saved < 1) return false
    this.#saved--
    return true
  }

  #count(): void {
    const nowMs = this.#meter.monotonicMs()
    const idleMs = this.#meter.idleMs()
    const earned =
      (nowMs - this.#countedMs) * ALWAYS_PER_MS + (idleMs - this.#countedIdleMs) * PER_IDLE_MS
    this.#saved = Math.min(MOST_SAVED, this.#saved + earned)
    this.#countedMs = nowMs
    this.#countedIdleMs = idleMs
  }

  /** Once at a time, also where all who waited left and others came. */
  #look(): void {
    if (this.#isLooking) return
    this.#isLooking = true
    this.#meter.after(LOOK_EVERY_MS, () => {
      this.#isLooking = false
      for (const go of this.#waiting) {
        if (!this.#spend()) break
        this.#waiting.delete(go)
        go()
      }
      if (this.#waiting.size > 0) this.#look()
    })
  }
}
