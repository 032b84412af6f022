import { afterReadyWork } from '#host/worker.ts'
import {
  lastCommitMs,
  letLook,
  pauseBriefly,
  type SharedRing,
  setLookedAt,
  told,
  written,
} from './batch-ring.ts'
import { LookTrial } from './look-trial.ts'

/** Writers that come back so soon after an answer, 16 of them or one, soon want the next. */
const SOON_MS = 0.5

/** What a wake-up takes is little beside a disk that usually is slower; a single commit says little of that. */
const MOST_COMMIT_MS = 0.8
const SHARE_OF_LAST = 1 / 16
/** A pause of the disk says that much. */
const LONGEST_COMMIT_MS = 1

/** An answer that takes longer, than one to a transaction that removes history, too, comes as a message. */
const LOOK_OUT_MS = 1.2

/**
 * So often, for some 15 µs, each turn of the event loop looks where nothing else was to do in the turn before: a turn costs system calls and leaves garbage, so
 * that those who turned at each look had to collect it every 33 ms, for more than a millisecond.
 */
const LOOKS_A_TURN = 512
const IDLE_TURN_MS = 0.01

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
  /** When the last look ended. */
  #lookedMs = 0
  /** What a commit to the disk takes about. */
  #commitMs = 0
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
      this.#soonRows = 0
    }
    this.#toldMs = nowMs
    this.#tell(count)
  }

  /** To be called when a transaction of so many rows is on its way. */
  lookOut(rows: number): void {
    const nowMs = this.#nowMs()
    const lastMs = Math.min(LONGEST_COMMIT_MS, lastCommitMs(this.#ring))
    this.#commitMs += SHARE_OF_LAST * (lastMs - this.#commitMs)
    const isSoon = nowMs - this.#toldMs <= SOON_MS && this.#commitMs <= MOST_COMMIT_MS
    // The writer neither, where clients have something else to do before they come back.
    letLook(this.#ring, isSoon && this.#trial.isLooking)
    if (!isSoon) return
    this.#soonRows += rows
    if (!this.#trial.isLooking) return
    this.#endMs = nowMs + LOOK_OUT_MS
    if (this.#isLookingOut) return
    this.#isLookingOut = true
    setLookedAt(this.#ring, true)
    afterReadyWork(() => this.#look())
  }

  #look(): void {
    if (!this.#isThere() && this.#nowMs() < this.#endMs) {
      afterReadyWork(() => this.#look())
      return
    }
    this.#isLookingOut = false
    // In this order: what is written after it comes as a message, what was before is taken here.
    setLookedAt(this.#ring, false)
    this.take()
  }

  /** Whether something was written, or is while there is nothing else to do. */
  #isThere(): boolean {
    let left = this.#nowMs() - this.#lookedMs < IDLE_TURN_MS ? LOOKS_A_TURN : 1
    while (written(this.#ring) === this.#known) {
      if (--left === 0) break
      pauseBriefly()
    }
    this.#lookedMs = this.#nowMs()
    return written(this.#ring) !== this.#known
  }
}
