/** Changes of the past that the cache's window no longer has, read from the store's own history. */
import type { Revision, Store, StoreEvent } from '#store'
import { StoredObject } from '../storage/stored-object.ts'
import { CacheEvent } from './cache-event.ts'

/** All changes under `prefix` in (after, until]. Throws CompactedError when they are forgotten. */
export function readHistory(
  store: Store,
  prefix: string,
  { after, until }: { after: Revision; until: Revision },
): Promise<readonly CacheEvent[]> {
  return new Promise((resolve, reject) => {
    const found: CacheEvent[] = []
    let cancel = () => {}
    const finish = () => {
      cancel()
      resolve(found)
    }
    cancel = store.watch(prefix, after, {
      events: events => {
        for (const event of events) if (event.revision <= until) found.push(eventOf(event))
      },
      progress: reached => {
        if (reached >= until) finish()
      },
      end: error => (error ? reject(error) : finish()),
    })
  })
}

function eventOf(change: StoreEvent): CacheEvent {
  const { revision } = change
  if (change.type === 'delete') {
    const last = new StoredObject(change.key, revision, change.previous)
    return new CacheEvent(revision, 'DELETED', last, last)
  }
  const { entry, previous } = change
  const current = new StoredObject(entry.key, revision, entry)
  if (!previous) return new CacheEvent(revision, 'ADDED', current)
  const before = new StoredObject(entry.key, revision, previous)
  return new CacheEvent(revision, 'MODIFIED', current, before)
}
