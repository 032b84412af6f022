/**
 * All objects of one stored resource as they are now, and the last changes for watches that resume. Fed by the store's
 * own watch in the order of revisions, before the store acknowledges the write that caused the change.
 */
import type { Entry, Revision, StoreEvent } from '#store'
import { namesOf } from '../storage/keys.ts'
import { identityOf, StoredObject } from '../storage/stored-object.ts'
import { CacheEvent } from './cache-event.ts'
import { ChangeWindow, WindowBudget } from './change-window.ts'
import { type FieldGetters, Watchers } from './watchers.ts'

/**
 * Watches that follow were told of older changes long ago, and hold what they still have to send. Of these only the values are kept:
 * whoever resumes is seldom, and can do with forms that are made anew.
 */
const WARM_EVENTS = 32
/** With so many changes, keeping an order that nobody asks for has cost what sorting anew would. */
const UNREAD_CHANGES = 1_000

/** The objects of one namespace, by name; cluster-scoped ones live in the namespace ''. */
interface Bucket {
  readonly byName: Map<string, StoredObject>
  /** In the order of their names; undefined until somebody asks. */
  sorted: StoredObject[] | undefined
  /** Somebody may still read `sorted` as it is. */
  isShared: boolean
  /** Changes since somebody asked for `sorted`. */
  unread: number
}

/** Where a key stands among the present objects, looked up once for each change. */
interface KeyPlace {
  readonly namespace: string
  readonly name: string
  /** Undefined where the namespace has no objects. */
  readonly bucket: Bucket | undefined
  /** What is there now. */
  readonly replaced: StoredObject | undefined
}

interface Warm {
  readonly event: CacheEvent
  /** The state that was the present one before, for as long as it was. */
  readonly replaced: StoredObject | undefined
}

export interface ResourceCacheOptions {
  readonly isCold?: boolean
  /** Shared by all resources of a server. */
  readonly budget?: WindowBudget
}

export class ResourceCache {
  readonly prefix: string
  readonly watchers: Watchers
  /** No change of this resource is newer. What was deleted before the start left no trace, so this is the start at least. */
  lastChange: Revision
  /** Events that watchers were told, all together. */
  toldEvents = 0
  /** How often this was compared with a store that other servers write to, too, by what came of it. */
  readonly comparisons = { success: 0, failure: 0, error: 0 }
  readonly #buckets = new Map<string, Bucket>()
  #sortedNamespaces: string[] | undefined
  /** All objects of several namespaces, until one changes. */
  #all: readonly StoredObject[] | undefined
  #size = 0
  readonly #window: ChangeWindow
  /** The newest changes, whose forms are still kept, in a ring of `WARM_EVENTS`. */
  readonly #warm: Warm[] = []
  /** What was taken over and not told yet. */
  #untold: Warm[] = []
  #told = 0
  /** Objects are written here and hardly ever read, as events are: their forms are of use for a moment only. */
  readonly #isCold: boolean
  /** Everything up to here was read, so only later changes count. */
  #start: Revision
  /** How often all watches were ended, as when it is read anew. */
  generation = 0

  constructor(
    prefix: string,
    getters: FieldGetters,
    start: Revision,
    { isCold = false, budget = new WindowBudget() }: ResourceCacheOptions = {},
  ) {
    this.prefix = prefix
    this.#isCold = isCold
    this.watchers = new Watchers(getters)
    this.#window = new ChangeWindow(budget, start)
    this.#start = start
    this.lastChange = start
  }

  get size(): number {
    return this.#size
  }

  /** The oldest revision from which this cache can tell what changed. */
  get windowStart(): Revision {
    return this.#window.start
  }

  get(namespace: string, name: string): StoredObject | undefined {
    return this.#buckets.get(namespace)?.byName.get(name)
  }

  getByKey(key: string): StoredObject | undefined {
    const { namespace, name } = namesOf(this.prefix, key)
    return this.get(namespace, name)
  }

