/**
 * The last changes of a resource, for watches that resume. A client that was away for longer is served from the store's history, or lists anew.
 * What a window holds stays in memory however old it is, so all windows of a server have one budget: of large objects that change all the time
 * two thousand changes of each kind would be more than all that is present.
 */
import type { Revision } from '#store'
import type { CacheEvent } from './cache-event.ts'

/** Changes that a window has room for; at twice as many, it is cut to half. */
const WINDOW_EVENTS = 1_000
/** As much as the store's history may hold. */
const BUDGET_BYTES = 32 * 1024 * 1024
/** A change, its states and the keys, beside values; about, as heap snapshots show them. */
const EVENT_BYTES = 700

export class WindowBudget {
  readonly #limit: number
  readonly #windows = new Set<ChangeWindow>()
  #bytes = 0

  constructor(limit = BUDGET_BYTES) {
    this.#limit = limit
  }

  enter(window: ChangeWindow): void {
    this.#windows.add(window)
    this.#bytes += window.bytes
  }

  /** The window counts no more; nothing must be added to it. */
  leave(window: ChangeWindow): void {
    if (this.#windows.delete(window)) this.#bytes -= window.bytes
  }

  /**
   * Called by a window for what it has taken or let go. Those that hold most give up half each, until enough is free: whoever watches a kind that
   * changes seldom shall not pay for others.
   */
  changed(bytes: number): void {
    this.#bytes += bytes
    if (bytes < 0) return
    while (this.#bytes > this.#limit) {
      const largest = this.#largest()
      if (!largest?.halve()) return
    }
  }

  #largest(): ChangeWindow | undefined {
    let largest: ChangeWindow | undefined
    for (const window of this.#windows)
      if (!largest || window.bytes > largest.bytes) largest = window
    return largest
  }
}

export class ChangeWindow {
  readonly #budget: WindowBudget
  #events: CacheEvent[] = []
  /** Bytes of each, beside it. */
  #sizes: number[] = []
  #bytes = 0
  #start: Revision

  constructor(budget: WindowBudget, start: Revision) {
    this.#budget = budget
    this.#start = start
    budget.enter(this)
  }

  /** The oldest revision after which every change is here. */
  get start(): Revision {
    return this.#start
  }

  get bytes(): number {
    return this.#bytes
  }

  /** `valueBytes` is how large the value is that the change holds. */
  push(event: CacheEvent, valueBytes: number): void {
    const bytes = EVENT_BYTES + valueBytes
    this.#events.push(event)
    this.#sizes.push(bytes)
    this.#bytes += bytes
    // Trimmed by halves, so that a push costs nothing on average.
    if (this.#events.length >= 2 * WINDOW_EVENTS) this.halve()
    this.#budget.changed(bytes)
  }

  /** Changes after a revision, or undefined where the window no longer reaches so far back. */
  after(revision: Revision): readonly CacheEvent[] | undefined {
    if (revision < this.#start) return undefined
    const events = this.#events
    let from = events.length
    while (from > 0 && (events[from - 1] as CacheEvent).revision > revision) from--
    return events.slice(from)
  }

  /** Gives up the older half, but not the newest change; false where there is no other. */
  halve(): boolean {
    const count = this.#events.length >> 1
    if (count === 0) return false
    this.#start = (this.#events[count - 1] as CacheEvent).revision
    let bytes = 0
    for (let i = 0; i < count; i++) bytes += this.#sizes[i] as number
    this.#events = this.#events.slice(count)
    this.#sizes = this.#sizes.slice(count)
    this.#bytes -= bytes
    this.#budget.changed(-bytes)
    return true
  }

  /** Forgets everything before a revision that is not older. */
  reset(start: Revision): void {
    const bytes = this.#bytes
    this.#events = []
    this.#sizes = []
    this.#bytes = 0
    this.#start = start
    this.#budget.changed(-bytes)
  }

  /** Counts no more. */
  close(): void {
    this.#budget.leave(this)
  }
}
