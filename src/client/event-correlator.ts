/** Decides which events are worth writing: limits what one object can cause, and combines what only differs in detail. */
import type { Clock } from '#base/clock.ts'

/** Remembered events, for counting repeats; the oldest are forgotten first. */
const MEMORY_LIMIT = 4096
/** So many go at once: the way to the oldest leads past the places of all that went before. */
const FORGOTTEN_AT_ONCE = 256
/** With so many messages beside the first, of one reason within the window, they are combined into one Event, as upstream from ten on. */
const OTHERS_LIMIT = 9
const SIMILAR_WINDOW_MS = 600_000
/** Events that one object may cause in a burst, and how long it takes to earn another. */
const SPAM_BURST = 25
const SPAM_REFILL_MS = 300_000

interface Similar {
  /** The key of the first message, which whoever counts repeats holds, too. */
  readonly first: string
  /** Messages that differ from the first; most never have any. */
  others: Set<string> | undefined
  lastMs: number
}
interface Bucket {
  tokens: number
  filledMs: number
}

export interface EventCorrelator {
  /** True while the object may cause another event. */
  affordable(object: string): boolean
  /** The message to show, its own or that it was combined with others like it, and the key by which repeats are counted. */
  combined(group: string, message: string): { key: string; message: string }
}

export function createEventCorrelator(clock: Clock): EventCorrelator {
  const similar = new Map<string, Similar>()
  const buckets = new Map<string, Bucket>()
  return {
    affordable(object) {
      const now = clock.monotonicMs()
      const bucket = buckets.get(object) ?? { tokens: SPAM_BURST, filledMs: now }
      bucket.tokens = Math.min(SPAM_BURST, bucket.tokens + (now - bucket.filledMs) / SPAM_REFILL_MS)
      bucket.filledMs = now
      remember(buckets, object, bucket)
      if (bucket.tokens < 1) return false
      bucket.tokens -= 1
      return true
    },

    combined(group, message) {
      const now = clock.monotonicMs()
      const own = `${group}\n${message}`
      let seen = similar.get(group)
      if (!seen || now - seen.lastMs > SIMILAR_WINDOW_MS)
        seen = { first: own, others: undefined, lastMs: now }
      const isFirst = own === seen.first
      if (!isFirst) {
        seen.others ??= new Set()
        seen.others.add(message)
      }
      seen.lastMs = now
      remember(similar, group, seen)
      const others = seen.others?.size ?? 0
      if (others < OTHERS_LIMIT) return { key: isFirst ? seen.first : own, message }
      if (others > OTHERS_LIMIT) seen.others?.delete(message)
      return { key: group, message: `(combined from similar events): ${message}` }
    },
  }
}

/** Sets an entry as the newest and forgets the oldest some time after the limit. */
export function remember<V>(memory: Map<string, V>, key: string, value: V): void {
  memory.delete(key)
  memory.set(key, value)
  if (memory.size < MEMORY_LIMIT + FORGOTTEN_AT_ONCE) return
  for (const oldest of memory.keys()) {
    if (memory.size <= MEMORY_LIMIT) break
    memory.delete(oldest)
  }
}
