/**
 * One watch: first what was there or what happened since the given revision, then everything that happens, in
 * order, without gap or repeat, because catching up and joining the watchers happen in one turn.
 */

import { stringifyJson } from '#api/machinery/exact-json.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import type { EventSource, WatchEvent } from '#client/transport.ts'
import { CompactedError, type Revision, type Store } from '#store'
import { frameOf } from '../protobuf.ts'
import { statusErrorOf } from '../storage/store-errors.ts'
import type { View } from '../storage/view.ts'
import { type CacheEvent, type ChangeType, type EncodedEvent, encodeEvent } from './cache-event.ts'
import type { EncodedGroup, EventGroup } from './event-group.ts'
import { type Filter, passes } from './filter.ts'
import { PreparedWatcher } from './prepared-watcher.ts'
import { readHistory } from './read-history.ts'
import { reach } from './read-list.ts'
import type { ResourceCache } from './resource-cache.ts'
import type { WatchCache } from './watch-cache.ts'
import { notifyIfWanted, type Watcher } from './watchers.ts'

export interface WatchRequest {
  readonly view: View
  readonly filter: Filter
  /** Tell what comes after this revision; undefined begins with the newest state. */
  readonly after: Revision | undefined
  /** Begin with the present state as ADDED, once the cache has reached `after`. */
  readonly initialState: boolean
  /** Mark the end of the initial state by an annotated bookmark. */
  readonly markInitialEnd: boolean
  readonly bookmarks: boolean
  /** The watch ends by itself after so long. */
  readonly timeoutMs: number
}

export interface WatchSource {
  readonly clock: Clock
  readonly store: Store
  readonly watchCache: WatchCache
  readonly cache: ResourceCache
}

const encoder = new TextEncoder()

/** Nothing is registered before somebody subscribes, so a dropped answer costs nothing. */
export function watch(source: WatchSource, request: WatchRequest): WatchedEvents {
  return {
    subscribe(sink) {
      const running = new RunningWatch(source, request, sink)
      running.start()
      return () => running.cancel()
    },
  }
}

export interface WatchedEvents {
  /** As an EventSource does; a receiver that knows `all` gets what was committed together in one call. */
  subscribe(sink: Sink): () => void
}

type Sink = Parameters<EventSource<EncodedEvent>['subscribe']>[0] & {
  all?(group: EncodedGroup): void
}

class RunningWatch implements Watcher {
  readonly #source: WatchSource
  readonly #request: WatchRequest
  readonly #sink: Sink
  /** Between the cache and this watch, where objects have to be prepared. */
  readonly #prepared: PreparedWatcher | undefined
  #leave: (() => void) | undefined
  #cancelTimer: (() => void) | undefined
  #over = false

  constructor(source: WatchSource, request: WatchRequest, sink: Sink) {
    this.#source = source
    this.#request = request
    this.#sink = sink
    if (request.view.own?.isConverted)
      this.#prepared = new PreparedWatcher(request.view, this, error => this.#fail(error))
  }

  get filter(): Filter {
    return this.#request.filter
  }

  start(): void {
    const { clock } = this.#source
    this.#cancelTimer = clock.after(this.#request.timeoutMs, () => this.end())
    this.#begin().catch((thrown: unknown) => this.#fail(thrown))
  }

  cancel(): void {
    this.#over = true
    this.#leave?.()
    this.#cancelTimer?.()
    this.#prepared?.cancel()
  }

  notify(event: CacheEvent, as: ChangeType): void {
    if (event.revision > (this.#request.after ?? 0)) this.#next(event.as(as, this.#request.view))
  }

  notifyAll(group: EventGroup): void {
    const { after = 0, view } = this.#request
    if (!this.#sink.all || group.revision <= after)
      for (const event of group.events) this.notify(event, event.type)
    else if (!this.#over) {
      this.#source.cache.toldEvents += group.events.length
      this.#sink.all(group.in(view))
    }
  }

  bookmark(): void {
    if (this.#request.bookmarks) this.#next(this.#bookmarkAt(this.#source.watchCache.revision))
  }

  end(error?: Error): void {
    if (this.#over) return
    this.cancel()
    this.#sink.end(error)
  }

  async #begin(): Promise<void> {
    const { watchCache, cache } = this.#source
    const { after, initialState } = this.#request
    if (initialState || after === undefined) {
      if (after === undefined) await watchCache.catchUp()
      else await reach(watchCache, after)
      if (this.#over) return
      if (initialState) this.#tellState()
    } else {
      const missed = cache.changesAfter(after) ?? (await this.#history(after))
      if (this.#over) return
      for (const event of missed)
        if (this.#prepared) this.#prepared.notify(event)
        else notifyIfWanted(this, event)
    }
    // No turn has passed since the last await, so nothing can have happened in between.
    if (!this.#over) this.#leave = cache.watchers.add(this.#prepared ?? this)
  }

  /** What the window no longer has comes from the store, what happens meanwhile from the window. */
  async #history(after: Revision): Promise<readonly CacheEvent[]> {
    const { store, watchCache, cache } = this.#source
    const until = watchCache.revision
    const events = await readHistory(store, cache.prefix, { after, until })
    const since = cache.changesAfter(until)
    if (!since) throw new CompactedError(cache.windowStart)
    return [...events, ...since]
  }

  #tellState(): void {
    const { filter, view, markInitialEnd } = this.#request
    const { cache, watchCache } = this.#source
    const { revision } = watchCache
    const objects = cache
      .list(filter.namespace)
      .filter(({ key }) => filter.name === undefined || key.endsWith(`/${filter.name}`))
    const tell = () => {
      for (const stored of objects)
        if (passes(filter, stored)) this.#next(encodeEvent('ADDED', stored.in(view), view.kind))
      if (markInitialEnd)
        this.#next(this.#bookmarkAt(revision, { 'k8s.io/initial-events-end': 'true' }))
    }
    if (this.#prepared) this.#prepared.after(objects, tell)
    else tell()
  }

  #bookmarkAt(revision: Revision, annotations?: Record<string, string>): EncodedEvent {
    const { kind } = this.#request.view
    const object: KubernetesObject = {
      kind: kind.kind,
      apiVersion: apiVersionOf(kind),
      metadata: {
        resourceVersion: String(revision),
        ...(annotations ? { annotations } : {}),
      },
    }
    return encoded(Object.freeze({ type: 'BOOKMARK', object }), kind)
  }

  #next(event: EncodedEvent): void {
    if (this.#over) return
    this.#source.cache.toldEvents++
    this.#sink.next(event)
  }

  /** Failures are told in the stream, as its last event. */
  #fail(thrown: unknown): void {
    if (this.#over) return
    const error = toStatusError(thrown, this.#request.after ?? 0)
    if (!error) {
      this.end(thrown as Error)
      return
    }
    this.#next(
      encoded(Object.freeze({ type: 'ERROR', object: error.status }), this.#request.view.kind),
    )
    this.end()
  }
}

function toStatusError(thrown: unknown, asked: Revision): StatusError | undefined {
  if (thrown instanceof CompactedError)
    return new StatusError(
      'Expired',
      `too old resource version: ${asked} (${thrown.compactedRevision})`,
    )
  return statusErrorOf(thrown)
}

function encoded(event: WatchEvent, kind: AnyKind): EncodedEvent {
  return {
    event,
    get bytes() {
      return encoder.encode(`${stringifyJson(event)}\n`)
    },
    get parts() {
      return [this.bytes]
    },
    get frame() {
      return frameOf(event.type, event.object, kind)
    },
  }
}
