/** Writes of the server itself, which owns what it writes as anybody does. */
import { decodeObject } from '#api/machinery/decode.ts'
import { applyDefaults } from '#api/machinery/defaults.ts'
import type { KubernetesObject, ManagedFieldsEntry } from '#api/machinery/metadata.ts'
import { isPlainObject } from '#api/machinery/plain.ts'
import { isStatus } from '#api/machinery/status.ts'
import { sleep } from '#base/clock.ts'
import type { ApiRequest } from '#client/transport.ts'
import { type Exchange, newExchange } from '../exchange.ts'
import { createObject } from '../resources/create.ts'
import { deleteObject } from '../resources/delete.ts'
import { layOver } from '../resources/patch.ts'
import type { StoredResource } from '../resources/registry.ts'
import { type Change, updateObject } from '../resources/update.ts'
import { nowOf, ownersAfter, type Write } from '../resources/write.ts'
import type { ServerContext } from '../server-context.ts'

/** The server itself, as admission and managedFields see it. */
export const SELF = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }
const noRequest: ApiRequest = { method: 'POST', path: '/' }

/** Who owns what the server writes, as upstream. */
const MANAGER = 'kube-apiserver'

/** Groups of what a start writes most of. All lists that it writes of them are owned as a whole, whatever is in them. */
const ALIKE = new Set([
  'rbac.authorization.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'scheduling.k8s.io',
])

const MAXIMUM_ATTEMPTS = 5
const RETRY_MS = 200

/** The server's own writes go the way of all writes, but for the request. */
export class Writer {
  readonly server: ServerContext
  readonly #exchange: Exchange
  readonly #manager: string
  /** By what makes objects alike. */
  readonly #alike = new Map<string, readonly ManagedFieldsEntry[]>()

  constructor(server: ServerContext, manager = MANAGER) {
    this.server = server
    this.#manager = manager
    this.#exchange = newExchange(server, noRequest, { user: SELF })
    this.#exchange.user = SELF
  }

  /** Creates what is not there, and leaves what is. `finish` adds to what is created, and to its owners, what is not this writer's. */
  async ensure(
    group: string,
    plural: string,
    object: KubernetesObject,
    finish = (_draft: KubernetesObject) => {},
  ): Promise<void> {
    const resource = this.server.registry.find(group, 'v1', plural)
    if (!resource?.storage) return
    const { namespace = '', name = '' } = object.metadata
    const write = { ...this.#write(resource as StoredResource, object), name: '' }
    for (let attempt = 1; ; attempt++) {
      if (await resource.storage.get(namespace, name)) return
      try {
        const draft = draftOf(resource as StoredResource, object)
        const owned = await this.#owned(write, draft)
        finish(draft)
        await createObject(owned, draft)
        return
      } catch (thrown) {
        if (isStatus(thrown, 'AlreadyExists')) return
        // Another server that starts on the same store may hold what the object needs, and have it there in a moment.
        if (!isStatus(thrown, 'Invalid') || attempt === MAXIMUM_ATTEMPTS) throw thrown
        await sleep(this.server.clock, RETRY_MS)
      }
    }
  }

  /** With the owners of one that was alike, where that is known: tracking a hundred roles costs a start more than all that it does with them besides. */
  async #owned(write: Write, draft: KubernetesObject): Promise<Write> {
    const { group, kind } = write.resource.kind
    if (!ALIKE.has(group)) return write
    const likeness = `${nowOf(write)} ${kind} ${namesIn(draft)}`
    let owners = this.#alike.get(likeness)
    if (!owners) {
      owners = (await ownersAfter(write, undefined, draft)) ?? []
      this.#alike.set(likeness, owners)
    }
    if (owners.length > 0) draft.metadata.managedFields = [...owners]
    return { ...write, isApply: true }
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

  /** Lays a status over the one that is there, of which all else stays. What is gone has none. */
  async applyStatus(group: string, plural: string, applied: KubernetesObject): Promise<void> {
    const resource = this.server.registry.stored(group, 'v1', plural)
    const write = { ...this.#write(resource, applied), subresource: 'status', isApply: true }
    const laid = { configuration: applied, written: applied, force: true }
    await this.#update(write, ({ object }) => layOver(write, object, laid))
  }

  #changeDraft(write: Write, change: (draft: KubernetesObject) => void): Promise<void> {
    return this.#update(write, ({ object }) => {
      const draft = structuredClone(object)
      change(draft)
      return draft
    })
  }

  async #update(write: Write, change: Change): Promise<void> {
    try {
      await updateObject(write, change)
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
      manager: this.#manager,
    }
  }
}

/** Of objects that have the same fields, all owners are the same: of lists only whether they are empty matters. */
function namesIn(value: unknown): string {
  if (Array.isArray(value)) return value.length > 0 ? '[*]' : '[]'
  if (!isPlainObject(value)) return ''
  const names = Object.keys(value)
  return `{${names.map(name => JSON.stringify(name) + namesIn(value[name])).join()}}`
}

function draftOf({ kind }: StoredResource, object: KubernetesObject): KubernetesObject {
  const draft = decodeObject(kind, object).object
  applyDefaults(kind, draft)
  return draft
}
