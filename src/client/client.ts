/**
 * How everyone talks to the API: typed calls over a Transport. Kinds are values, so `client.get(pod, 'web', 'default')`
 * knows its path and its type. Errors are StatusErrors. Whoever needs less asks for less (Reader, Writer, Watcher).
 */
import type { NewObject } from '#api/machinery/given.ts'
import type { AnyKind, ObjectOf } from '#api/machinery/kind.ts'
import type { IterableEvents } from './iterable-events.ts'
import type { WatchEvent } from './transport.ts'

export interface ListQuery {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
}

export interface ObjectList<T> {
  readonly metadata: {
    readonly resourceVersion: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly items: readonly T[]
}

export interface Reader {
  get<K extends AnyKind>(kind: K, name: string, namespace?: string): Promise<ObjectOf<K>>
  list<K extends AnyKind>(kind: K, query?: ListQuery): Promise<ObjectList<ObjectOf<K>>>
  /** GET of any path, for what has no kind here, such as a metrics API; gives the decoded body. */
  getPath(path: string): Promise<unknown>
}

export interface Watcher {
  /** Events after `resourceVersion`; with none, the present state as ADDED first, then a bookmark annotated k8s.io/initial-events-end. For `for await`, or to subscribe. */
  watch<K extends AnyKind>(
    kind: K,
    query?: ListQuery,
  ): Promise<IterableEvents<WatchEvent<ObjectOf<K>>>>
}

export interface WriteOptions {
  /** Write through a subresource, e.g. `status`, `scale`, `binding`, `eviction`, `token`. */
  readonly subresource?: string
  readonly fieldManager?: string
  readonly dryRun?: boolean
  readonly force?: boolean
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground'
  readonly uid?: string
  readonly resourceVersion?: string
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

export interface Writer {
  create<K extends AnyKind>(
    kind: K,
    object: NewObject<K>,
    options?: WriteOptions,
  ): Promise<ObjectOf<K>>
  /** Replaces the object, or its subresource; a stale resourceVersion is a Conflict. */
  update<K extends AnyKind>(
    kind: K,
    object: ObjectOf<K>,
    options?: WriteOptions,
  ): Promise<ObjectOf<K>>
  patch<K extends AnyKind>(
    kind: K,
    at: { name: string; namespace?: string },
    type: PatchType,
    patch: unknown,
    options?: WriteOptions,
  ): Promise<ObjectOf<K>>
  delete<K extends AnyKind>(
    kind: K,
    at: { name: string; namespace?: string },
    options?: DeleteOptions,
  ): Promise<void>
  /** Deletes every object that the query selects. */
  deleteAll<K extends AnyKind>(kind: K, query: ListQuery, options?: DeleteOptions): Promise<void>
  /** POST to a subresource of an object that has a kind of its own, e.g. pods/binding; gives the answer. */
  createSubresource<K extends AnyKind>(
    kind: K,
    at: { name: string; namespace?: string },
    subresource: string,
    body: object,
  ): Promise<unknown>
}

export interface Client extends Reader, Watcher, Writer {}
