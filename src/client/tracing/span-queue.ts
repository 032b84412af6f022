/** Spans that wait for whoever collects them. As many as upstream keeps; what is too much is lost, for requests do not wait. */
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { EndedSpan } from '#base/tracing/span.ts'

export interface SpanQueueOptions {
  readonly clock: Clock
  readonly log: Log
  /** Rejects where they could not be told. */
  readonly send: (spans: readonly EndedSpan[]) => Promise<void>
}

export const MAXIMUM_QUEUED = 2048
export const BATCH = 512
const PAUSE_MS = 5_000
/** How often somebody is told that spans are lost. */
const COMPLAINT_MS = 60_000

export class SpanQueue {
  readonly #options: SpanQueueOptions
  #waiting: EndedSpan[] = []
  #sending: Promise<void> | undefined
  #cancel: (() => void) | undefined
  #isClosed = false
  #complainedMs = Number.NEGATIVE_INFINITY
  /** Never told: too many at a time, or nobody took them. */
  lost = 0

  constructor(options: SpanQueueOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#waiting.length
  }

  add(span: EndedSpan): void {
    if (this.#isClosed || this.#waiting.length >= MAXIMUM_QUEUED) {
      this.lost++
      return
    }
    this.#waiting.push(span)
    if (this.#waiting.length >= BATCH) this.#sendSoon(0)
    else this.#cancel ??= this.#options.clock.after(PAUSE_MS, () => this.#sendNow())
  }

  /** Tells what is left, once. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel?.()
    await this.#sending
    while (this.#waiting.length > 0) if (!(await this.#sendBatch())) return
  }

  #sendSoon(delayMs: number): void {
    if (this.#sending) return
    this.#cancel?.()
    this.#cancel = this.#options.clock.after(delayMs, () => this.#sendNow())
  }

  #sendNow(): void {
    this.#cancel = undefined
    this.#sending ??= this.#sendBatch().then(() => {
      this.#sending = undefined
      if (this.#waiting.length > 0 && !this.#isClosed)
        this.#sendSoon(this.#waiting.length >= BATCH ? 0 : PAUSE_MS)
    })
  }

  async #sendBatch(): Promise<boolean> {
    const batch = this.#waiting.splice(0, BATCH)
    if (batch.length === 0) return true
    try {
      await this.#options.send(batch)
      return true
    } catch (error) {
      this.lost += batch.length
      this.#complain(error)
      return false
    }
  }

  #complain(error: unknown): void {
    const { clock, log } = this.#options
    if (clock.monotonicMs() - this.#complainedMs < COMPLAINT_MS) return
    this.#complainedMs = clock.monotonicMs()
    log.warn('traces could not be told to their collector', {
      error: messageOf(error),
      lost: this.lost,
    })
  }
}
