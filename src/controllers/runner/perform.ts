/** Performs the writes that a reconcile returned, and says by what the views will show them. */
import { type KubernetesObject, keyOf } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { messageOf } from '#base/errors.ts'
import type { Client } from '#client/client.ts'
import type { EventRecorder } from '#client/events.ts'
import type { Batch, View, Write } from './controller.ts'

/** So many writes of one outcome are under way at a time, and each further as many are another page: upstream's burst of replicas. */
const PAGE_WRITES = 500

/** A write of one's own that a view does not show yet. */
export interface Awaited {
  /** True when the view contains the write. */
  shown(): boolean
}

/** Says which write failed, so that the next reconcile can tell it in a status. */
export class FailedWrite extends Error {
  override readonly name = 'FailedWrite'
  readonly verb: string
  readonly kind: string
  constructor(write: Write, cause: unknown) {
    super(messageOf(cause), { cause })
    this.verb = write.verb
    this.kind = write.verb === 'event' ? 'Event' : write.kind.kind
  }
}

export class Performer {
  readonly #client: Client
  readonly #recorder: EventRecorder
  readonly #views: readonly View[]
  readonly #awaited: Awaited[] = []
  readonly #onPage: () => void
  #writes = 0
  /** By UID, the revision that a write of this outcome replaced and the one it made. */
  readonly #replaced = new Map<string, { from: string; to: string }>()

  /** `onPage` is called when an outcome turns out to be so long that others should not wait for it. */
  constructor(
    client: Client,
    recorder: EventRecorder,
    views: readonly View[],
    onPage: () => void = () => {},
  ) {
    this.#client = client
    this.#recorder = recorder
    this.#views = views
    this.#onPage = onPage
  }

  /** The writes so far that the views must show before the key is looked at again. */
  get awaited(): readonly Awaited[] {
    return this.#awaited
  }

  /** Performs in order; throws FailedWrite for the first that fails. */
  async perform(writes: readonly (Write | Batch)[]): Promise<void> {
    for (const write of writes)
      if (write.verb === 'batch') await this.#performBatch(write)
      else await this.#performOne(write)
  }

  async #performBatch({ writes, slowStart }: Batch): Promise<void> {
    let size = slowStart ? 1 : PAGE_WRITES
    for (let start = 0; start < writes.length; ) {
      const group = writes.slice(start, start + size)
      const results = await Promise.allSettled(group.map(write => this.#performOne(write)))
      const failed = results.find(result => result.status === 'rejected')
      if (failed) throw failed.reason
      start += group.length
      size = Math.min(size * 2, PAGE_WRITES)
    }
  }

  async #performOne(write: Write): Promise<void> {
    const { report } = write
    if (++this.#writes === PAGE_WRITES) this.#onPage()
    let name: string
    try {
      if (write.onlyWhile && !(await this.#stillThere(write.onlyWhile))) return
      name = await this.#send(write)
    } catch (error) {
      if (write.tolerate?.(error)) return
      // Whoever deletes wants it gone; that somebody else was quicker is no failure.
      if (write.verb === 'delete' && isStatus(error, 'NotFound')) return
      if (report?.failure) {
        const message = report.failure.message(messageOf(error))
        this.#recorder.record(report.about, 'Warning', report.failure.reason, { message })
      }
      throw new FailedWrite(write, error)
    }
    if (report?.success) {
      const message = report.success.message(name)
      this.#recorder.record(report.about, 'Normal', report.success.reason, { message })
    }
  }

  async #stillThere({ kind, object }: NonNullable<Write['onlyWhile']>): Promise<boolean> {
    try {
      const { name = '', namespace, uid } = object.metadata
      const live: KubernetesObject = await this.#client.get(kind, name, namespace)
      return live.metadata.uid === uid && !live.metadata.deletionTimestamp
    } catch (error) {
      if (isStatus(error, 'NotFound')) return false
      throw error
    }
  }

  /** Sends one write; gives the name of the object that was written. */
  async #send(write: Write): Promise<string> {
    switch (write.verb) {
      case 'create': {
        const created = await this.#client.create(write.kind, write.object)
        this.#await(write.kind.kind, created)
        return created.metadata.name ?? ''
      }
      case 'update': {
        const { subresource } = write
        const object = this.#atNewestOfOwn(write.object)
        const options = subresource ? { subresource } : {}
        const updated = await this.#client.update(write.kind, object, options)
        this.#written(write.kind.kind, write.object, updated)
        return updated.metadata.name ?? ''
      }
      case 'patch': {
        const { name = '', namespace } = write.object.metadata
        const at = { name, ...(namespace ? { namespace } : {}) }
        const { kind, type, patch, subresource } = write
        const options = { ...write.options, ...(subresource ? { subresource } : {}) }
        const patched = await this.#client.patch(kind, at, type, patch, options)
        this.#written(kind.kind, write.object, patched)
        return name
      }
      case 'delete': {
        const { name = '', namespace, uid } = write.object.metadata
        const at = { name, ...(namespace ? { namespace } : {}) }
        await this.#client.delete(write.kind, at, { ...(uid ? { uid } : {}), ...write.options })
        this.#awaitDelete(write.kind.kind, write.object)
        return name
      }
      case 'event':
        this.#recorder.record(write.about, write.type, write.reason, write.text)
        return ''
    }
  }

  /**
   * What was computed from a revision which only this very outcome has replaced, is written on top of the outcome's own
   * write instead of conflicting with it.
   */
  #atNewestOfOwn(object: KubernetesObject): KubernetesObject {
    const own = this.#replaced.get(object.metadata.uid ?? '')
    if (!own || own.from !== object.metadata.resourceVersion) return object
    return { ...object, metadata: { ...object.metadata, resourceVersion: own.to } }
  }

  #written(kind: string, before: KubernetesObject, after: KubernetesObject): void {
    this.#await(kind, after)
    const { uid = '', resourceVersion: from = '' } = before.metadata
    const { resourceVersion: to = '' } = after.metadata
    this.#replaced.set(uid, { from: this.#replaced.get(uid)?.from ?? from, to })
  }

  #await(kind: string, written: KubernetesObject): void {
    const revision = Number(written.metadata.resourceVersion)
    const key = keyOf(written)
    for (const { informer } of this.#viewsOf(kind))
      this.#awaited.push({
        // A write that changed nothing makes no event; then the view has the revision already.
        shown: () =>
          informer.revision >= revision ||
          Number(informer.get(key)?.metadata.resourceVersion) >= revision,
      })
  }

  #awaitDelete(kind: string, deleted: KubernetesObject): void {
    const key = keyOf(deleted)
    for (const { informer } of this.#viewsOf(kind))
      this.#awaited.push({
        shown: () => {
          const metadata = informer.get(key)?.metadata
          return metadata?.uid !== deleted.metadata.uid || Boolean(metadata?.deletionTimestamp)
        },
      })
  }

  #viewsOf(kind: string): readonly View[] {
    return this.#views.filter(view => view.kind.kind === kind)
  }
}
