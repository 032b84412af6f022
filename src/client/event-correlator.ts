/** Decides which events are worth writing: limits what one object can cause, and combines what only differs in detail. */
import type { Clock } from '#base/clock.ts'

/** Remembered objects and groups of events, for counting repeats; the oldest are forgotten first. */
const MEMORY_LIMIT = 4096
/** So many go at once: the way to the oldest leads past the places of all that went before. */
const FORGOTTEN_AT_ONCE = 256
/** With so many messages beside the first, of one reason within the window, they are combined into one Event, as upstream from ten on. */
const OTHERS_LIMIT = 9
const SIMILAR_WINDOW_MS = 600_000
/** Events of one group that are remembered beside the first: those of a window, and the combined one. */
const TOLD_LIMIT = 2 * (OTHERS_LIMIT + 1)
/** Events that one object may cause in a burst, and how long it takes to earn another. */
const SPAM_BURST = 25
const SPAM_REFILL_MS = 300_000

/** Takes the place of the message where many are combined. */
const COMBINED = '(combined from similar events)'

/** An Event that was written, and how often it has happened. */
export interface Told {
  readonly name: string
  count: number
}

/** Events of one object, part, type and reason. Nearly all groups have one message, and are as small as that. */
export class EventGroup {
  #first: string
  #toldFirst: Told | undefined
  /** Messages of this window that differ from the first. */
  #others: Set<string> | undefined
  /** By message, of this window and those before it. */
  #told: Map<string, Told> | undefined
  #lastMs: number

  constructor(message: string, nowMs: number) {
    this.#first = message
    this.#lastMs = nowMs
  }

  /** The message by which repeats are counted: this one, or one for all that are combined. */
  see(message: string, nowMs: number): string {
    if (nowMs - this.#lastMs > SIMILAR_WINDOW_MS) this.#beginAnew(message)
    this.#lastMs = nowMs
    if (message === this.#first) return this.#isFull ? COMBINED : message
    this.#others ??= new Set()
    if (!this.#isFull) this.#others.add(message)
    return this.#isFull ? COMBINED : message
  }

  told(message: string): Told | undefined {
    return message === this.#first ? this.#toldFirst : this.#told?.get(message)
  }

  tell(message: string, told: Told): void {
    if (message === this.#first) {
      this.#toldFirst = told
      return
    }
    this.#told ??= new Map()
    remember(this.#told, message, told, { limit: TOLD_LIMIT, atOnce: 1 })
  }

  get #isFull(): boolean {
    return (this.#others?.size ?? 0) >= OTHERS_LIMIT
  }

  #beginAnew(message: string): void {
    this.#others = undefined
    if (message === this.#first) return
    const told = this.#told?.get(message)
    const before = this.#first
    const toldBefore = this.#toldFirst
    this.#told?.delete(message)
    this.#first = message
    this.#toldFirst = told
    if (toldBefore) this.tell(before, toldBefore)
  }
}

export interface EventCorrelator {
  /** True while the object may cause another event. */
  affordable(object: string): boolean
  /** The group, the message to show, its own or that it was combined with others like it, and the one by which the group counts repeats. */
  combined(group: string, message: string): { group: EventGroup; message: string; counted: string }
}

export function createEventCorrelator(clock: Clock): EventCorrelator {
  const groups = new Map<string, EventGroup>()
  /** By object: when all that it may cause in a burst is earned again. */
  const earned = new Map<string, number>()
  return {
    affordable(object) {
      const now = clock.monotonicMs()
      const earnedMs = Math.max(now, earned.get(object) ?? now)
      const isAffordable = earnedMs - now <= (SPAM_BURST - 1) * SPAM_REFILL_MS
      remember(earned, object, isAffordable ? earnedMs + SPAM_REFILL_MS : earnedMs)
      return isAffordable
    },

    combined(name, message) {
      const now = clock.monotonicMs()
      const group = groups.get(name) ?? new EventGroup(message, now)
      const counted = group.see(message, now)
      remember(groups, name, group)
      return { group, counted, message: counted === COMBINED ? `${COMBINED}: ${message}` : message }
    },
  }
}

/** Sets an entry as the newest and forgets the oldest some time after the limit. */
function remember<V>(
  memory: Map<string, V>,
  key: string,
  value: V,
  { limit, atOnce } = { limit: MEMORY_LIMIT, atOnce: FORGOTTEN_AT_ONCE },
): void {
  memory.delete(key)
  memory.set(key, value)
  if (memory.size < limit + atOnce) return
  for (const oldest of memory.keys()) {
    if (memory.size <= limit) break
    memory.delete(oldest)
  }
}
