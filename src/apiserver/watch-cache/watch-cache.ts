/**
 * The server's memory of everything in the store. One watch of the store feeds all resources, so the whole cache stands
 * at one revision; since an embedded store publishes before it acknowledges, what this cache shows is linearizable
 * without asking the store. Where other servers write to the store, too, it is asked how far it is, and readers wait for the cache.
 */

import { StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { type Log, silentLog } from '#base/log.ts'
import type { Comparison, Entry, Revision, Store, StoreEvent } from '#store'
import { ROOT, resourcePrefixOf } from '../storage/keys.ts'
import { WindowBudget } from './change-window.ts'
import { ResourceCache, type ResourceCacheOptions } from './resource-cache.ts'
import type { FieldGetters } from './watchers.ts'

/** How long a read waits for the cache to reach a revision before it gives up, as upstream. */
const WAIT_MS = 3_000
/** Watches that allow bookmarks get one so often. */
const BOOKMARK_INTERVAL_MS = 60_000
/** A store whose watch broke is asked again after so long. */
const RELOAD_DELAY_MS = 1_000

type Own = Omit<ResourceCacheOptions, 'budget'>

interface Waiter {
  readonly revision: Revision
  done(reached: boolean): void
}

export class WatchCache {
  readonly #store: Store
  readonly #clock: Clock
  readonly #log: Log
  readonly #resources = new Map<string, ResourceCache>()
  /** What happened to resources that are being read. */
  readonly #loading = new Map<string, StoreEvent[]>()
  readonly #waiters = new Set<Waiter>()
  readonly #budget = new WindowBudget()
  #revision: Revision = 0
  /** Has changes that its watchers are told of together, with those that follow. */
  #untold: ResourceCache | undefined
  #cancelWatch: (() => void) | undefined
  #cancelTimer: (() => void) | undefined
  #stopped = false

  constructor(options: { store: Store; clock: Clock; log?: Log }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#log = options.log ?? silentLog
    this.#store.shared?.onCompared(comparison => this.#count(comparison))
  }

  /** Everything up to this revision is in the cache. */
  get revision(): Revision {
    return this.#revision
  }

  get resources(): Iterable<ResourceCache> {
    return this.#resources.values()
  }

  /** Makes room for a resource; before `start`, or for custom resources at any time (then `load` it). */
  add(prefix: string, getters: FieldGetters, options?: Own): ResourceCache {
    let cache = this.#resources.get(prefix)
    if (!cache) {
      cache = new ResourceCache(prefix, getters, this.#revision, {
        ...options,
        budget: this.#budget,
      })
      this.#resources.set(prefix, cache)
    }
    return cache
  }

  /** Makes room for a resource at any time, and reads what the store has of it. */
  async load(prefix: string, getters: FieldGetters): Promise<ResourceCache> {
    const known = this.#resources.get(prefix)
    if (known) return known
    const missed: StoreEvent[] = []
    this.#loading.set(prefix, missed)
    try {
      const { revision, entries } = await this.#store.list(prefix)
      const cache = new ResourceCache(prefix, getters, revision, { budget: this.#budget })
      for (const entry of entries) cache.load(entry)
      for (const event of missed) cache.apply(event)
      cache.tell()
      this.#resources.set(prefix, cache)
      return cache
    } finally {
      this.#loading.delete(prefix)
    }
  }

  /** Forgets a resource and ends its watches. */
  remove(prefix: string): void {
    const cache = this.#resources.get(prefix)
    this.#resources.delete(prefix)
    cache?.close(this.#revision)
  }

  /**
   * Reads the store once and follows it from there. `prepare` sees all entries first, to make room for resources that
   * only they tell of.
   */
  async start(prepare: (entries: readonly Entry[]) => Promise<void> | void = () => {}) {
    const { revision, entries } = await this.#store.list(ROOT)
    await prepare(entries)
    for (const cache of this.#resources.values()) cache.reset(revision)
    for (const entry of entries) this.#cacheOf(entry.key)?.load(entry)
    this.#cancelWatch = this.#store.watch(ROOT, revision, {
      events: events => this.#apply(events),
      progress: reached => {
        this.#tell()
        this.#advance(reached)
      },
      end: error => this.#broken(error),
    })
    // A store that was restored from a backup may have gone back.
    this.#revision = Math.min(this.#revision, revision)
    this.#advance(revision)
    if (!this.#cancelTimer) this.#scheduleBookmarks()
  }

  /** Resolves once everything up to `revision` is here; false when that took too long. */
  waitFor(revision: Revision): Promise<boolean> {
    if (this.#revision >= revision) return Promise.resolve(true)
    if (this.#stopped) return Promise.resolve(false)
    return new Promise(resolve => {
      const cancel = this.#clock.after(WAIT_MS, () => waiter.done(false))
      const waiter: Waiter = {
        revision,
        done: reached => {
          cancel()
          this.#waiters.delete(waiter)
          resolve(reached)
        },
      }
      this.#waiters.add(waiter)
    })
  }

  /** Brings the cache to where the store is now, for reads that must see every acknowledged write. */
  async catchUp(): Promise<void> {
    const revision = (await this.#store.shared?.readIndex()) ?? this.#store.revision
    if (this.#revision >= revision) return
    if (!(await this.waitFor(revision)))
      throw new StatusError('ServerTimeout', 'the cache could not reach the store in time', {
        retryAfterSeconds: 1,
      })
  }

  stop(): void {
    this.#stopped = true
    this.#cancelWatch?.()
    this.#cancelTimer?.()
    for (const waiter of [...this.#waiters]) waiter.done(false)
    for (const cache of this.#resources.values()) cache.retire()
  }

  #apply(events: readonly StoreEvent[]): void {
    for (const event of events) {
      const key = event.type === 'put' ? event.entry.key : event.key
      const cache = this.#cacheOf(key)
      if (cache) {
        // Before changes of another resource, so that all watches keep the order of revisions.
        if (this.#untold !== cache) this.#tell()
        this.#untold = cache
        cache.apply(event)
      } else
        for (const [prefix, missed] of this.#loading) if (key.startsWith(prefix)) missed.push(event)
    }
    const last = events.at(-1)
    if (last) this.#advance(last.revision)
  }

  #tell(): void {
    this.#untold?.tell()
    this.#untold = undefined
  }

  #advance(revision: Revision): void {
    if (revision <= this.#revision) return
    this.#revision = revision
    if (this.#waiters.size > 0)
      for (const waiter of [...this.#waiters]) if (waiter.revision <= revision) waiter.done(true)
  }

  #broken(error?: Error): void {
    if (this.#stopped || !error) return
    this.#log.warn('the watch of the store ended, reading it anew', { error: messageOf(error) })
    this.#clock.after(RELOAD_DELAY_MS, () => {
      if (this.#stopped) return
      this.start().catch(thrown => this.#broken(thrown))
    })
  }

  /** Only resources that have a key which differs failed. */
  #count({ status, differing }: Comparison): void {
    for (const cache of this.#resources.values()) {
      const isFine = status === 'failure' && !differing.some(key => key.startsWith(cache.prefix))
      cache.comparisons[isFine ? 'success' : status]++
    }
  }

  #cacheOf(key: string): ResourceCache | undefined {
    const prefix = resourcePrefixOf(key, this.#resources)
    return prefix === undefined ? undefined : this.#resources.get(prefix)
  }

  #scheduleBookmarks(): void {
    this.#cancelTimer = this.#clock.after(BOOKMARK_INTERVAL_MS, () => {
      for (const cache of this.#resources.values())
        for (const watcher of [...cache.watchers]) watcher.bookmark?.()
      this.#scheduleBookmarks()
    })
  }
}
