/** A store whose values are sealed, as one whose values are not: values are opened when somebody asks for them. */
import type { Change, CommitResult, Entry, Store, StoreEvent, WatchSink } from '#store'
import { type Encryption, sealedOrFailed } from './encryption.ts'

export interface EncryptedStoreHooks {
  /** Called when the store is closed. */
  closed?(): void
  /** Lets others have their turn, amid a long list. */
  turn?(): Promise<void>
}

/** Values that are looked at in one go for the keys that they need: 20 µs each, and what the disk takes. */
const SLICE = 200

export function encryptedStore(
  store: Store,
  encryption: Encryption,
  { closed, turn }: EncryptedStoreHooks = {},
): Store {
  const entries = new OpenEntries(encryption)
  const prepare = async (all: readonly Entry[]) => {
    const sealed = all.filter(({ key }) => encryption.needsPreparing(key))
    const waiting = new Set<Promise<void>>()
    for (let at = 0; at < sealed.length; at += SLICE) {
      if (at > 0) await turn?.()
      const slice = sealed.slice(at, at + SLICE)
      store.readAhead?.(slice)
      for (const entry of slice) {
        const wait = entries.preparing(entry)
        if (wait) waiting.add(wait)
      }
    }
    if (waiting.size > 0) await Promise.all(waiting)
  }
  const opened = <E extends Entry | undefined | null>(entry: E): E | Entry =>
    entry ? entries.of(entry) : entry
  const openedSoon = async (entry: Entry | undefined) => {
    if (entry) await prepare([entry])
    return opened(entry)
  }
  const resultOf = (result: CommitResult): CommitResult =>
    result.ok
      ? { ...result, entries: result.entries.map(opened) }
      : { ...result, current: opened(result.current) }
  const eventOf = (event: StoreEvent): StoreEvent =>
    event.type === 'put'
      ? { ...event, entry: opened(event.entry), previous: opened(event.previous) }
      : { ...event, previous: opened(event.previous) }
  return {
    ...(store.shared ? { shared: store.shared } : {}),
    get revision() {
      return store.revision
    },
    get compactedRevision() {
      return store.compactedRevision
    },
    get: async key => openedSoon(await store.get(key)),
    latest: async key => openedSoon(await store.latest(key)),
    async list(prefix, options) {
      const result = await store.list(prefix, options)
      await prepare(result.entries)
      return { ...result, entries: result.entries.map(opened) }
    },
    readAhead: all => store.readAhead?.(all.map(entry => entries.sealed(entry))),
    commit: async changes =>
      resultOf(await store.commit(changes.map(change => entries.seal(change)))),
    watch(prefix, after, sink) {
      const { progress } = sink
      const opening: WatchSink = {
        events: events => sink.events(events.map(eventOf)),
        end: error => sink.end(error),
        ...(progress ? { progress: revision => progress.call(sink, revision) } : {}),
      }
      return store.watch(prefix, after, opening)
    },
    compact: revision => store.compact(revision),
    isStale: (key, value) => encryption.isStale(key, value),
    async close() {
      await store.close()
      closed?.()
    },
  }
}

/** One for each sealed entry and value, since whoever has them knows them again by identity. */
class OpenEntries {
  readonly #encryption: Encryption
  readonly #entries = new WeakMap<Entry, Entry>()
  readonly #sealed = new WeakMap<Entry, Entry>()
  /** Those that are in memory anyway; engines hand back what they were given. */
  readonly #values = new WeakMap<Uint8Array, Uint8Array>()

  constructor(encryption: Encryption) {
    this.#encryption = encryption
  }

  /** Throws a CommitFailedError. */
  seal(change: Change): Change {
    const { key, value } = change
    if (!value || !this.#encryption.concerns(key)) return change
    const sealed = sealedOrFailed(() => this.#encryption.seal(key, value))
    this.#values.set(sealed, value)
    return { ...change, value: sealed }
  }

  /** What is needed to open it, as long as it can come soon. */
  preparing(entry: Entry): Promise<void> | undefined {
    try {
      return this.#encryption.prepare(entry.key, entry.value)
    } catch {
      // A value that cannot even be read: whoever asks for it is told.
      return undefined
    }
  }

  of(entry: Entry): Entry {
    if (!this.#encryption.concerns(entry.key)) return entry
    const known = this.#entries.get(entry)
    if (known) return known
    const { key, createRevision, modRevision } = entry
    const open = () => this.#open(entry)
    const made: Entry = Object.freeze({
      key,
      // With it nobody looks at the value before it is needed: one that cannot be opened may not stop a start.
      size: entry.size ?? entry.value.length,
      createRevision,
      modRevision,
      get value() {
        return open()
      },
    })
    this.#entries.set(entry, made)
    this.#sealed.set(made, entry)
    return made
  }

  sealed(entry: Entry): Entry {
    return this.#sealed.get(entry) ?? entry
  }

  #open({ key, value: stored, size }: Entry): Uint8Array {
    const known = this.#values.get(stored)
    if (known) return known
    const value = this.#encryption.open(key, stored)
    // Those in a file are read anew each time, and are not to stay in memory.
    if (size === undefined) this.#values.set(stored, value)
    return value
  }
}
