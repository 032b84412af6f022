/** How events get from requests to where they are kept: in the request's way, or behind it in batches from a queue with an end. */
import { type Clock, sleep } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { AuditSink, AuditTrouble } from './audit-log.ts'
import type { AuditEvent } from './event.ts'

export const MODES = ['batch', 'blocking', 'blocking-strict'] as const
export type AuditMode = (typeof MODES)[number]

export interface Delivery {
  readonly plugin: string
  /** Resolves once all of them are kept; rejects with an Error that says why not. */
  deliver(events: readonly AuditEvent[]): Promise<void>
  close(): Promise<void>
}

/** Each request waits for its events. Where one must be kept, the request may not go on without. */
export function blockingSink(
  delivery: Delivery,
  trouble: AuditTrouble,
  isStrict: boolean,
): AuditSink {
  return {
    process: events =>
      delivery.deliver(events).then(
        () => true,
        error => {
          trouble(delivery.plugin, messageOf(error), events.length)
          return !isStrict
        },
      ),
    close: () => delivery.close(),
  }
}

export interface BatchOptions {
  /** How many events wait at most; what comes beyond is lost, and counted. */
  readonly bufferSize: number
  readonly maximumSize: number
  /** How long a batch that is not full waits for more. */
  readonly maximumWaitMs: number
  /** Batches a second; without it as many as come. */
  readonly throttle?: { readonly perSecond: number; readonly burst: number }
  /** Batches that are delivered at the same time: what delivers slowly must not gather events without end. */
  readonly inFlight: number
}

/** How long an end waits for what is still to be delivered. */
const CLOSE_MS = 10_000

export class BatchSink implements AuditSink {
  readonly #delivery: Delivery
  readonly #options: BatchOptions
  readonly #clock: Clock
  readonly #trouble: AuditTrouble
  #waiting: AuditEvent[] = []
  readonly #delivering = new Set<Promise<void>>()
  #cancelTimer: (() => void) | undefined
  /** The batch that waits is to go, however small it is. */
  #isDue = false
  #isClosed = false
  #tokens: number
  #filledMs: number

  constructor(
    delivery: Delivery,
    options: BatchOptions,
    { clock, trouble }: { readonly clock: Clock; readonly trouble: AuditTrouble },
  ) {
    this.#delivery = delivery
    this.#options = options
    this.#clock = clock
    this.#trouble = trouble
    this.#tokens = options.throttle?.burst ?? 0
    this.#filledMs = clock.monotonicMs()
  }

  process(events: readonly AuditEvent[]): boolean {
    const room = this.#isClosed ? 0 : this.#options.bufferSize - this.#waiting.length
    for (const event of events.slice(0, Math.max(0, room))) this.#waiting.push(event)
    const lost = events.length - Math.max(0, room)
    if (lost > 0)
      this.#trouble(
        'buffered',
        this.#isClosed ? 'audit backend shut down' : 'audit buffer queue blocked',
        lost,
      )
    this.#pump()
    return true
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelTimer?.()
    const giveUp = new AbortController()
    const timeout = sleep(this.#clock, CLOSE_MS, giveUp.signal).catch(() => {})
    while (this.#waiting.length > 0) this.#deliverNext()
    await Promise.race([Promise.all(this.#delivering), timeout])
    giveUp.abort()
    await this.#delivery.close()
  }

  #pump(): void {
    const { maximumSize, maximumWaitMs, inFlight } = this.#options
    while (this.#waiting.length > 0 && !this.#isClosed) {
      if (this.#waiting.length < maximumSize && maximumWaitMs > 0 && !this.#isDue)
        return void this.#wakeIn(maximumWaitMs, () => {
          this.#isDue = true
        })
      if (this.#delivering.size >= inFlight) return
      const waitMs = this.#takeToken()
      if (waitMs > 0) return void this.#wakeIn(waitMs)
      this.#isDue = false
      this.#deliverNext()
    }
  }

  #wakeIn(ms: number, before = () => {}): void {
    this.#cancelTimer ??= this.#clock.after(ms, () => {
      this.#cancelTimer = undefined
      before()
      this.#pump()
    })
  }

  /** How long to wait for one; 0 where it is taken. */
  #takeToken(): number {
    const { throttle } = this.#options
    if (!throttle) return 0
    const nowMs = this.#clock.monotonicMs()
    const { perSecond, burst } = throttle
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledMs) / 1000) * perSecond)
    this.#filledMs = nowMs
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) / perSecond) * 1000)
    this.#tokens--
    return 0
  }

  #deliverNext(): void {
    const batch = this.#waiting.splice(0, this.#options.maximumSize)
    const delivered = this.#delivery
      .deliver(batch)
      .catch(error => this.#trouble(this.#delivery.plugin, messageOf(error), batch.length))
      .finally(() => {
        this.#delivering.delete(delivered)
        this.#pump()
      })
    this.#delivering.add(delivered)
  }
}
