/**
 * Events that came while pods were being tried: a pod that was refused in the end may have been helped meanwhile, and must not
 * wait for a change that has already been.
 */
import type { ClusterEvent } from '../framework/cluster-event.ts'

/** More are forgotten; then a refused pod is simply tried again. */
const LIMIT = 1_024

export class InFlight {
  readonly #startedAt = new Map<string, number>()
  #events: ClusterEvent[] = []
  #first = 0

  has(uid: string): boolean {
    return this.#startedAt.has(uid)
  }

  start(uid: string): void {
    this.#startedAt.set(uid, this.#first + this.#events.length)
  }

  /** The events since the pod was taken; undefined where they were too many to be kept. */
  end(uid: string): readonly ClusterEvent[] | undefined {
    const from = this.#startedAt.get(uid)
    this.#startedAt.delete(uid)
    const events =
      from === undefined
        ? []
        : from < this.#first
          ? undefined
          : this.#events.slice(from - this.#first)
    if (this.#startedAt.size === 0) {
      this.#first += this.#events.length
      this.#events = []
    }
    return events
  }

  /** Whether such an event came since the pod was taken; those that are not kept any more may have been such. */
  hasSeen(uid: string, isSuch: (event: ClusterEvent) => boolean): boolean {
    const from = this.#startedAt.get(uid)
    if (from === undefined) return false
    return from < this.#first || this.#events.slice(from - this.#first).some(isSuch)
  }

  note(event: ClusterEvent): void {
    if (this.#startedAt.size === 0) return
    this.#events.push(event)
    if (this.#events.length < 2 * LIMIT) return
    this.#events = this.#events.slice(LIMIT)
    this.#first += LIMIT
  }
}
