/**
 * Which objects a list shows, as of which revision. The present comes from the cache. A revision of the past is the
 * present too as long as nothing of the resource changed since; else the store's history has it.
 */
import { badRequest, StatusError } from '#api/machinery/status.ts'
import { CompactedError, FutureRevisionError, type Revision } from '#store'
import { inSlices, type SliceSource } from '../storage/slices.ts'
import { StoredObject } from '../storage/stored-object.ts'
import { prepare } from '../storage/view.ts'
import { type ContinueToken, decodeContinue, encodeContinue } from './continue-token.ts'
import { type Filter, passes } from './filter.ts'
import type { ResourceCache } from './resource-cache.ts'
import type { WatchCache } from './watch-cache.ts'

export interface ListRequest {
  readonly filter: Filter
  /** 0 for no limit. */
  readonly limit: number
  readonly continue: string
  /** Undefined where the client names none: then the newest. */
  readonly revision: Revision | undefined
  /** As the client names it, which may be too large for a number; it may not name any for what a token goes on with. */
  readonly named?: string
  readonly match: '' | 'Exact' | 'NotOlderThan'
}

export interface ListPage {
  readonly revision: Revision
  readonly items: readonly StoredObject[]
  readonly continue: string | undefined
  /** Known only where no selector hides what follows. */
  readonly remaining: number | undefined
}

export interface ListSource extends SliceSource {
  readonly watchCache: WatchCache
  readonly cache: ResourceCache
}

export async function readList(source: ListSource, request: ListRequest): Promise<ListPage> {
  const token = request.continue ? decodeContinue(source.cache.prefix, request.continue) : undefined
  if (token && request.named && request.named !== '0')
    throw badRequest('specifying resource version is not allowed when using continue')
  const snapshot = await snapshotFor(source, request, token)
  const { view } = request.filter
  if (view) await prepare(view, snapshot.objects)
  return pageOf(source, snapshot, request, token)
}

interface Snapshot {
  readonly revision: Revision
  readonly objects: readonly StoredObject[]
}

async function snapshotFor(
  source: ListSource,
  request: ListRequest,
  token: ContinueToken | undefined,
): Promise<Snapshot> {
  if (token && token.revision > 0) return pastSnapshot(source, request.filter, token)
  const { revision, match, limit, named } = request
  const exact = match === 'Exact' || (match === '' && limit > 0 && (revision ?? 0) > 0 && !token)
  if (exact && revision) return pastSnapshot(source, request.filter, { revision, after: '' }, named)
  if (revision === undefined || token) await source.watchCache.catchUp()
  else await reach(source.watchCache, revision, named)
  return presentSnapshot(source, request.filter)
}

function presentSnapshot({ watchCache, cache }: ListSource, filter: Filter): Snapshot {
  return { revision: watchCache.revision, objects: cache.list(filter.namespace) }
}

/** Waits for a revision of the future for a moment, then says that it is too large, as it was named: no number need have room for it. */
export async function reach(
  watchCache: WatchCache,
  revision: Revision,
  named = String(revision),
  retryAfterSeconds = 1,
): Promise<void> {
  if (watchCache.revision >= revision) return
  if (await watchCache.waitFor(revision)) return
  throw tooLarge(named, watchCache.revision, retryAfterSeconds)
}

function tooLarge(named: string, current: Revision, retryAfterSeconds: number): StatusError {
  const message = `Too large resource version: ${named}, current: ${current}`
  return new StatusError('Timeout', `Timeout: ${message}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    ...(retryAfterSeconds > 0 && { retryAfterSeconds }),
  })
}

async function pastSnapshot(
  source: ListSource,
  filter: Filter,
  token: ContinueToken,
  named = String(token.revision),
): Promise<Snapshot> {
  const { store, watchCache, cache } = source
  const { revision } = token
  // Upstream asks its store, which knows no better time to ask again.
  await reach(watchCache, revision, named, 0)
  if (cache.lastChange <= revision)
    return { revision, objects: presentSnapshot(source, filter).objects }
  const prefix = cache.prefix + (filter.namespace ? `${filter.namespace}/` : '')
  try {
    const { entries } = await store.list(prefix, { revision })
    return {
      revision,
      objects: entries.map(entry => {
        const { key, modRevision } = entry
        const known = cache.getByKey(key)
        return known?.revision === modRevision ? known : new StoredObject(key, modRevision, entry)
      }),
    }
  } catch (thrown) {
    if (thrown instanceof FutureRevisionError) throw tooLarge(named, thrown.currentRevision, 0)
    if (thrown instanceof CompactedError) throw expired(cache.prefix, token)
    throw thrown
  }
}

/** 410, with a token that goes on inconsistently for clients that prefer that to beginning anew. */
function expired(prefix: string, token: ContinueToken): StatusError {
  if (token.after === '')
    return new StatusError('Expired', 'The resourceVersion for the provided list is too old.')
  return new ExpiredContinue(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
      'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
      'deleted between the time the first chunk was returned and now may show up in the list.',
    encodeContinue(prefix, { ...token, revision: -1 }),
  )
}

/** Carries its new token in the metadata of the Status. */
export class ExpiredContinue extends StatusError {
  readonly #continue: string
  constructor(message: string, token: string) {
    super('Expired', message)
    this.#continue = token
  }
  override get status() {
    return { ...super.status, metadata: { continue: this.#continue } }
  }
}

async function pageOf(
  source: ListSource,
  snapshot: Snapshot,
  request: ListRequest,
  token: ContinueToken | undefined,
): Promise<ListPage> {
  const { prefix } = source.cache
  const { filter, limit } = request
  const { objects, revision } = snapshot
  const from = token ? firstAfter(objects, prefix + token.after) : 0
  if (from === 0 && limit === 0 && !filter.matches && filter.name === undefined)
    return { revision, items: objects, continue: undefined, remaining: undefined }
  const { items, at } = await chosen(source, objects, { from, limit, filter })
  const last = items.at(-1)
  const isEnd = at >= objects.length || last === undefined
  return {
    revision,
    items,
    continue: isEnd
      ? undefined
      : encodeContinue(prefix, { revision, after: last.key.slice(prefix.length) }),
    remaining: isEnd || filter.matches ? undefined : objects.length - at,
  }
}

/** The first that pass, and where the next one would be looked for. */
async function chosen(
  source: SliceSource,
  objects: readonly StoredObject[],
  { from, limit, filter }: { from: number; limit: number; filter: Filter },
): Promise<{ items: StoredObject[]; at: number }> {
  const { name, matches } = filter
  const items: StoredObject[] = []
  const isFull = () => limit > 0 && items.length >= limit
  const isNamed = ({ key }: StoredObject) => name === undefined || key.endsWith(`/${name}`)
  if (!matches) {
    let at = from
    for (; at < objects.length && !isFull(); at++) {
      const stored = objects[at] as StoredObject
      if (isNamed(stored)) items.push(stored)
    }
    return { items, at }
  }
  let at = from
  // Selectors look at the objects themselves.
  for await (const slice of inSlices(source, objects.slice(from), { form: 'object' }))
    for (const stored of slice) {
      if (isFull()) return { items, at }
      at++
      if (isNamed(stored) && passes(filter, stored)) items.push(stored)
    }
  return { items, at }
}

/** Binary search; the objects are in the order of their keys. */
function firstAfter(objects: readonly StoredObject[], key: string): number {
  let low = 0
  let high = objects.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((objects[middle] as StoredObject).key <= key) low = middle + 1
    else high = middle
  }
  return low
}