  /** What the cache holds, in no order. */
  *values(): Iterable<StoredObject> {
    for (const { byName } of this.#buckets.values()) yield* byName.values()
  }

  /** What the cache holds, at its newest revision, in the order of the keys; '' gives all namespaces. */
  list(namespace: string): readonly StoredObject[] {
    if (namespace !== '') return sortedOf(this.#buckets.get(namespace))
    if (this.#buckets.size === 1) return sortedOf(this.#buckets.values().next().value)
    this.#sortedNamespaces ??= [...this.#buckets.keys()].sort((a, b) =>
      `${a}/` < `${b}/` ? -1 : 1,
    )
    this.#all ??= this.#sortedNamespaces.flatMap(each => sortedOf(this.#buckets.get(each)))
    return this.#all
  }

  /** Changes after a revision, or undefined where the window no longer reaches so far back. */
  changesAfter(revision: Revision): readonly CacheEvent[] | undefined {
    return this.#window.after(revision)
  }

  /** Forgets everything; whoever watches has to begin anew. */
  reset(start: Revision): void {
    for (const stored of this.values()) stored.leavePresent()
    this.#buckets.clear()
    this.#sortedNamespaces = undefined
    this.#all = undefined
    this.#size = 0
    this.#window.reset(start)
    this.#untold = []
    this.#warm.length = 0
    this.#told = 0
    this.#start = start
    this.lastChange = start
    this.endWatches()
  }

  /** Forgets everything, and is of no use any more. */
  close(revision: Revision): void {
    this.reset(revision)
    this.#window.close()
  }

  /** Nothing changes any more. What all servers of a process have in common would keep its objects in memory, and all that its store holds with them. */
  retire(): void {
    this.endWatches()
    for (const stored of this.values()) stored.leavePresent()
  }

  /** Those that begin just now end where they would join the others. */
  endWatches(): void {
    this.generation++
    for (const watcher of [...this.watchers]) watcher.end()
  }

  /** Takes over an entry at start, without an event. */
  load(entry: Entry): void {
    const stored = new StoredObject(entry.key, entry.modRevision, entry)
    // A value that may have to be read from a file carries nothing.
    if (entry.size === undefined) stored.adoptSource()
    this.#put(stored, this.#placeOf(entry.key))
  }

  /** Takes over a change. Whoever watches hears of it from `tell`, which has to follow in the same turn. */
  apply(change: StoreEvent): void {
    // What was read from the store may be ahead of what its watch told so far.
    if (change.revision <= this.#start) return
    const key = change.type === 'put' ? change.entry.key : change.key
    const place = this.#placeOf(key)
    const { replaced } = place
    const event =
      change.type === 'put' ? this.#applyPut(change, place) : this.#applyDelete(change, place)
    this.lastChange = change.revision
    this.#window.push(event, bytesOf(change))
    this.#untold.push({ event, replaced })
  }

  /** Tells of all that was taken over. */
  tell(): void {
    const untold = this.#untold
    this.#untold = []
    this.watchers.dispatch(untold.map(({ event }) => event))
    for (const warm of untold) this.#keepWarm(warm)
  }

  /** Keeps the forms of the newest changes, in the place of an older one's. */
  #keepWarm(warm: Warm): void {
    const at = this.#told++ % WARM_EVENTS
    const cold = this.#warm[at]
    this.#warm[at] = warm
    if (!cold) return
    cold.event.forget()
    cold.replaced?.forget()
    if (this.#isCold) cold.event.current.cool()
    // Made for the answer of its writer and for watches; most present objects are read seldom.
    else cold.event.current.forgetWireForms()
  }

  #applyPut(change: StoreEvent & { type: 'put' }, place: KeyPlace): CacheEvent {
    const { entry, previous, revision } = change
    const current = new StoredObject(entry.key, revision, entry)
    const before = previous && shownAt(previous, revision, place)
    current.adoptSource()
    this.#put(current, place)
    if (!before) return new CacheEvent(revision, 'ADDED', current)
    return new CacheEvent(revision, 'MODIFIED', current, before)
  }

  #applyDelete(change: StoreEvent & { type: 'delete' }, place: KeyPlace): CacheEvent {
    const { namespace, name, bucket, replaced } = place
    const last = shownAt(change.previous, change.revision, place)
    replaced?.leavePresent()
    if (bucket?.byName.delete(name)) {
      changeSorted(bucket, change.key, { removed: 1 })
      this.#all = undefined
      this.#size--
      if (bucket.byName.size === 0) {
        this.#buckets.delete(namespace)
        this.#sortedNamespaces = undefined
      }
    }
    return new CacheEvent(change.revision, 'DELETED', last, last)
  }

  #placeOf(key: string): KeyPlace {
    const { namespace, name } = namesOf(this.prefix, key)
    const bucket = this.#buckets.get(namespace)
    return { namespace, name, bucket, replaced: bucket?.byName.get(name) }
  }

  #put(stored: StoredObject, { namespace, name, bucket: known, replaced }: KeyPlace): void {
    let bucket = known
    if (!bucket) {
      bucket = { byName: new Map(), sorted: undefined, isShared: false, unread: 0 }
      this.#buckets.set(namespace, bucket)
      this.#sortedNamespaces = undefined
    }
    if (replaced) replaced.leavePresent()
    else this.#size++
    stored.enterPresent()
    bucket.byName.set(name, stored)
    changeSorted(bucket, stored.key, { removed: replaced ? 1 : 0, added: stored })
    this.#all = undefined
  }
}

/** Of the value that a change adds, or that is held no longer but for the change. Asks no file. */
function bytesOf(change: StoreEvent): number {
  const entry = change.type === 'put' ? change.entry : change.previous
  return entry ? (entry.size ?? entry.value.byteLength) : 0
}

/** What an entry held, as told by the event that ends it; mostly the cache knows it already. */
function shownAt(entry: Entry, revision: Revision, { replaced }: KeyPlace): StoredObject {
  if (replaced?.identity !== identityOf(entry)) return new StoredObject(entry.key, revision, entry)
  return replaced.at(revision)
}

function changeSorted(
  bucket: Bucket,
  key: string,
  { removed, added }: { removed: number; added?: StoredObject },
): void {
  if (!bucket.sorted) return
  if (++bucket.unread > UNREAD_CHANGES) {
    bucket.sorted = undefined
    return
  }
  if (bucket.isShared) bucket.sorted = bucket.sorted.slice()
  bucket.isShared = false
  bucket.sorted.splice(placeOf(bucket.sorted, key), removed, ...(added ? [added] : []))
}

/** Where an object stands, or would. */
function placeOf(sorted: readonly StoredObject[], key: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as StoredObject).key < key) low = middle + 1
    else high = middle
  }
  return low
}

function sortedOf(bucket: Bucket | undefined): StoredObject[] {
  if (!bucket) return []
  bucket.isShared = true
  bucket.unread = 0
  bucket.sorted ??= [...bucket.byName.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  return bucket.sorted
}
