/** How many transactions in a row go one way while both are tried; of the first of them caches and compiled code are still the other way's. */
const TRIED = 32
const IGNORED = 8
/** Each way is tried twice, so that a machine that becomes quicker or slower meanwhile, as compiled code does, favours neither. */
const TURNS = ['as before', 'otherwise', 'otherwise', 'as before'] as const

/** How many transactions then go the better way before both are tried again: few at first, more each time that nothing changed. */
const FEWEST_BETWEEN_TRIALS = 512
const MOST_BETWEEN_TRIALS = 8192

/** A transaction that took longer says that much: a pause of the disk or of somebody else should not decide. */
const LONGEST_MS = 1

/** Looking costs time of a processor, so it has to be better than sleeping by this factor. */
const WORTH = 0.95

/**
 * Whether two threads had better look for what the other does than sleep until they are woken. To be woken takes as long as judging a handful of
 * commits, but where somebody else wants the processors, who looks may keep the very thread waiting that is looked for. No single look tells
 * which it is, so now and then both ways are tried, and the quicker one is kept.
 */
export class LookTrial {
  #isLooking = true
  /** Which of the turns of a trial this is; beyond the last nothing is tried. */
  #turn = 0
  #transactions = 0
  #betweenTrials = FEWEST_BETWEEN_TRIALS
  readonly #taken = { looking: new Took(), sleeping: new Took() }

  get isLooking(): boolean {
    return this.#isLooking
  }

  /** A transaction of so many rows, whose writers had come back at once, was written so long after the one before. */
  note(rows: number, ms: number): void {
    this.#transactions++
    const isTried = this.#turn < TURNS.length
    if (isTried && this.#transactions > IGNORED) {
      this.#taken[this.#isLooking ? 'looking' : 'sleeping'].add(rows, Math.min(ms, LONGEST_MS))
    }
    if (this.#transactions < (isTried ? TRIED : this.#betweenTrials)) return
    this.#transactions = 0
    if (!isTried) {
      this.#turn = 0
      return
    }
    this.#turn++
    if (this.#turn === TURNS.length) this.#settle()
    else if (TURNS[this.#turn] !== TURNS[this.#turn - 1]) this.#isLooking = !this.#isLooking
  }

  #settle(): void {
    const { looking, sleeping } = this.#taken
    const wasLooking = this.#isLooking
    this.#isLooking = looking.msPerRow < WORTH * sleeping.msPerRow
    const isAsBefore = this.#isLooking === wasLooking
    this.#betweenTrials = isAsBefore
      ? Math.min(MOST_BETWEEN_TRIALS, 2 * this.#betweenTrials)
      : FEWEST_BETWEEN_TRIALS
    looking.fade()
    sleeping.fade()
  }
}

class Took {
  #rows = 0
  #ms = 0

  get msPerRow(): number {
    return this.#ms / this.#rows
  }

  add(rows: number, ms: number): void {
    this.#rows += rows
    this.#ms += ms
  }

  /** What was before the next trial counts half: noise should not decide, and what has changed will. */
  fade(): void {
    this.#rows /= 2
    this.#ms /= 2
  }
}
