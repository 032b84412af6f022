/**
 * A world with what a server does to writes: revisions and conflicts, the status apart, finalizers. What a controller sees of it is
 * a view that may be behind: object by object, as a scenario or a property says.
 */
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import type { Outcome, Write } from '../runner/controller.ts'
import { sameJson } from '../runner/json.ts'
import { type Loose, TestWorld } from './test-world.ts'

type Key = `${string}/${string}`

export interface Interruption {
  /** Writes before the process ends. */
  readonly after?: number
  /** The write, counted from 0, before which somebody else changes the same object. */
  readonly conflictAt?: number
}

export class ServerWorld extends TestWorld {
  /** False is a planted bug: every write wins, whatever it was decided from. */
  checksRevisions = true
  #revision = 0
  readonly #view = new Map<Key, Loose>()
  /** By whatever asked for them, what its writes changed and its view has still to show. */
  readonly #unseen = new Map<string, Set<Key>>()

  override put(object: Loose): void {
    const { name, uid } = object.metadata
    const metadata = {
      uid: uid ?? `${name}-${this.#revision}`,
      creationTimestamp: this.now,
      ...object.metadata,
      resourceVersion: `${++this.#revision}`,
    }
    super.put({ ...object, metadata })
  }

  seen<T>(kind: string, name: string): T | undefined {
    return this.#view.get(`${kind}/${name}`)
  }

  allSeen<T>(kind: string): T[] {
    return [...this.#view.values()].filter(object => object.kind === kind)
  }

  /** Shows one object as it is now. */
  show(kind: string, name: string): void {
    const object = this.get<Loose>(kind, name)
    if (object) this.#view.set(`${kind}/${name}`, object)
    else this.#view.delete(`${kind}/${name}`)
  }

  showAll(kinds: readonly string[]): void {
    this.#view.clear()
    for (const kind of kinds)
      for (const { metadata } of this.list<KubernetesObject>(kind))
        this.show(kind, metadata.name ?? '')
  }

  /** As the runner does before it looks at a key again: shows what was written for the key. */
  showOwn(key: string): void {
    for (const id of this.#unseen.get(key) ?? []) {
      const [kind = '', name = ''] = id.split('/')
      this.show(kind, name)
    }
    this.#unseen.delete(key)
  }

  /** Performs what was decided for a key, and says what it was. A conflict ends it. */
  performFor(key: string, outcome: Outcome, interruption: Interruption = {}): string[] {
    const { after = Number.POSITIVE_INFINITY, conflictAt } = interruption
    const writes = outcome.writes.flatMap(write => (write.verb === 'batch' ? write.writes : write))
    const unseen = new Set<Key>()
    this.#unseen.set(key, unseen)
    const own = new Map<string, string>()
    const lines: string[] = []
    for (const [index, write] of writes.slice(0, after).entries()) {
      if (index === conflictAt && write.verb === 'update') this.#touch(write)
      const done = this.#write(write, own)
      if (write.verb !== 'event') unseen.add(idOf(write))
      lines.push(...done)
      if (done.some(line => line.startsWith('conflict'))) break
    }
    return lines
  }

  #touch(write: Write): void {
    if (write.verb === 'event') return
    const [kind = '', name = ''] = idOf(write).split('/')
    if (this.get(kind, name)) this.change(kind, name, () => {})
  }

  #write(write: Write, own: Map<string, string>): string[] {
    if (write.verb === 'event') return [`${write.type} ${write.reason}: ${write.text.message}`]
    const id = idOf(write)
    const [kind = '', name = ''] = id.split('/')
    const before = this.get<Loose>(kind, name)
    if (write.verb === 'create') {
      if (before) return [`conflict: ${id} is there`]
      this.put({ status: {}, ...write.object, kind })
      return [`create ${id}`]
    }
    if (!before) return write.verb === 'delete' ? [] : [`conflict: ${id} is gone`]
    if (write.verb === 'delete') return this.#delete(id, before)
    const base = write.object.metadata.resourceVersion
    const isOwn = own.get(base ?? '') === before.metadata.resourceVersion
    const isStale = base !== before.metadata.resourceVersion && !isOwn
    if (write.verb === 'update' && isStale && this.checksRevisions) return [`conflict: ${id}`]
    const part = write.subresource === 'status' ? 'status' : 'object'
    const next = write.verb === 'update' ? write.object : merged(before, write.patch)
    this.#store(
      part === 'status' ? { ...before, status: next.status } : { ...next, status: before.status },
    )
    const after = this.get<Loose>(kind, name)
    own.set(base ?? '', after?.metadata.resourceVersion ?? '')
    const verb = part === 'status' ? 'status' : 'update'
    return [`${verb} ${id}: ${changes(before, after ?? { ...next, status: before.status })}`]
  }

  #store(object: Loose): void {
    const { deletionTimestamp, finalizers = [], name } = object.metadata
    if (deletionTimestamp && finalizers.length === 0) this.remove(object.kind, name)
    else this.put(object)
  }

  #delete(id: Key, object: Loose): string[] {
    const { deletionTimestamp = this.now } = object.metadata
    this.#store({ ...object, metadata: { ...object.metadata, deletionTimestamp } })
    return [`delete ${id}`]
  }
}

function idOf(write: Exclude<Write, { verb: 'event' }>): Key {
  return `${write.kind.kind}/${write.object.metadata.name}`
}

function merged(target: Loose, patch: Loose): Loose {
  const result = { ...target }
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete result[key]
    else result[key] = isPlainObject(value) ? merged(result[key] ?? {}, value) : value
  return result
}

/** `spec.volumeName=-→v` for every field that is another, at most three levels deep. */
export function changes(before: Loose, after: Loose): string {
  return differences(before, after, '', 0).join(' ')
}

const SILENT = new Set(['metadata.resourceVersion'])

function differences(before: Loose, after: Loose, path: string, depth: number): string[] {
  if (sameJson(before, after) || SILENT.has(path)) return []
  const isDeeper = depth < 3 && isPlainObject(before ?? {}) && isPlainObject(after ?? {})
  if (isDeeper && (before !== undefined || after !== undefined))
    return Object.keys({ ...before, ...after })
      .sort()
      .flatMap(key =>
        differences(before?.[key], after?.[key], path ? `${path}.${key}` : key, depth + 1),
      )
  const text = (value: unknown) => JSON.stringify(value)?.replaceAll('"', '') ?? '-'
  return [`${path}=${text(before)}→${text(after)}`]
}
