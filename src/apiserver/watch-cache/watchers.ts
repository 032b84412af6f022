/**
 * The watchers of one resource, filed so that an event meets only those that may want it: by the value of an indexed
 * field, by name, by namespace, or none of these. A thousand kubelets that watch their own pods are a thousand entries in
 * one index, and an event of one pod looks at one of them.
 */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import type { CacheEvent, ChangeType } from './cache-event.ts'
import { EventGroup } from './event-group.ts'
import { type Filter, passes } from './filter.ts'

export interface Watcher {
  readonly filter: Filter
  /** Called in the order of revisions; must not throw. */
  notify(event: CacheEvent, as: ChangeType): void
  /** Takes several at once, if it can. Only called where the filter lets all of them pass. */
  notifyAll?(group: EventGroup): void
  /** Everything up to this revision was notified. */
  bookmark?(): void
  /** The cache can no longer serve this watch. */
  end(error?: Error): void
}

export type FieldGetters = Readonly<Record<string, (object: never) => string>>

export class Watchers {
  readonly #getters: FieldGetters
  readonly #filed = new Map<string, Set<Watcher>>()
  readonly #all = new Set<Watcher>()
  /** Indexed fields that somebody watches now, with how many do. */
  readonly #fieldsInUse = new Map<string, number>()

  constructor(getters: FieldGetters) {
    this.#getters = getters
  }

  get size(): number {
    return this.#all.size
  }

  [Symbol.iterator](): Iterator<Watcher> {
    return this.#all[Symbol.iterator]()
  }

  /** How many may be told of an object there, but for those whom an index of a field leaves out. */
  countFor(namespace: string, name: string): number {
    const files = ['*', `o:/${name}`]
    if (namespace) files.push(`n:${namespace}`, `o:${namespace}/${name}`)
    return files.reduce((sum, file) => sum + (this.#filed.get(file)?.size ?? 0), 0)
  }

  add(watcher: Watcher): () => void {
    const { indexed } = watcher.filter
    const file = fileOf(watcher.filter)
    let set = this.#filed.get(file)
    if (!set) {
      set = new Set()
      this.#filed.set(file, set)
    }
    set.add(watcher)
    this.#all.add(watcher)
    if (indexed) this.#count(indexed.field, 1)
    return () => {
      if (!this.#all.delete(watcher)) return
      set.delete(watcher)
      if (set.size === 0 && this.#filed.get(file) === set) this.#filed.delete(file)
      if (indexed) this.#count(indexed.field, -1)
    }
  }

  /** Tells of these, in order, and each watcher of all that it wants before the next one. */
  dispatch(events: readonly CacheEvent[]): void {
    if (this.#all.size === 0) return
    const wanted = new Map<Set<Watcher>, CacheEvent[]>()
    for (const event of events)
      this.#eachFileOf(event, file => {
        const set = this.#filed.get(file)
        if (!set) return
        const known = wanted.get(set)
        if (known) known.push(event)
        else wanted.set(set, [event])
      })
    for (const [set, events] of wanted) tell(set, events)
  }

  /** Where those are filed who may want it. */
  #eachFileOf({ current, previous }: CacheEvent, look: (file: string) => void): void {
    const { namespace = '', name = '' } = current.object.metadata
    look('*')
    if (namespace) look(`n:${namespace}`)
    look(`o:/${name}`)
    if (namespace) look(`o:${namespace}/${name}`)
    if (this.#fieldsInUse.size === 0) return
    for (const field of this.#fieldsInUse.keys()) {
      const now = this.#valueOf(field, current.object)
      look(`f:${field}=${now}`)
      const before = previous && this.#valueOf(field, previous.object)
      if (before !== undefined && before !== now) look(`f:${field}=${before}`)
    }
  }

  #valueOf(field: string, object: KubernetesObject): string {
    return this.#getters[field]?.(object as never) ?? ''
  }

  #count(field: string, difference: number): void {
    const count = (this.#fieldsInUse.get(field) ?? 0) + difference
    if (count === 0) this.#fieldsInUse.delete(field)
    else this.#fieldsInUse.set(field, count)
  }
}

function tell(watchers: ReadonlySet<Watcher>, events: readonly CacheEvent[]): void {
  const group = events.length > 1 ? new EventGroup(events) : undefined
  // A place is what they are filed by, so only selectors can keep anything from them.
  for (const watcher of watchers)
    if (group && watcher.notifyAll && !watcher.filter.matches) watcher.notifyAll(group)
    else for (const event of events) notifyIfWanted(watcher, event)
}

function fileOf({ namespace, name, indexed }: Filter): string {
  if (name !== undefined) return `o:${namespace}/${name}`
  if (indexed) return `f:${indexed.field}=${indexed.value}`
  return namespace ? `n:${namespace}` : '*'
}

/** True where the object lies in the place that the filter names; for events that did not come through the index. */
export function inPlace(filter: Filter, object: KubernetesObject): boolean {
  const { namespace = '', name } = object.metadata
  return (
    (filter.namespace === '' || filter.namespace === namespace) &&
    (filter.name === undefined || filter.name === name)
  )
}

/** A selector that begins to match makes ADDED of a modification, one that stops makes DELETED. */
export function notifyIfWanted(watcher: Watcher, event: CacheEvent): void {
  const { filter } = watcher
  if (!inPlace(filter, event.current.object)) return
  if (!filter.matches) {
    watcher.notify(event, event.type)
    return
  }
  const isIn = event.type !== 'DELETED' && passes(filter, event.current)
  const wasIn = event.type !== 'ADDED' && passes(filter, event.previous)
  if (isIn) watcher.notify(event, wasIn ? 'MODIFIED' : 'ADDED')
  else if (wasIn) watcher.notify(event, 'DELETED')
}
