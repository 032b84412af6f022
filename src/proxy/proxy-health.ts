/** Whether the kernel has the rules that are wanted, or has lacked them for too long. */
import type { Clock } from '#base/clock.ts'

/** Upstream's: twice the time after which its proxy writes all rules anew. */
const LATE_MS = 60_000

export class ProxyHealth {
  readonly #clock: Clock
  /** Since when a change waits, on the monotonic clock. */
  #waitingSince: number | undefined
  #lastWritten: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Rules other than the kernel's are wanted. */
  waiting(): void {
    this.#waitingSince ??= this.#clock.monotonicMs()
  }

  /** Rules were written; meanwhile others may be wanted already. */
  written(isCurrent: boolean): void {
    this.#lastWritten = this.#clock.now()
    this.#waitingSince = undefined
    if (!isCurrent) this.waiting()
  }

  get isHealthy(): boolean {
    return (
      this.#waitingSince === undefined || this.#clock.monotonicMs() - this.#waitingSince < LATE_MS
    )
  }

  /** When rules were written last, in milliseconds since the epoch. */
  get lastWritten(): number | undefined {
    return this.#lastWritten
  }
}
