/**
 * A local, always current view of one kind: list, then watch, over any Transport. In process it holds references to
 * the very objects of the API server's cache, so it costs a map of pointers and no copies.
 */
import type { AnyKind, ObjectOf } from '#api/machinery/kind.ts'

export interface InformerListener<T> {
  /** `previous` is undefined for an object that is new to this informer. */
  changed?(object: T, previous: T | undefined): void
  deleted?(object: T): void
}

export interface Informer<T> {
  /** Resolves when the first list is complete. */
  readonly synced: Promise<void>
  /** The newest revision that this view contains; compare it with the revision of a write of one's own. */
  readonly revision: number
  /** By `namespace/name`, or the bare name of a cluster-scoped object. */
  get(key: string): T | undefined
  /** All objects, or those of one namespace. Frozen; order is unspecified. */
  list(namespace?: string): readonly T[]
  /** Objects that `addIndex` filed under this value. */
  by(index: string, value: string): readonly T[]
  /** Files every object under the values that `valuesOf` gives; adding the same name again is harmless. */
  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void
  /** Tells what is there already as `changed`, then everything that happens. Listeners must not throw. Returns the function that ends it. */
  subscribe(listener: InformerListener<T>): () => void
}

/** One shared informer per kind and query. */
export interface Informers {
  for<K extends AnyKind>(kind: K, query?: InformerQuery): Informer<ObjectOf<K>>
  /** Ends all informers of a kind that is no longer served. */
  release(kind: AnyKind): void
  stop(): void
}

export interface InformerQuery {
  readonly namespace?: string
  readonly fieldSelector?: string
  readonly labelSelector?: string
}
