/**
 * One watch: first what was there or what happened since the given revision, at the pace of whoever watches; then everything that happens, in
 * order, without gap or repeat, because the last look at what happened and joining the watchers are one turn.
 */

import { stringifyJson } from '#api/machinery/exact-json.ts'
import { type AnyKind, apiVersionOf } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { StatusError } from '#api/machinery/status.ts'
import type { Clock } from '#base/clock.ts'
import type { EventSource, WatchEvent } from '#client/transport.ts'
import { CompactedError, type Revision, type Store } from '#store'
import { frameOf } from '../protobuf.ts'
import { readSlice, slicesOf, turn } from '../storage/slices.ts'
import { statusErrorOf } from '../storage/store-errors.ts'
import type { Form, StoredObject } from '../storage/stored-object.ts'
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
  /** The same as the client names it, which may be too large for a number. */
  readonly named?: string
  /** Begin with the present state as ADDED, once the cache has reached `after`. */
  readonly initialState: boolean
  /** Mark the end of the initial state by an annotated bookmark. */
  readonly markInitialEnd: boolean
  /** What is made of each object. */
  readonly form: Form
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

/** How long a client may take no more of what there was when its watch began; as long as for an answer. */
const LONGEST_PAUSE_MS = 60_000
/** Preparing may mean to ask somebody, who is asked for so many at a time. */
const PREPARED_TOGETHER = 100
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
  /** Resolves when whoever watches takes more. */
  #full: Promise<void> | undefined
  #cancelPause: (() => void) | undefined
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
    this.#cancelPause?.()
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
    const { generation } = cache
    const { after, initialState, named } = this.#request
    if (after === undefined) await watchCache.catchUp()
    else if (initialState) await reach(watchCache, after, named)
    const isFromNow = initialState || after === undefined
    // A resource that was read late may be ahead of the others.
    let told = isFromNow ? Math.max(watchCache.revision, cache.windowStart) : after
    if (initialState)
      for (const wait of this.#tellState(told)) {
        await wait
        if (this.#over) return
      }
    for (let isCurrent = false; !isCurrent; ) {
      const known = cache.changesAfter(told)
      const { events, until } = known ? { events: known, until: told } : await this.#history(told)
      isCurrent = known !== undefined
      for (const [at, event] of events.entries()) {
        if (this.#prepared) this.#prepared.notify(event)
        else notifyIfWanted(this, event)
        const full = this.#prepared && at % PREPARED_TOGETHER > 0 ? undefined : this.#room()
        if (full) {
          isCurrent = false
          await full
        }
        if (this.#over) return
        // Those of the window are others' too; these are nobody's any more, while a slow reader has the ones behind them.
        if (!known) forget(events[at - PREPARED_TOGETHER])
      }
      told = Math.max(until, events.at(-1)?.revision ?? 0)
    }
    if (this.#over) return
    // Those who had joined were ended.
    if (cache.generation !== generation) this.end()
    // No turn has passed since the changes were looked for, so nothing can have happened in between.
    else this.#leave = cache.watchers.add(this.#prepared ?? this)
  }

  /** What the window no longer has comes from the store. */
  async #history(after: Revision): Promise<{ events: readonly CacheEvent[]; until: Revision }> {
    const { store, watchCache, cache } = this.#source
    const until = Math.max(watchCache.revision, cache.windowStart)
    return { events: await readHistory(store, cache.prefix, { after, until }), until }
  }

  /** Tells what is there, and gives what has to be waited for before it can go on. */
  *#tellState(revision: Revision): Generator<Promise<void> | undefined, void, undefined> {
    if (this.#over) return
    const { filter, form, markInitialEnd } = this.#request
    const { clock, store, cache } = this.#source
    const objects = cache
      .list(filter.namespace)
      .filter(({ key }) => filter.name === undefined || key.endsWith(`/${filter.name}`))
    const prepared = this.#prepared
    let isFirst = true
    for (const slice of slicesOf(objects, prepared ? undefined : form)) {
      if (!isFirst) yield turn(clock)
      isFirst = false
      readSlice(store, slice, form)
      if (prepared) {
        prepared.after(slice, () => slice.map(stored => this.#tellObject(stored)))
        if (slice.length < objects.length) yield this.#room()
      } else
        for (const stored of slice) {
          this.#tellObject(stored)
          const full = this.#room()
          if (full) yield full
        }
    }
    if (!markInitialEnd) return
    const mark = () =>
      this.#next(this.#bookmarkAt(revision, { 'k8s.io/initial-events-end': 'true' }))
    if (prepared) prepared.after([], mark)
    else mark()
  }

  #tellObject(stored: StoredObject): void {
    const { filter, view } = this.#request
    if (passes(filter, stored)) this.#next(encodeEvent('ADDED', stored.in(view), view.kind))
    // Whoever is slow would keep the forms of all that were replaced meanwhile.
    if (this.#source.cache.getByKey(stored.key) !== stored) stored.forget()
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
    this.#full = this.#sink.next(event) ?? undefined
  }

  /**
   * Resolves when whoever watches takes more; undefined where that is now. Whoever has no room for too long is told no more: what is there
   * now would be kept for it, however old.
   */
  #room(): Promise<void> | undefined {
    const { settled } = this.#prepared ?? {}
    if (!settled && !this.#full) return undefined
    return this.#waitForRoom(settled)
  }

  async #waitForRoom(settled: Promise<void> | undefined): Promise<void> {
    await settled
    if (!this.#full || this.#over) return
    this.#cancelPause = this.#source.clock.after(LONGEST_PAUSE_MS, () =>
      this.end(new Error('the watch was not read')),
    )
    await this.#full
    this.#full = undefined
    this.#cancelPause()
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

function forget(event: CacheEvent | undefined): void {
  event?.forget()
  event?.current.forget()
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
