/** Events are news, not records: an hour after their last change they go. A shared store removes them by itself. */
import type { Event } from '#api/core/v1/event.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import type { Log } from '#base/log.ts'
import type { Store } from '#store'
import { EVENT_TTL_MS } from '../storage/resource-storage.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'

const SWEEP_INTERVAL_MS = 60_000
/** So many go in one commit, which leaves room for other writers between two. */
const BATCH = 200

/** Sweeps every minute; the returned function ends it. */
export function expireEvents(
  { store, clock, log }: { store: Store; clock: Clock; log: Log },
  cache: ResourceCache,
): () => void {
  let cancel = () => {}
  let isOver = false
  const schedule = () => {
    if (isOver) return
    cancel = clock.after(SWEEP_INTERVAL_MS, () => {
      sweep()
        .catch(thrown => log.warn('old events could not be removed', { error: messageOf(thrown) }))
        .finally(schedule)
    })
  }
  const sweep = async () => {
    const oldest = clock.now() - EVENT_TTL_MS
    const old = cache.list('').filter(stored => lastChangeOf(stored.object as Event) < oldest)
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
