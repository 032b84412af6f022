/**
 * Time as a parameter. Nothing outside `host/` and `simulation/` may read the machine's clock, so that
 * a whole cluster can run under virtual time.
 */
export interface Clock {
  /** Wall time in milliseconds since the epoch, as `Date.now()` would give it; may jump. */
  now(): number
  /** Milliseconds from an arbitrary start; never goes back. Use it to measure spans. */
  monotonicMs(): number
  /** Calls `callback` once after `delayMs`. The returned function cancels it; calling it twice is harmless. */
  after(delayMs: number, callback: () => void): () => void
  /**
   * For work that gives way to other: undefined where the process has time to spare, else resolves when it has, in the end even if it never has,
   * or when `signal` aborts. Absent where time is virtual, and there is always time.
   */
  whenIdle?(signal: AbortSignal): Promise<void> | undefined
  /**
   * Calls `callback` whenever the wall clock was set, or the machine slept, which waits do not notice: who waits for a moment of the wall clock
   * looks anew then. The returned function ends that. Absent where it never happens.
   */
  onJump?(callback: () => void): () => void
  /** Calls `callback` once everything that is ready now had its turn, before the process sleeps again. Absent where time is virtual. */
  afterReadyWork?(callback: () => void): void
}

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as `signal` aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/**
 * The pauses of one loop, one at a time, until it ends. What thousands of nodes do every few seconds is mostly waiting: a signal's listener for
 * each pause costs more than all else of it.
 */
export class Pauses {
  readonly #clock: Clock
  #cancel: (() => void) | undefined
  #resolve: (() => void) | undefined
  #isOver = false
  /** One for all pauses. */
  readonly #wake = () => {
    this.#cancel = undefined
    this.#resolve?.()
  }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Resolves after `delayMs`, or as soon as they are over. */
  take(delayMs: number): Promise<void> {
    if (this.#isOver) return Promise.resolve()
    return new Promise(resolve => {
      this.#resolve = resolve
      this.#cancel = this.#clock.after(delayMs, this.#wake)
    })
  }

  /** Ends the present one, and takes no more. */
  end(): void {
    this.#isOver = true
    this.#cancel?.()
    this.#wake()
  }
}

/** RFC 3339 with whole seconds, the form of `metav1.Time` on the wire. */
export function rfc3339(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000)
  if (second !== writtenSecond) {
    writtenSecond = second
    writtenText = `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
  }
  return writtenText
}
// Thousands of writes share a second, and formatting a date costs as much as parsing a small object.
let writtenSecond = Number.NaN
let writtenText = ''

/** RFC 3339 with six decimals, the form of `metav1.MicroTime` on the wire. */
export function rfc3339Micro(milliseconds: number): string {
  const whole = Math.trunc(milliseconds)
  const thousandths = ((whole % 1000) + 1000) % 1000
  return `${rfc3339(whole).slice(0, 19)}.${String(thousandths).padStart(3, '0')}000Z`
}
