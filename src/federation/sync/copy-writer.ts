/**
 * Writes to clusters. What is placed is created, never applied, the first time: where somebody else has an object of that name, that fails instead of
 * taking the object over. From then on it is applied, so that fields of others stay theirs.
 */
import type { AnyKind } from '#api/machinery/kind.ts'
import type { KubernetesObject } from '#api/machinery/metadata.ts'
import { isStatus } from '#api/machinery/status.ts'
import type { Client } from '#client/client.ts'
import { APPLIED, CLUSTER_NAME, MANAGER, PLACED_BY } from '../names.ts'
import { isAsDesired } from './desired.ts'

/** An object of somebody else is in the way. */
export class ForeignObject extends Error {
  override readonly name = 'ForeignObject'
}

const FIELD_MANAGER = { fieldManager: MANAGER }

type Members = Pick<Client, 'get' | 'create' | 'patch' | 'delete'>

export class CopyWriter {
  readonly #uid: string

  /** Of the federation. */
  constructor(uid: string) {
    this.#uid = uid
  }

  /** Rejects with ForeignObject, or with what the cluster answers. */
  async create(client: Members, kind: AnyKind, desired: KubernetesObject): Promise<void> {
    try {
      await client.create(kind, desired, FIELD_MANAGER)
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists')) throw error
      // Perhaps it is ours, only not seen yet, or its label was taken away.
      const found = await this.#find(client, kind, desired)
      if (!found) throw error
      if (!this.#isOurs(found))
        throw new ForeignObject(
          'an object of that name is there, which this federation did not place',
        )
      await this.apply(client, kind, desired, found)
    }
  }

  /** Brings a copy to what is desired; nothing is written where it is so already. Rejects where the cluster makes something else of it. */
  async apply(
    client: Members,
    kind: AnyKind,
    desired: KubernetesObject,
    copy: KubernetesObject,
  ): Promise<void> {
    await this.#ownByApply(client, kind, copy)
    const { metadata } = desired
    // Another object that has come into its place meanwhile is not meant.
    const patch = { ...desired, metadata: { ...metadata, uid: copy.metadata.uid } }
    const options = { ...FIELD_MANAGER, force: true }
    const applied = await client.patch(kind, addressOf(desired), 'apply', patch, options)
    if (!isAsDesired(applied, desired))
      throw new Error('the cluster changes what is applied to something else')
  }

  /** True when it is gone, or was never ours. */
  async remove(client: Members, kind: AnyKind, object: KubernetesObject): Promise<boolean> {
    const found = await this.#find(client, kind, object)
    if (!found || !this.#isOurs(found)) return true
    const { uid, deletionTimestamp } = found.metadata
    if (deletionTimestamp === undefined)
      await client
        .delete(kind, addressOf(object), {
          propagationPolicy: 'Background',
          ...(uid === undefined ? {} : { uid }),
        })
        .catch(error => {
          if (!isStatus(error, 'NotFound')) throw error
        })
    return !(await this.#find(client, kind, object))
  }

  /** Leaves it where it is, as nobody's. */
  async orphan(client: Members, kind: AnyKind, object: KubernetesObject): Promise<void> {
    const found = await this.#find(client, kind, object)
    if (!found || !this.#isOurs(found)) return
    const metadata = {
      uid: found.metadata.uid,
      labels: { [PLACED_BY]: null },
      annotations: { [CLUSTER_NAME]: null, [APPLIED]: null },
    }
    await client.patch(kind, addressOf(object), 'merge', { metadata }, FIELD_MANAGER)
  }

  /** Whether nothing of somebody else is in its place. */
  async isFree(client: Members, kind: AnyKind, object: KubernetesObject): Promise<boolean> {
    const found = await this.#find(client, kind, object)
    return !found || this.#isOurs(found)
  }

  /** Who takes the label away leaves the annotation; who takes both away has the object for himself. */
  #isOurs({ metadata: { labels, annotations } }: KubernetesObject): boolean {
    const isLabelled = labels?.[PLACED_BY] === this.#uid
    return isLabelled || (annotations?.[APPLIED]?.endsWith(`@${this.#uid}`) ?? false)
  }

  async #find(
    client: Members,
    kind: AnyKind,
    object: KubernetesObject,
  ): Promise<KubernetesObject | undefined> {
    const { name, namespace } = addressOf(object)
    try {
      return (await client.get(kind, name, namespace)) as KubernetesObject
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    }
  }

  /** Fields that were created are owned as by an update, which an apply does not take back; so they become its own. */
  async #ownByApply(client: Members, kind: AnyKind, copy: KubernetesObject): Promise<void> {
    const { managedFields = [], resourceVersion } = copy.metadata
    const mine = managedFields.filter(
      ({ manager, subresource }) => manager === MANAGER && !subresource,
    )
    const [created] = mine
    if (mine.length !== 1 || created?.operation !== 'Update') return
    const at = managedFields.indexOf(created)
    const patch = [
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'replace', path: `/metadata/managedFields/${at}/operation`, value: 'Apply' },
    ]
    await client.patch(kind, addressOf(copy), 'json', patch, FIELD_MANAGER)
  }
}

function addressOf({ metadata: { name = '', namespace } }: KubernetesObject) {
  return { name, ...(namespace === undefined ? {} : { namespace }) }
}
