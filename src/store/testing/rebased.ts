/** A store that shares its revisions with others, shown as if it had begun at revision 0, as the suite expects. */
import {
  CompactedError,
  type Entry,
  FutureRevisionError,
  type Revision,
  type Store,
  type StoreEvent,
} from '../store.ts'

export function rebased(store: Store): Store {
  const base = store.revision
  const down = (revision: Revision) => Math.max(0, revision - base)
  const up = (revision: Revision) => revision + base
  const entryOf = <E extends Entry | null | undefined>(entry: E): E => {
    if (!entry) return entry
    const { key, value, createRevision, modRevision } = entry
    const shown = {
      key,
      value,
      createRevision: down(createRevision),
      modRevision: down(modRevision),
    }
    return Object.freeze(shown) as E
  }
  const eventOf = (event: StoreEvent): StoreEvent => {
    const revision = down(event.revision)
    return event.type === 'put'
      ? { ...event, revision, entry: entryOf(event.entry), previous: entryOf(event.previous) }
      : { ...event, revision, previous: entryOf(event.previous) }
  }
  const errorOf = (error: unknown): unknown => {
    if (error instanceof CompactedError) return new CompactedError(down(error.compactedRevision))
    if (error instanceof FutureRevisionError) return new FutureRevisionError(0, 0)
    return error
  }
  const told = async <T>(promise: Promise<T>): Promise<T> => {
    try {
      return await promise
    } catch (error) {
      throw errorOf(error)
    }
  }
  return {
    get revision() {
      return down(store.revision)
    },
    get compactedRevision() {
      return down(store.compactedRevision)
    },
    get: async key => entryOf(await store.get(key)),
    latest: async key => entryOf(await store.latest(key)),
    async list(prefix, { revision, ...options } = {}) {
      const asked = revision === undefined ? options : { ...options, revision: up(revision) }
      const list = await told(store.list(prefix, asked))
      return { ...list, revision: down(list.revision), entries: list.entries.map(entryOf) }
    },
    async commit(changes) {
      const shifted = changes.map(({ expected, ...change }) =>
        expected === undefined ? change : { ...change, expected: expected && up(expected) },
      )
      const result = await store.commit(shifted)
      return result.ok
        ? { ok: true, revision: down(result.revision), entries: result.entries.map(entryOf) }
        : { ...result, current: entryOf(result.current) }
    },
    watch(prefix, after, sink) {
      try {
        return store.watch(prefix, up(after), {
          events: events => sink.events(events.map(eventOf)),
          progress: revision => sink.progress?.(down(revision)),
          end: error => sink.end(error && (errorOf(error) as Error)),
        })
      } catch (error) {
        throw errorOf(error)
      }
    },
    compact: revision => told(store.compact(up(revision))),
    close: () => store.close(),
  }
}
