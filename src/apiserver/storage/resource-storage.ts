/** One stored resource: reads from the cache, writes to the store. Knows keys and revisions, not rules. */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { alreadyExists, PlainError, type ResourceName, StatusError } from '#api/machinery/status.ts'
import { currentSpan, type Span, within } from '#base/tracing/span.ts'
import {
  type Change,
  CommitFailedError,
  type CommitResult,
  type Entry,
  type Revision,
  type Store,
} from '#store'
import type { Eventually } from '../authorization/authorizer.ts'
import type { ResourceCache } from '../watch-cache/resource-cache.ts'
import type { WatchCache } from '../watch-cache/watch-cache.ts'
import { canBeKey, keyIn, prefixOf } from './keys.ts'
import { encodeValue, StoredObject, unstored } from './stored-object.ts'

/** Upstream's default of `--event-ttl`. */
export const EVENT_TTL_MS = 60 * 60 * 1000

export const isEvent = ({ group, plural }: Pick<AnyKind, 'group' | 'plural'>) =>
  group === '' && plural === 'events'

/** As much as a write may bring, so that whoever reads an object can also write it back. */
const MAXIMUM_OBJECT_BYTES = 3 * 1024 * 1024

/** As upstream calls it, whichever it is. */
const STORE = 'etcd3'

/** No entry has this revision. */
const NEVER = -1

export class ResourceStorage {
  /** The kind in the version in which it is stored. */
  readonly kind: AnyKind
  readonly resource: ResourceName
  readonly prefix: string
  readonly cache: ResourceCache
  readonly #store: Store
  readonly #watchCache: WatchCache
  /** How long objects live after their last change, where they go by themselves. */
  readonly #life: Pick<Change, 'ttlMs'>

  constructor(
    kind: AnyKind,
    store: Store,
    watchCache: WatchCache,
    life: Pick<Change, 'ttlMs'> = {},
  ) {
    this.kind = kind
    this.resource = { group: kind.group, resource: kind.plural }
    this.prefix = prefixOf(kind)
    this.cache = watchCache.add(this.prefix, kind.fieldSelectors, { isCold: isEvent(kind) })
    this.#store = store
    this.#watchCache = watchCache
    this.#life = life
  }

  /** The newest state that was acknowledged; at once where the cache has it, as several steps of each write ask. */
  get(namespace: string, name: string): Eventually<StoredObject | undefined> {
    if (this.#store.shared || this.#watchCache.revision < this.#store.revision)
      return this.#watchCache.catchUp().then(() => this.cache.get(namespace, name))
    return this.cache.get(namespace, name)
  }

  /** The state that the next write builds on; may not be durable yet, so never show it. */
  async latest(namespace: string, name: string): Promise<StoredObject | undefined> {
    if (!canBeKey(namespace, name)) return undefined
    const entry = await this.#store.latest(keyIn(this.prefix, namespace, name))
    return entry && this.#storedOf(entry, namespace, name)
  }

  /**
   * Throws AlreadyExists, of the resource as which it was to be served. `besides` is committed with it or not at all: then it throws
   * TakenMeanwhile.
   */
  async create(
    object: KubernetesObject,
    besides: readonly Change[] = [],
    servedAs = this.resource,
  ): Promise<StoredObject> {
    const { namespace = '', name = '' } = object.metadata
    const key = keyIn(this.prefix, namespace, name)
    const result = await this.#write({ key, expected: 0 }, object, besides)
    if (!result.ok) throw result.key === key ? alreadyExists(servedAs, name) : new TakenMeanwhile()
    return this.#storedOf(result.entries[0] as Entry, namespace, name)
  }

  /** Replaces exactly the given revision; undefined when another write, also of what is `besides`, was faster. */
  async replace(
    previous: StoredObject,
    object: KubernetesObject,
    besides: readonly Change[] = [],
  ): Promise<StoredObject | undefined> {
    const { namespace = '', name = '' } = object.metadata
    const { key, revision: expected } = previous
    const result = await this.#write({ key, expected }, object, besides)
    return result.ok ? this.#storedOf(result.entries[0] as Entry, namespace, name) : undefined
  }

  /** Whether writing it again as it is changes how it is stored. */
  isStale(stored: StoredObject): boolean {
    return this.#store.isStale?.(stored.key, stored.value) ?? false
  }

  /**
   * Removes exactly the given revision; gives its last state at the revision of the deletion. `last` is what the
   * answer shows where the write that lets the object go changed it.
   */
  async remove(previous: StoredObject, last?: KubernetesObject): Promise<StoredObject | undefined> {
    const { key, revision: expected } = previous
    const result = await this.#commit([{ key, expected, value: null }])
    if (!result.ok) return undefined
    return last ? unstored(key, result.revision, last) : previous.at(result.revision)
  }

  /**
   * Waits until the state that `latest` gave (undefined where there was no object) is durable and shown, so that an answer may
   * depend on it; false when it never came to that, and has to be asked for again.
   */
  async settled(namespace: string, name: string, seen: StoredObject | undefined): Promise<boolean> {
    const wanted = seen?.revision ?? 0
    const shown = this.cache.get(namespace, name)?.revision ?? 0
    if (shown === wanted || (wanted > 0 && shown > wanted)) return true
    const key = keyIn(this.prefix, namespace, name)
    const now = await this.#store.get(key)
    const reached = now?.modRevision === seen?.revision || (await this.#outcomeOf(key, wanted))
    if (reached) await this.#watchCache.catchUp()
    return reached
  }

  /** Whether a key came to be as its latest commit, which may be under way, wants it. */
  async #outcomeOf(key: string, wanted: Revision): Promise<boolean> {
    try {
      // Changes nothing, and is answered when all that was before it is durable.
      const result = await this.#store.commit([{ key, expected: NEVER, value: null }])
      return !result.ok && (result.current?.modRevision ?? 0) === wanted
    } catch (thrown) {
      if (thrown instanceof CommitFailedError) return false
      throw thrown
    }
  }

  /** What the store finds too large is tried without the fields' managers, as upstream: they may be most of it. */
  async #write(
    at: Pick<Change, 'key' | 'expected'>,
    object: KubernetesObject,
    besides: readonly Change[],
  ): Promise<CommitResult> {
    const commit = (tried: KubernetesObject) =>
      this.#commit([{ ...at, value: encodeValue(tried), ...this.#life }, ...besides])
    try {
      return await commit(object)
    } catch (thrown) {
      const { managedFields, ...metadata } = object.metadata
      if (!(thrown instanceof TooLargeForStore) || !managedFields?.length) throw thrown
      return commit({ ...object, metadata })
    }
  }

