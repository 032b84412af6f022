/** How many transactions tell how quick one way is; of the first of them caches and compiled code are still the other way's. */
const TRIED = 256
const IGNORED = 64
/** How many then go the better way before both are tried again. */
const BETWEEN_TRIALS = 8192

/** A transaction that took longer says that much: a pause of the disk or of somebody else should not decide. */
const LONGEST_MS = 5

/** Looking costs time of a processor, so it has to be better than sleeping by this factor. */
const WORTH = 0.95

/**
 * Whether two threads had better look for what the other does than sleep until they are woken. To be woken takes as long as judging a handful of
 * commits, but where somebody else wants the processors, who looks may keep the very thread waiting that is looked for. No single look tells
 * which it is, so now and then both ways are tried, and the quicker one is kept.
 */
export class LookTrial {
  #isLooking = true
  #step: 'as before' | 'otherwise' | 'settled' = 'as before'
  #transactions = 0
  #rows = 0
  #ms = 0
  /** What a row took as it was done before. */
  #msBefore = 0

  get isLooking(): boolean {
    return this.#isLooking
  }

  /** A transaction of so many rows, whose writers had come back at once, was written so long after the one before. */
  note(rows: number, ms: number): void {
    this.#transactions++
    if (this.#transactions > IGNORED) {
      this.#rows += rows
      this.#ms += Math.min(ms, LONGEST_MS)
    }
    const isSettled = this.#step === 'settled'
    if (this.#transactions === (isSettled ? BETWEEN_TRIALS : TRIED))
      this.#goOn(this.#ms / this.#rows)
  }

  #goOn(msPerRow: number): void {
    this.#transactions = 0
    this.#rows = 0
    this.#ms = 0
    if (this.#step === 'settled') {
      this.#step = 'as before'
    } else if (this.#step === 'as before') {
      this.#step = 'otherwise'
      this.#msBefore = msPerRow
      this.#isLooking = !this.#isLooking
    } else {
      this.#step = 'settled'
      const looking = this.#isLooking ? msPerRow : this.#msBefore
      const sleeping = this.#isLooking ? this.#msBefore : msPerRow
      this.#isLooking = looking < WORTH * sleeping
    }
  }
}
