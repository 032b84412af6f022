import { afterReadyWork } from '#host/worker.ts'
import { lastCommitMs, letLook, type SharedRing, setLookedAt, told, written } from './batch-ring.ts'
import { LookTrial } from './look-trial.ts'

/** Writers that come back so soon after an answer, 16 of them or one, soon want the next. */
const SOON_MS = 0.5

/** What a wake-up takes is little beside a disk that is slower. */
const MOST_COMMIT_MS = 0.4

/** An answer that takes longer comes as a message. */
const LOOK_OUT_MS = 0.6

/** After one that came too late: on a busy machine the event loop may turn on the very core that the writer waits for. */
const SKIPPED_AFTER_A_MISS = 4

/**
 * The main thread's side of the count of batches that were written. A message says that it has changed; but to be woken by one takes 40 µs on a virtual
 * machine, as long as it takes to judge a handful of commits. So where writers come back as soon as they are answered, and
 * the disk is quick, the event loop goes on turning for a moment instead of sleeping, and looks at the count at each turn.
 *
 * Invariant: answers are told in the order of their requests. One that says more than that a batch was written comes as a message, which a look at
 * the count may overtake; so while one is on its way nothing is told that may lie behind it.
 */
export class WrittenBatches {
  readonly #ring: SharedRing
  readonly #tell: (count: number) => void
  readonly #nowMs: () => number
  #known: number
  /** Messages with an answer of their own that came. */
  #messages: number
  #isLookingOut = false
  #endMs = 0
  #skipped = 0
  readonly #trial = new LookTrial()
  /** Rows on their way whose writers came back at once. */
  #soonRows = 0
  #toldMs = Number.NEGATIVE_INFINITY

  /** `tell` is called with how many more were written; `nowMs` is a clock that never jumps. */
  constructor(ring: SharedRing, tell: (count: number) => void, nowMs: () => number) {
    this.#ring = ring
    this.#tell = tell
    this.#nowMs = nowMs
    this.#known = written(ring)
    this.#messages = told(ring)
  }

  /** Tells those that were not told yet, unless a message has to come first. */
  take(): void {
    // In this order: a message that something was written behind is seen, too.
    const upTo = written(this.#ring)
    if (told(this.#ring) === this.#messages) this.#tellUpTo(upTo)
  }

  /** A message came with an answer of its own, before which so many were written: tells those, then that, then what is behind it. */
  takeMessage(upTo: number, answer: () => void): void {
    this.#tellUpTo(upTo)
    this.#messages = (this.#messages + 1) | 0
    answer()
    this.take()
  }

  #tellUpTo(upTo: number): void {
    const count = (upTo - this.#known) | 0
    if (count <= 0) return
    this.#known = upTo
    const nowMs = this.#nowMs()
    if (this.#soonRows > 0) {
      this.#trial.note(this.#soonRows, nowMs - this.#toldMs)
      letLook(this.#ring, this.#trial.isLooking)
      this.#soonRows = 0
    }
    this.#toldMs = nowMs
    this.#tell(count)
  }

  /** To be called when a transaction of so many rows is on its way. */
  lookOut(rows: number): void {
    const nowMs = this.#nowMs()
    if (nowMs - this.#toldMs > SOON_MS || lastCommitMs(this.#ring) > MOST_COMMIT_MS) return
    this.#soonRows += rows
    if (!this.#trial.isLooking) return
    if (this.#skipped > 0) {
      this.#skipped--
      return
    }
    this.#endMs = nowMs + LOOK_OUT_MS
    if (this.#isLookingOut) return
    this.#isLookingOut = true
    setLookedAt(this.#ring, true)
    afterReadyWork(() => this.#look())
  }

  #look(): void {
    if (written(this.#ring) === this.#known) {
      if (this.#nowMs() < this.#endMs) {
        afterReadyWork(() => this.#look())
        return
      }
      this.#skipped = SKIPPED_AFTER_A_MISS
    }
    this.#isLookingOut = false
    // In this order: what is written after it comes as a message, what was before is taken here.
    setLookedAt(this.#ring, false)
    this.take()
  }
}
