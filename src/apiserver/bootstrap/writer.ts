/** Writes of the server itself. */
import { decodeObject } from '#api/machinery/decode.ts'
import { applyDefaults } from '#api/machinery/defaults.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import { sleep } from '#base/clock.ts'
import type { ApiRequest } from '#client/transport.ts'
import { type Exchange, newExchange } from '../exchange.ts'
import { createObject } from '../resources/create.ts'
import { deleteObject } from '../resources/delete.ts'
import type { StoredResource } from '../resources/registry.ts'
import { updateObject } from '../resources/update.ts'
import type { Write } from '../resources/write.ts'
import type { ServerContext } from '../server-context.ts'

/** The server itself, as admission and managedFields see it. */
export const SELF = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }
const noRequest: ApiRequest = { method: 'POST', path: '/' }

const MAXIMUM_ATTEMPTS = 5
const RETRY_MS = 200

/** The server's own writes go the way of all writes, but for the request. */
export class Writer {
  readonly server: ServerContext
  readonly #exchange: Exchange

  constructor(server: ServerContext) {
    this.server = server
    this.#exchange = newExchange(server, noRequest, { user: SELF })
    this.#exchange.user = SELF
  }

  /** Creates what is not there, and leaves what is. */
  async ensure(group: string, plural: string, object: KubernetesObject): Promise<void> {
    const resource = this.server.registry.find(group, 'v1', plural)
    if (!resource?.storage) return
    const { namespace = '', name = '' } = object.metadata
    const write = { ...this.#write(resource as StoredResource, object), name: '' }
    for (let attempt = 1; ; attempt++) {
      if (await resource.storage.get(namespace, name)) return
      try {
        await createObject(write, draftOf(resource as StoredResource, object))
        return
      } catch (thrown) {
        if (isStatus(thrown, 'AlreadyExists')) return
        // Another server that starts on the same store may hold what the object needs, and have it there in a moment.
        if (!isStatus(thrown, 'Invalid') || attempt === MAXIMUM_ATTEMPTS) throw thrown
        await sleep(this.server.clock, RETRY_MS)
      }
    }
  }

  /** What is there now under that name. */
  async stored(group: string, plural: string, { metadata }: KubernetesObject) {
    const { namespace = '', name = '' } = metadata
    const resource = this.server.registry.find(group, 'v1', plural)
    return (await resource?.storage?.get(namespace, name))?.object
  }

  /** Creates it, or makes what is there say the same. */
  async put(group: string, plural: string, object: KubernetesObject): Promise<void> {
    const resource = this.server.registry.find(group, 'v1', plural) as StoredResource | undefined
    if (!resource?.storage) return
    const write = this.#write(resource, object)
    try {
      await updateObject(write, () => draftOf(resource, object))
    } catch (thrown) {
      if (!isStatus(thrown, 'NotFound')) throw thrown
      await this.ensure(group, plural, object)
    }
  }

  /** Changes a draft of the newest state. What is gone is left alone. */
  async change(
    group: string,
    plural: string,
    { metadata }: KubernetesObject,
    change: (draft: KubernetesObject) => void,
  ): Promise<void> {
    const resource = this.server.registry.stored(group, 'v1', plural)
    await this.#changeDraft(this.#write(resource, { metadata }), change)
  }

  /** Changes a draft of the newest state, of which the status is written. What is gone has none. */
  async putStatus(
    group: string,
    plural: string,
    name: string,
    change: (draft: KubernetesObject) => void,
  ): Promise<void> {
    const resource = this.server.registry.stored(group, 'v1', plural)
    const write = { ...this.#write(resource, { metadata: { name } }), subresource: 'status' }
    await this.#changeDraft(write, change)
  }

  async #changeDraft(write: Write, change: (draft: KubernetesObject) => void): Promise<void> {
    try {
      await updateObject(write, ({ object }) => {
        const draft = structuredClone(object)
        change(draft)
        return draft
      })
    } catch (thrown) {
      if (!isStatus(thrown, 'NotFound')) throw thrown
    }
  }

  async remove(group: string, plural: string, object: KubernetesObject): Promise<void> {
    const resource = this.server.registry.stored(group, 'v1', plural)
    await deleteObject(this.#write(resource, object), {})
  }

  #write(resource: StoredResource, { metadata }: Pick<KubernetesObject, 'metadata'>): Write {
    return {
      exchange: this.#exchange,
      resource,
      namespace: metadata.namespace ?? '',
      name: metadata.name ?? '',
      subresource: '',
      dryRun: false,
      manager: 'proa',
      // Nobody contends for these fields, and tracking a hundred roles would cost each start.
      isApply: true,
    }
  }
}

function draftOf({ kind }: StoredResource, object: KubernetesObject): KubernetesObject {
  const draft = decodeObject(kind, object).object
  applyDefaults(kind, draft)
  return draft
}
