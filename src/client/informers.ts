/**
 * Informers over any Transport. Each follows one kind: the present state as the watch's initial events (or as a list,
 * where the server cannot), then changes from there. A broken watch resumes from the last revision; one that is too old (410)
 * starts anew and tells what vanished meanwhile as deletes, so that no listener ever misses one.
 */
import type { AnyKind, ObjectOf } from '#api/machinery/kind.ts'
import { type KubernetesObject, keyOf } from '#api/machinery/metadata.ts'
import { StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import { messageOf } from '#base/errors.ts'
import { deepFreeze } from '#base/freeze.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { listAll, statusErrorOf } from './api-client.ts'
import type { Reader, Watcher } from './client.ts'
import type { Informer, InformerListener, InformerQuery, Informers } from './informer.ts'
import type { WatchEvent } from './transport.ts'

/** First wait after a failure; upstream's reflectors begin with the same. */
const BACK_OFF_START_MS = 800
/** Longest wait between attempts, so that a server that is back is noticed within half a minute. */
const BACK_OFF_LIMIT_MS = 30_000
/** A watch that lived this long was healthy: the next failure starts the back-off anew. */
const HEALTHY_WATCH_MS = 10_000
/** The annotation of the bookmark that ends the initial events. */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end'

export interface InformersContext {
  readonly clock: Clock
  readonly log: Log
  readonly random: Random
  /** What is kept of an object, for those who hold many and need little of each. */
  readonly keep?: (object: KubernetesObject, kind: AnyKind) => KubernetesObject
}

/** One shared informer per kind and query; the first use starts it. */
export function createInformers(
  client: Reader & Watcher,
  context: InformersContext,
): Informers & Disposable {
  const informers = new Map<string, KindInformer<KubernetesObject>>()
  let stopped = false
  const stop = () => {
    stopped = true
    for (const informer of informers.values()) informer.stop()
  }
  return {
    for<K extends AnyKind>(kind: K, query: InformerQuery = {}): Informer<ObjectOf<K>> {
      const { namespace = '', fieldSelector = '', labelSelector = '' } = query
      const id = [kind.group, kind.version, kind.plural, namespace, fieldSelector, labelSelector]
      const key = JSON.stringify(id)
      let informer = informers.get(key)
      if (!informer) {
        informer = new KindInformer<KubernetesObject>(client, kind, query, context)
        informers.set(key, informer)
        if (!stopped) informer.start()
      }
      return informer as unknown as Informer<ObjectOf<K>>
    },
    release({ group, version, plural }) {
      const start = JSON.stringify([group, version, plural]).slice(0, -1)
      for (const [key, informer] of informers) {
        if (!key.startsWith(`${start},`)) continue
        informer.stop()
        informers.delete(key)
      }
    },
    stop,
    [Symbol.dispose]: stop,
  }
}

interface Index<T> {
  readonly valuesOf: (object: T) => readonly string[]
  readonly buckets: Map<string, Map<string, T>>
}

class KindInformer<T extends KubernetesObject> implements Informer<T> {
  readonly synced: Promise<void>
  revision = 0
  readonly #client: Reader & Watcher
  readonly #kind: AnyKind
  readonly #query: InformerQuery
  readonly #context: InformersContext
  readonly #log: Log
  readonly #listeners = new Set<InformerListener<T>>()
  readonly #indices = new Map<string, Index<T>>()
  #objects = new Map<string, T>()
  #markSynced: () => void = () => {}
  #stopped = false
  #cancel: () => void = () => {}
  /** What the next watch starts after; empty means from the present state. */
  #resumeFrom = ''
  /** The initial events so far, while the present state is still coming in. */
  #incoming: Map<string, T> | undefined
  /** The server refused to send initial events, or broke them off; so the state is listed, and they are tried again another time. */
  #mustList = false
  #failures = 0
  #watchStartedMs = 0

  constructor(
    client: Reader & Watcher,
    kind: AnyKind,
    query: InformerQuery,
    context: InformersContext,
  ) {
    this.#client = client
    this.#kind = kind
    this.#query = query
    this.#context = context
    this.#log = context.log.with({ informer: kind.plural })
    this.synced = new Promise(resolve => {
      this.#markSynced = resolve
    })
    this.addIndex('namespace', object => [object.metadata.namespace ?? ''])
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(namespace?: string): readonly T[] {
    return namespace === undefined ? [...this.#objects.values()] : this.by('namespace', namespace)
  }

  by(index: string, value: string): readonly T[] {
    const found = this.#indices.get(index)
    if (!found) throw new Error(`informer of ${this.#kind.plural} has no index ${index}`)
    const bucket = found.buckets.get(value)
    return bucket ? [...bucket.values()] : []
  }

  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void {
    if (this.#indices.has(name)) return
    const index: Index<T> = { valuesOf, buckets: new Map() }
    this.#indices.set(name, index)
    for (const [key, object] of this.#objects) file(index, key, undefined, object)
  }

  subscribe(listener: InformerListener<T>): () => void {
    for (const object of this.#objects.values()) this.#tellChange(listener, object, undefined)
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  start(): void {
    void this.#connect()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
    this.#listeners.clear()
  }

  async #connect(): Promise<void> {
    this.#cancel = () => {}
    try {
      if (this.#resumeFrom === '' && this.#mustList) await this.#listPresentState()
      if (this.#stopped) return
      const initial = this.#resumeFrom === ''
      this.#incoming = initial ? new Map() : undefined
      const events = await this.#client.watch(this.#kind, {
        ...this.#query,
        ...(initial ? {} : { resourceVersion: this.#resumeFrom }),
      })
      if (this.#stopped) {
        events.subscribe({ next() {}, end() {} })()
        return
      }
      this.#watchStartedMs = this.#context.clock.monotonicMs()
      let over = false
      let cancel: (() => void) | undefined
      cancel = events.subscribe({
        next: event => {
          if (over || this.#stopped) return
          over = !this.#receive(event as WatchEvent<T>)
          if (over) cancel?.()
        },
        end: error => {
          if (over || this.#stopped) return
          over = true
          this.#again(error)
        },
      })
      // An ERROR event may have come while subscribing; then the next attempt owns #cancel already.
      if (over) cancel()
      else this.#cancel = cancel
    } catch (error) {
      if (!this.#stopped) this.#again(error)
    }
  }

  async #listPresentState(): Promise<void> {
    const { items, resourceVersion } = await listAll(this.#client, this.#kind, this.#query)
    if (this.#stopped) return
    this.#mustList = false
    const kept = items.map(object => this.#kept(object as T))
    this.#replace(new Map(kept.map(object => [keyOf(object), object])), resourceVersion)
  }

  #kept(object: T): T {
    const { keep } = this.#context
    return keep ? deepFreeze(keep(object, this.#kind) as T) : object
  }

  /** Takes in one event; false when the watch is of no further use. */
  #receive(event: WatchEvent<T>): boolean {
    if (event.type === 'ERROR') {
      this.#again(statusErrorOf(event.object))
      return false
    }
    const { resourceVersion = '' } = event.object.metadata
    if (event.type === 'BOOKMARK') {
      if (this.#incoming && event.object.metadata.annotations?.[INITIAL_EVENTS_END] === 'true')
        this.#replace(this.#incoming, resourceVersion)
      else if (!this.#incoming) this.#advance(resourceVersion)
      return true
    }
    const object = deepFreeze(this.#kept(event.object))
    const key = keyOf(object)
    if (this.#incoming) {
      if (event.type === 'DELETED') this.#incoming.delete(key)
      else this.#incoming.set(key, object)
      return true
    }
    this.#advance(resourceVersion)
    if (event.type === 'DELETED') this.#remove(key, object)
    else this.#set(key, object)
    return true
  }

  /** Makes the view equal to `next`, telling what is new, changed and gone. */
  #replace(next: Map<string, T>, resourceVersion: string): void {
    this.#incoming = undefined
    this.#advance(resourceVersion)
    for (const [key, object] of this.#objects) if (!next.has(key)) this.#remove(key, object)
    for (const [key, object] of next) {
      const known = this.#objects.get(key)
      if (known?.metadata.resourceVersion !== object.metadata.resourceVersion)
        this.#set(key, object)
    }
    this.#markSynced()
  }

  #set(key: string, object: T): void {
    const previous = this.#objects.get(key)
    // Deleted and created again while nobody watched: to listeners these are two objects.
    if (previous && previous.metadata.uid !== object.metadata.uid) {
      this.#remove(key, previous)
      this.#set(key, object)
      return
    }
    this.#objects.set(key, object)
    for (const index of this.#indices.values()) file(index, key, previous, object)
    for (const listener of this.#listeners) this.#tellChange(listener, object, previous)
  }

  #remove(key: string, last: T): void {
    const previous = this.#objects.get(key)
    if (!previous) return
    this.#objects.delete(key)
    for (const index of this.#indices.values()) file(index, key, previous, undefined)
    for (const listener of this.#listeners) this.#tellDeletion(listener, last)
  }

  #advance(resourceVersion: string): void {
    if (resourceVersion === '') return
    this.#resumeFrom = resourceVersion
    const revision = Number(resourceVersion)
    if (revision > this.revision) this.revision = revision
  }

  /** Decides how to go on after a watch ended, and when. */
  #again(error: unknown): void {
    const { clock, random } = this.#context
    const lifeMs = clock.monotonicMs() - this.#watchStartedMs
    if (this.#watchStartedMs > 0 && lifeMs >= HEALTHY_WATCH_MS) this.#failures = 0
    this.#watchStartedMs = 0
    if (error instanceof StatusError && error.code === 410) this.#resumeFrom = ''
    // Whatever the reason: an API server on an old etcd, for one, has internal errors for it.
    else if (this.#incoming && error instanceof StatusError) this.#mustList = true
    if (error) this.#log.debug(`watch ended: ${messageOf(error)}`)
    const ceiling = Math.min(BACK_OFF_START_MS * 2 ** this.#failures, BACK_OFF_LIMIT_MS)
    // The first break is retried at once (servers end watches in good order every few minutes); jitter spreads the rest.
    const delayMs =
      this.#failures === 0 ? random.integer(50) : ceiling / 2 + random.integer(ceiling)
    this.#failures = Math.min(this.#failures + 1, 10)
    if (this.#failures > 2 && error)
      this.#log.warn(`cannot watch ${this.#kind.plural}, trying again: ${messageOf(error)}`)
    this.#cancel = clock.after(delayMs, () => void this.#connect())
  }

  #tellChange(listener: InformerListener<T>, object: T, previous: T | undefined): void {
    try {
      listener.changed?.(object, previous)
    } catch (error) {
      this.#log.error('a listener threw', { error })
    }
  }

  #tellDeletion(listener: InformerListener<T>, last: T): void {
    try {
      listener.deleted?.(last)
    } catch (error) {
      this.#log.error('a listener threw', { error })
    }
  }
}

/** Moves an object from the buckets of its previous state to those of its new one. */
function file<T>(index: Index<T>, key: string, previous: T | undefined, next: T | undefined): void {
  const before = previous === undefined ? NONE : index.valuesOf(previous)
  const after = next === undefined ? NONE : index.valuesOf(next)
  // Most changes leave an object where it is: taking it out first would cost a bucket of thousands more than this.
  const stays = after.length > MOST_COMPARED ? new Set(after) : undefined
  for (const value of before)
    if (!(stays?.has(value) ?? after.includes(value))) takeOut(index, key, value)
  for (const value of after) putIn(index, key, value, next as T)
}

const NONE: readonly string[] = []
/** Looking at each of more, for each of as many, would hold up everybody: a pod may use ten thousand claims. */
const MOST_COMPARED = 8

function takeOut<T>({ buckets }: Index<T>, key: string, value: string): void {
  const bucket = buckets.get(value)
  if (bucket?.delete(key) && bucket.size === 0) buckets.delete(value)
}

function putIn<T>({ buckets }: Index<T>, key: string, value: string, object: T): void {
  const bucket = buckets.get(value)
  if (bucket) bucket.set(key, object)
  else buckets.set(value, new Map([[key, object]]))
}
