import { systemClock } from '#host/clock.ts'
import { afterReadyWork } from '#host/worker.ts'
import { lastCommitMs, type SharedRing, setLookedAt, written } from './batch-ring.ts'

/** Writers that come back so soon after an answer, 16 of them or one, soon want the next. */
const SOON_MS = 0.5

/** What a wake-up takes is little beside a disk that is slower. */
const MOST_COMMIT_MS = 0.4

/** An answer that takes longer comes as a message. */
const LOOK_OUT_MS = 0.6

/**
 * The main thread's side of the count of batches that were written. A message says that it has changed; but to be woken by one takes 40 µs on a virtual
 * machine, as long as it takes to judge a handful of commits. So where writers come back as soon as they are answered, and
 * the disk is quick, the event loop goes on turning for a moment instead of sleeping, and looks at the count at each turn.
 */
export class WrittenBatches {
  readonly #ring: SharedRing
  readonly #tell: (count: number) => void
  #known: number
  #isLookingOut = false
  #endMs = 0
  #toldMs = Number.NEGATIVE_INFINITY

  /** `tell` is called with how many more were written. */
  constructor(ring: SharedRing, tell: (count: number) => void) {
    this.#ring = ring
    this.#tell = tell
    this.#known = written(ring)
  }

  /** Tells those that were not told yet, up to a count. */
  take(upTo = written(this.#ring)): void {
    const count = (upTo - this.#known) | 0
    if (count <= 0) return
    this.#known = upTo
    this.#toldMs = systemClock.monotonicMs()
    this.#tell(count)
  }

  /** To be called when a transaction is on its way. */
  lookOut(): void {
    const nowMs = systemClock.monotonicMs()
    if (nowMs - this.#toldMs > SOON_MS || lastCommitMs(this.#ring) > MOST_COMMIT_MS) return
    this.#endMs = nowMs + LOOK_OUT_MS
    if (this.#isLookingOut) return
    this.#isLookingOut = true
    setLookedAt(this.#ring, true)
    afterReadyWork(() => this.#look())
  }

  #look(): void {
    if (written(this.#ring) === this.#known && systemClock.monotonicMs() < this.#endMs) {
      afterReadyWork(() => this.#look())
      return
    }
    this.#isLookingOut = false
    // In this order: what is written after it comes as a message, what was before is taken here.
    setLookedAt(this.#ring, false)
    this.take()
  }
}
