/**
 * A thread that does nothing but look for what another one did, and between two looks was held up for so long, had to give way to somebody
 * who wants the processor. What it took in vain is missing when it has work to do: it waits for longer than a wake-up takes.
 */
const HELD_UP_MS = 0.1

/** Transactions in which nobody looks after that: at first so many, since it may have been a collection of garbage, twice as many each time that it comes again soon. */
const FEWEST_LEFT_OUT = 64
const MOST_LEFT_OUT = 4096

/** So many looks in a row without being held up, and the cores count as free. */
const CALM_LOOKS = 500

/** Tells a thread that looks, by the times of its looks, for how many transactions both had better sleep instead. */
export class BusyCores {
  #leftOut = FEWEST_LEFT_OUT
  #calmLooks = 0
  #lookedMs = 0

  /** Somebody begins to look. */
  begin(nowMs: number): void {
    this.#lookedMs = nowMs
    this.#calmLooks++
    if (this.#calmLooks === CALM_LOOKS) this.#leftOut = FEWEST_LEFT_OUT
  }

  /** And looks again, in the same go: how many transactions to leave out from now on, 0 while nobody held it up. */
  again(nowMs: number): number {
    const isHeldUp = nowMs - this.#lookedMs > HELD_UP_MS
    this.#lookedMs = nowMs
    if (!isHeldUp) return 0
    const leftOut = this.#leftOut
    this.#leftOut = Math.min(MOST_LEFT_OUT, 2 * leftOut)
    this.#calmLooks = 0
    return leftOut
  }
}
