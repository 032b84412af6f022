/**
 * Events are news, not records: some time after their last change they go, an hour by default. A shared store removes them by itself. The time is measured by a
 * clock that never jumps; only of what was there at the start is its age by the wall clock.
 */
import type { Event } from '#api/core/v1/event.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Store } from '#store'
import type { StoredObject } from '../storage/stored-object.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'

const SWEEP_INTERVAL_MS = 60_000
/** So many go in one commit, which leaves room for other writers between two. */
const BATCH = 200

/** Sweeps every minute; the returned function ends it. */
export function expireEvents(
  { store, clock, log }: { store: Store; clock: Clock; log: Log },
  cache: ResourceCache,
  ttlMs: number,
): () => void {
  let cancel = () => {}
  let isOver = false
  const dues = new Dues(clock, cache, ttlMs)
  const schedule = () => {
    if (isOver) return
    cancel = clock.after(SWEEP_INTERVAL_MS, () => {
      sweep()
        .catch(thrown => log.warn('old events could not be removed', { error: messageOf(thrown) }))
        .finally(schedule)
    })
  }
  const sweep = async () => {
    const old = dues.past()
    for (let at = 0; at < old.length && !isOver; at += BATCH)
      // One that changed meanwhile fails its batch, which the next sweep takes up again.
      await store.commit(
        old.slice(at, at + BATCH).map(({ key, revision }) => ({
          key,
          expected: revision,
          value: null,
        })),
      )
  }
  schedule()
  return () => {
    isOver = true
    cancel()
    dues.stop()
  }
}

/** When each event has to go, in the clock's monotonic time. */
class Dues {
  readonly #clock: Clock
  readonly #cache: ResourceCache
  readonly #ttlMs: number
  readonly #dues = new Map<string, number>()
  #leave: (() => void) | undefined

  constructor(clock: Clock, cache: ResourceCache, ttlMs: number) {
    this.#clock = clock
    this.#cache = cache
    this.#ttlMs = ttlMs
    this.#follow()
  }

  stop(): void {
    this.#leave?.()
  }

  /** Those whose time is over. What was not seen to change is judged once, by what it says of itself. */
  past(): readonly StoredObject[] {
    if (!this.#leave) this.#follow()
    const nowMs = this.#clock.monotonicMs()
    const past: StoredObject[] = []
    for (const stored of this.#cache.values()) {
      const due = this.#dues.get(stored.key) ?? nowMs + this.#leftOf(stored.object as Event)
      this.#dues.set(stored.key, due)
      if (due <= nowMs) past.push(stored)
    }
    return past
  }

  #leftOf(event: Event): number {
    const ageMs = this.#clock.now() - lastChangeOf(event)
    return Math.min(this.#ttlMs, this.#ttlMs - ageMs)
  }

  #follow(): void {
    this.#dues.clear()
    this.#leave = this.#cache.watchers.add({
      filter: { namespace: '' },
      notify: ({ current }, as) => {
        if (as === 'DELETED') this.#dues.delete(current.key)
        else this.#dues.set(current.key, this.#clock.monotonicMs() + this.#ttlMs)
      },
      end: () => {
        this.#leave?.()
        this.#leave = undefined
      },
    })
  }
}

function lastChangeOf(event: Event): number {
  const times = [
    event.metadata.creationTimestamp,
    event.eventTime,
    event.lastTimestamp,
    event.series?.lastObservedTime,
  ]
  return Math.max(...times.map(time => (time ? Date.parse(time) : 0)))
}
