/** What the server itself writes to definitions: their status, and the end of their finalizer. */
import { CLEANUP_FINALIZER } from '#api/apiextensions/v1/conditions.ts'
import {
  type CustomResourceDefinition,
  customResourceDefinition,
} from '#api/apiextensions/v1/custom-resource-definition.ts'
import { isStatus } from '#api/machinery/status.ts'
import { newExchange } from '../exchange.ts'
import { deleteObject } from '../resources/delete.ts'
import type { StoredResource } from '../resources/registry.ts'
import { updateObject } from '../resources/update.ts'
import type { Write } from '../resources/write.ts'
import type { ServerContext } from '../server-context.ts'

/** The server itself, as admission and managedFields see it. */
const self = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }
const MANAGER = 'kube-apiserver'
/** How many objects of a resource that goes are deleted at the same time. */
const DELETE_WORKERS = 16

export class StatusWriter {
  readonly #server: ServerContext
  readonly #definitions: StoredResource

  constructor(server: ServerContext, definitions: StoredResource) {
    this.#server = server
    this.#definitions = definitions
  }

  /** `change` gets a draft of the newest state. A definition that is gone has no status to write. */
  async update(name: string, change: (draft: CustomResourceDefinition) => void): Promise<void> {
    await customResourceDefinition.prepareWrites?.()
    const write = { ...this.#write(this.#definitions, '', name), subresource: 'status' }
    try {
      await updateObject(write, current => {
        const draft = structuredClone(current.object) as CustomResourceDefinition
        change(draft)
        return draft
      })
    } catch (thrown) {
      if (!isStatus(thrown, 'NotFound')) throw thrown
    }
  }

  /** Lets the definition go. */
  release(name: string, change: (draft: CustomResourceDefinition) => void): Promise<void> {
    return this.update(name, draft => {
      change(draft)
      const { metadata } = draft
      metadata.finalizers = metadata.finalizers?.filter(each => each !== CLEANUP_FINALIZER) ?? []
      if (metadata.finalizers.length === 0) delete metadata.finalizers
    })
  }

  /** Deletes every object of a resource, by the rules for deletes; finalizers may keep some. */
  async deleteAll(resource: StoredResource): Promise<void> {
    const queue = resource.storage.cache
      .list('')
      .filter(({ object }) => !object.metadata.deletionTimestamp)
      .values()
    const worker = async () => {
      for (const { object } of queue) {
        const { namespace = '', name = '' } = object.metadata
        try {
          await deleteObject(this.#write(resource, namespace, name), {})
        } catch (thrown) {
          if (!isStatus(thrown, 'NotFound')) throw thrown
        }
      }
    }
    await Promise.all(Array.from({ length: DELETE_WORKERS }, worker))
  }

  #write(resource: StoredResource, namespace: string, name: string): Write {
    const request = { method: 'PUT' as const, path: '/' }
    const exchange = newExchange(this.#server, request, { user: self })
    exchange.user = self
    return {
      exchange,
      resource,
      namespace,
      name,
      subresource: '',
      dryRun: false,
      manager: MANAGER,
    }
  }
}
