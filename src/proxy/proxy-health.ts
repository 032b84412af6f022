/** Whether the kernel has the rules that are wanted, or has lacked them for too long. */
import type { Clock } from '#base/clock.ts'
import type { Family } from './family.ts'

/** Upstream's: twice the time after which its proxy writes all rules anew. */
const LATE_MS = 60_000

export class ProxyHealth {
  readonly #clock: Clock
  /** Since when a change waits, on the monotonic clock, of the families of which one does. */
  readonly #waitingSince = new Map<Family, number>()
  #lastWritten: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Rules other than the kernel's are wanted. */
  waiting(family: Family): void {
    if (!this.#waitingSince.has(family)) this.#waitingSince.set(family, this.#clock.monotonicMs())
  }

  /** Rules were written; meanwhile others may be wanted already. */
  written(family: Family, isCurrent: boolean): void {
    this.#lastWritten = this.#clock.now()
    this.#waitingSince.delete(family)
    if (!isCurrent) this.waiting(family)
  }

  get isHealthy(): boolean {
    const now = this.#clock.monotonicMs()
    return [...this.#waitingSince.values()].every(since => now - since < LATE_MS)
  }

  /** When rules were written last, in milliseconds since the epoch. */
  get lastWritten(): number | undefined {
    return this.#lastWritten
  }
}