  async #commit(changes: readonly Change[]): Promise<CommitResult> {
    for (const { value } of changes)
      if (value && value.length > MAXIMUM_OBJECT_BYTES)
        throw new StatusError(
          'RequestEntityTooLarge',
          `Request entity too large: with its managed fields the object would have ${value.length} bytes, the limit is ${MAXIMUM_OBJECT_BYTES}`,
        )
    try {
      const span = currentSpan()
      const committing = this.#store.commit(changes)
      const result = await (span ? this.#traced(span, changes, committing) : committing)
      if (result.ok && this.#watchCache.revision < result.revision)
        await this.#watchCache.waitFor(result.revision)
      return result
    } catch (thrown) {
      throw thrown instanceof CommitFailedError ? failed(thrown) : thrown
    }
  }

  #traced(span: Span, [change]: readonly Change[], committing: Promise<CommitResult>) {
    const what =
      change?.value === null ? 'Delete' : change?.expected === 0 ? 'Create' : 'GuaranteedUpdate'
    const attributes = { key: change?.key ?? '', ...this.resource }
    return within(span.child(`${what} ${STORE}`, { attributes }), () => committing)
  }

  /** The cache's own value where it has this revision, so that its forms are shared. */
  #storedOf(entry: Entry, namespace: string, name: string): StoredObject {
    const cached = this.cache.get(namespace, name)
    if (cached?.revision === entry.modRevision) return cached
    return new StoredObject(entry.key, entry.modRevision, entry)
  }
}

/** What a create wanted besides was changed by another server; it may be tried anew. */
export class TakenMeanwhile extends StatusError {
  constructor() {
    super('ServerTimeout', 'another server allocated at the same time; please try again', {
      retryAfterSeconds: 1,
    })
  }
}

/** The store could not take a write, and whoever asked for it is not to blame: a full disk, say. */
export class NotStoredError extends StatusError {}

class TooLargeForStore extends StatusError {
  constructor(message: string) {
    super('RequestEntityTooLarge', `Request entity too large: ${message}`)
  }
}

function failed({ failure, message }: CommitFailedError): StatusError {
  const text = `the write could not be stored: ${message}`
  if (failure === 'TooLarge') return new TooLargeForStore(message)
  if (failure === 'Unsealed') return new PlainError(message)
  if (failure === 'Unavailable')
    return new StatusError('ServiceUnavailable', text, { retryAfterSeconds: 1 })
  return new NotStoredError('InternalError', text)
}
