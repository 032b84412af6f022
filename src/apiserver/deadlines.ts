/** How long requests may take that are no watches and no streams: upstream's --request-timeout. */
import { StatusError } from '#api/machinery/status.ts'
import { ArrivalOrder, NOWHERE } from '#base/arrival-order.ts'
import type { Clock } from '#base/clock.ts'
import type { ApiResponse } from '#client/transport.ts'

export const REQUEST_TIMEOUT_MS = 60_000

interface Running {
  slot: number
  readonly dueMs: number
  readonly expire: () => void
}

/** As many as are answered at a time; one timer for all that have the usual time. */
export class Deadlines {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #running = new ArrivalOrder<Running>()
  #cancel: (() => void) | undefined

  constructor(clock: Clock, timeoutMs = REQUEST_TIMEOUT_MS) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** What the work gives, or a StatusError where it takes too long; it is then not waited for. A client may ask for less than is allowed. */
  limited(work: () => Promise<ApiResponse>, wantedMs = 0): Promise<ApiResponse> {
    return wantedMs > 0 && wantedMs < this.#timeoutMs
      ? this.#own(work, wantedMs)
      : this.#usual(work)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #usual(work: () => Promise<ApiResponse>): Promise<ApiResponse> {
    return new Promise((resolve, reject) => {
      const dueMs = this.#clock.monotonicMs() + this.#timeoutMs
      const running: Running = { slot: NOWHERE, dueMs, expire: () => reject(tooSlow()) }
      this.#running.add(running)
      this.#cancel ??= this.#clock.after(this.#timeoutMs, () => this.#look())
      work().then(
        answer => {
          this.#running.delete(running)
          resolve(answer)
        },
        error => {
          this.#running.delete(running)
          reject(error)
        },
      )
    })
  }

  /** Ends those whose time is over, and looks again when the next one's is. */
  #look(): void {
    this.#cancel = undefined
    const now = this.#clock.monotonicMs()
    for (;;) {
      const [oldest] = this.#running
      if (!oldest) return
      if (oldest.dueMs > now) {
        this.#cancel = this.#clock.after(oldest.dueMs - now, () => this.#look())
        return
      }
      this.#running.delete(oldest)
      oldest.expire()
    }
  }

  #own(work: () => Promise<ApiResponse>, timeoutMs: number): Promise<ApiResponse> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () => reject(tooSlow()))
      work().then(resolve, reject).finally(cancel)
    })
  }
}

const tooSlow = () =>
  new StatusError(
    'Timeout',
    'Timeout: request did not complete within the allotted timeout',
    {},
    504,
  )
