/** get, list and watch. */
import { stringifyJson } from '#api/machinery/exact-json.ts'
import type { AnyKind } from '#api/machinery/kind.ts'
import { partialObjectMetadataKind } from '#api/machinery/meta-kinds.ts'
import { notFound } from '#api/machinery/status.ts'
import { partialMetadataOf } from '#api/machinery/table.ts'
import type { ApiResponse, EventSource } from '#client/transport.ts'
import type { Exchange } from '../exchange.ts'
import { noList } from '../go-types.ts'
import { CBOR_SEQUENCE_TYPE, JSON_TYPE, PROTOBUF_TYPE, type Representing } from '../media-type.ts'
import { frameOf } from '../protobuf.ts'
import { checkAccepted, respondStored, respondValue, wantedBy } from '../respond.ts'
import type { Form, StoredObject } from '../storage/stored-object.ts'
import { prepare } from '../storage/view.ts'
import type { EncodedEvent } from '../watch-cache/cache-event.ts'
import type { EncodedGroup } from '../watch-cache/event-group.ts'
import { reach, readList } from '../watch-cache/read-list.ts'
import { type WatchedEvents, watch } from '../watch-cache/watch.ts'
import {
  filterOf,
  type ListOptions,
  listOptionsOf,
  revisionOf,
  revisionOfList,
} from './list-options.ts'
import type { StoredResource } from './registry.ts'
import { respondList } from './respond-list.ts'
import { tableFor, tableOfEvents } from './tables.ts'

/** Watches end by themselves after 30 to 60 minutes, so that clients spread over servers again. */
const MINIMUM_WATCH_MS = 30 * 60 * 1000

/** Where in the storage a request's objects lie; the path of a Namespace names it twice. */
export function namespaceOf(exchange: Exchange, resource: StoredResource): string {
  return resource.kind.scope === 'Namespaced' ? exchange.info.namespace : ''
}

export async function get(exchange: Exchange, resource: StoredResource): Promise<ApiResponse> {
  // Of these protobuf is asked for in vain, also where there is none.
  if (exchange.isCustom) checkAccepted(exchange)
  const { name, query } = exchange.info
  const asked = query.get('resourceVersion')
  if (asked && asked !== '0') await reach(exchange.server.cache, revisionOf(asked), asked)
  const namespace = namespaceOf(exchange, resource)
  // Who names a revision is content with whatever is not older.
  const stored = asked
    ? resource.storage.cache.get(namespace, name)
    : await resource.storage.get(namespace, name)
  if (!stored) throw notFound(resource.name, name)
  return respondOne(exchange, 200, resource, stored)
}

/** One object in whichever form is wanted: as it is, as a table with one row, or its metadata alone. */
export function respondOne(
  exchange: Exchange,
  status: number,
  resource: StoredResource,
  stored: StoredObject,
): ApiResponse | Promise<ApiResponse> {
  const { kind, view } = resource
  const waiting = prepare(view, [stored])
  if (waiting) return waiting.then(() => respondOne(exchange, status, resource, stored))
  const shown = stored.in(view)
  if (exchange.request.objects) return respondStored(exchange, status, { kind, shown })
  const { as, version } = wantedBy(exchange)
  if (as === undefined) return respondStored(exchange, status, { kind, shown })
  if (as === 'PartialObjectMetadataList') throw noList(kind)
  const value =
    as === 'Table'
      ? tableFor(exchange, resource.kind, [shown.object])
      : partialMetadataOf(kind, shown.object, version)
  return respondValue(exchange, status, value)
}

export async function list(exchange: Exchange, resource: StoredResource): Promise<ApiResponse> {
  const options = listOptionsOf(exchange.info.query, false)
  const page = await readList(sourceOf(exchange, resource), {
    filter: filterFor(exchange, resource),
    limit: limitOf(options, resource),
    continue: options.continue,
    revision: revisionOfList(options),
    named: options.resourceVersion,
    match: options.resourceVersionMatch,
  })
  return respondList(exchange, resource, page)
}

/** Whoever is content with any state gets all of it at once, but for events, of which upstream has no cache. */
export function limitOf(
  { resourceVersion, limit, continue: token }: ListOptions,
  { kind }: StoredResource,
): number {
  return resourceVersion === '0' && token === '' && kind.kind !== 'Event' ? 0 : limit
}

export const sourceOf = ({ server }: Exchange, { storage }: StoredResource) => ({
  clock: server.clock,
  store: server.store,
  watchCache: server.cache,
  cache: storage.cache,
})

/** Old watches of one object (`/api/v1/watch/namespaces/a/pods/b`) name it in the path. */
export function filterFor(exchange: Exchange, resource: StoredResource) {
  const { query, rest } = exchange.info
  const at = { namespace: namespaceOf(exchange, resource), name: rest[0] ?? '' }
  return filterOf(resource.view, resource.storage.kind, query, at)
}

const encoder = new TextEncoder()

/** Watches that begin together do not end together. */
function watchMs({ answering, random }: Exchange['server']): number {
  const leastMs = answering.minRequestTimeoutMs ?? MINIMUM_WATCH_MS
  return leastMs + random.integer(leastMs)
}

export async function handleWatch(
  exchange: Exchange,
  resource: StoredResource,
): Promise<ApiResponse> {
  const { server, info, request } = exchange
  const options = listOptionsOf(info.query, true)
  const wanted = request.objects ? undefined : wantedBy(exchange)
  const source = watch(sourceOf(exchange, resource), {
    view: resource.view,
    filter: filterFor(exchange, resource),
    ...beginningOf(options),
    named: options.resourceVersion,
    form: formFor(wanted),
    bookmarks: options.allowWatchBookmarks,
    timeoutMs: options.timeoutMs || watchMs(server),
  })
  if (!wanted) return { status: 200, headers: {}, body: { kind: 'events', events: values(source) } }
  const answer = (type: string, stream: EventSource<Uint8Array>): ApiResponse => {
    exchange.messageForm = type === JSON_TYPE ? 'line' : 'frame'
    return { status: 200, headers: { 'content-type': type }, body: { kind: 'stream', stream } }
  }
  if (wanted.encoding === 'protobuf')
    return answer(
      `${PROTOBUF_TYPE};stream=watch`,
      frames(source, wanted, {
        kind: resource.kind,
        whole: each => each.frame,
        all: exchange.wantsStream ? undefined : group => group.frames,
        partial: frameOf,
      }),
    )
  if (wanted.encoding === 'cbor') {
    const { cborFrameFor: partial, cborFrameOf } = await import('../cbor.ts')
    const { kind } = resource
    const whole = (each: EncodedEvent) => cborFrameOf(each, kind)
    const all = exchange.wantsStream ? undefined : ({ events }: EncodedGroup) => events.map(whole)
    return answer(CBOR_SEQUENCE_TYPE, frames(source, wanted, { kind, whole, all, partial }))
  }
  return answer(JSON_TYPE, lines(exchange, resource, { source, wanted }))
}

/** What is asked of each object. */
function formFor(wanted: Representing | undefined): Form {
  if (!wanted || wanted.as !== undefined || wanted.encoding === 'cbor') return 'object'
  return wanted.encoding === 'protobuf' ? 'protobuf' : 'bytes'
}

/** Where a watch begins, by `resourceVersion` and `sendInitialEvents`. */
function beginningOf({ resourceVersion, sendInitialEvents, allowWatchBookmarks }: ListOptions) {
  const asked = resourceVersion === '' ? undefined : revisionOf(resourceVersion)
  const fromAnywhere = asked === undefined || asked === 0
  const initialState = sendInitialEvents ?? fromAnywhere
  return {
    after: sendInitialEvents === false && asked === 0 ? undefined : asked,
    initialState,
    // Who says neither gets the mark, too.
    markInitialEnd: initialState && allowWatchBookmarks,
  }
}

function values(source: WatchedEvents) {
  return {
    subscribe: (sink: Parameters<EventSource<EncodedEvent['event']>['subscribe']>[0]) =>
      source.subscribe({ next: each => sink.next(each.event), end: sink.end }),
  }
}

interface Framing {
  readonly kind: AnyKind
  readonly whole: (event: EncodedEvent) => Uint8Array
  /** Pieces of a stream of bytes; undefined where each event is a message, as over a web socket. */
  readonly all: ((group: EncodedGroup) => readonly Uint8Array[]) | undefined
  readonly partial: typeof frameOf
}

/** The binary frames of a watch; bare metadata is made for this watcher alone. */
function frames(
  source: WatchedEvents,
  { as, version }: Representing,
  { kind, whole, all, partial }: Framing,
): EventSource<Uint8Array> {
  if (as === undefined) return wholeEvents(source, whole, all)
  const bareKind = { ...partialObjectMetadataKind, version: version ?? 'v1' }
  const bare = ({ type, object }: EncodedEvent['event']) =>
    partial(type, type === 'ERROR' ? object : partialMetadataOf(kind, object, version), bareKind)
  return {
    subscribe: sink =>
      source.subscribe({ next: each => sink.next(bare(each.event)), end: sink.end }),
  }
}

/** What all watchers get alike. Without `all` each event is a buffer of its own. */
function wholeEvents(
  source: WatchedEvents,
  whole: Framing['whole'],
  all: Framing['all'] | undefined,
): EventSource<Uint8Array> {
  const next = (sink: ByteSink) => (each: EncodedEvent) => sink.next(whole(each))
  if (!all) return { subscribe: sink => source.subscribe({ next: next(sink), end: sink.end }) }
  return {
    subscribe(sink) {
      let isOver = false
      const cancel = source.subscribe({
        next: next(sink),
        all(group) {
          for (const piece of all(group)) {
            // Whoever is too slow for one of them leaves in the midst of them.
            if (isOver) return
            sink.next(piece)
          }
        },
        end: sink.end,
      })
      return () => {
        isOver = true
        cancel()
      }
    },
  }
}
type ByteSink = Parameters<EventSource<Uint8Array>['subscribe']>[0]

/** The JSON lines of a watch. Tables and bare metadata are made for this watcher alone. */
function lines(
  exchange: Exchange,
  { kind }: StoredResource,
  { source, wanted }: { source: WatchedEvents; wanted: Representing },
): EventSource<Uint8Array> {
  const { as, version } = wanted
  if (as === undefined)
    return wholeEvents(
      source,
      each => each.bytes,
      exchange.wantsStream ? undefined : group => group.bytes,
    )
  return {
    subscribe(sink) {
      const rows = as === 'Table' ? tableOfEvents(exchange, kind, version) : undefined
      return source.subscribe({
        next({ event }) {
          const object =
            event.type === 'ERROR'
              ? event.object
              : (rows?.(event.object, event.type === 'BOOKMARK') ??
                partialMetadataOf(kind, event.object, version))
          return sink.next(encoder.encode(`${stringifyJson({ type: event.type, object })}\n`))
        },
        end: sink.end,
      })
    },
  }
}
